import DredgeStore
import TestServers
import Testing

@testable import Dredge

/// What a run tells while it works.
@Suite struct ProgressTests {
    @Test func progressNeverPassesWhatIsPlanned() async throws {
        var maker = TextMaker(seed: 9)
        let large = maker.text(byteCount: 1_000_000), half = maker.text(byteCount: 500_000)
        let server = try await ScriptedS3Server(
            .init(
                objects: [
                    .init("failing.txt", body: large), .init("gone.txt", body: large),
                    .init("shrinking.txt", body: large), .init("vanishing.txt", body: large),
                ],
                faults: [
                    .error(on: .get, 400, "KMS.DisabledException", message: "disabled").forKey("failing.txt")
                        .times(-1, afterSkipping: 9),
                    .error(on: .get, 404, "NoSuchKey", message: "gone").forKey("gone.txt").times(-1, afterSkipping: 12),
                    .replace(on: .get, .init("shrinking.txt", body: half)).forKey("shrinking.txt")
                        .times(1, afterSkipping: 12),
                    .replace(on: .get, .init("vanishing.txt", body: RecoveryTests.line)).forKey("vanishing.txt")
                        .times(1, afterSkipping: 12),
                ]))
        defer { server.stop() }
        let bench = try Workbench()
        let store = try ChunkStore.open(at: bench.path("store"), settings: IndexSettings())
        var limits = FaultTests.smallParts()
        limits.requestCount = 2
        let engine = try Engine(limits: limits, base: Workbench.anyKeys, environment: [:])
        let run = engine.run([Workbench.source(at: server)], into: store)
        var last = RunProgress()
        for await progress in run.progress {
            #expect(progress.doneByteCount <= progress.plannedByteCount)
            #expect(progress.doneByteCount >= last.doneByteCount)
            last = progress
        }
        let report = try await run.report()
        await engine.shutDown()
        try store.close()
        #expect(report.failed.objects == 1 && report.vanished.objects == 1 && report.indexed.objects == 2)
        #expect(last.doneByteCount == last.plannedByteCount && last.plannedByteCount == 4_000_000)
    }

    @Test func bytesOfAnObjectCountOnceHoweverOftenItIsRead() {
        let progress = ReadProgress(byteCount: 100)
        #expect(progress.advance(to: 40) == 40)
        #expect(progress.advance(to: 20) == 0)
        #expect(progress.advance(to: 60) == 20)
        #expect(progress.advance(to: 500) == 40)
        #expect(progress.end() == 0)
        #expect(ReadProgress(byteCount: 7).end() == 7)
    }
}
