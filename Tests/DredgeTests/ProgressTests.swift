import DredgeBase
import DredgeS3
import DredgeStore
import DredgeTransfer
import Foundation
import SimulatedWorld
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

    @Test func silenceIsNoticedWhenNothingHasComeForAWhile() {
        var watch = SilenceWatch()
        var progress = RunProgress()
        func step(at seconds: Double) -> String {
            progress.elapsed = .milliseconds(Int(seconds * 1_000))
            return "\(watch.step(progress))"
        }
        #expect(step(at: 0) == "none" && step(at: 19.9) == "none")
        #expect(step(at: 20) == "look(isFirst: true)" && step(at: 20.9) == "keep")
        #expect(step(at: 21) == "look(isFirst: false)")
        progress.fetchedByteCount = 1
        #expect(step(at: 30) == "none" && step(at: 49.9) == "none" && step(at: 50) == "look(isFirst: true)")
        progress.doneCount = 1
        #expect(step(at: 51) == "none")
        // Who waits for a source says so already.
        progress.waits = [SourceWait(source: "s", since: Date(timeIntervalSince1970: 0), reason: "")]
        #expect(step(at: 80) == "none")
        progress.waits = []
        #expect(step(at: 99) == "none" && step(at: 100) == "look(isFirst: true)")
    }

    @Test func whatIsWaitedForIsToldOfAllSources() async throws {
        struct Service: ObjectService {
            var requests: OpenRequests?
            func openRequests() async -> OpenRequests? { requests }
            func verify() async throws(RunError) {}
            func list(
                prefix: ObjectKey, continuationToken token: String?, startAfter: ObjectKey?
            ) async throws(S3Error) -> ListPage { ListPage(objects: [], continuationToken: nil) }
            func get(
                _ key: ObjectKey, range: Range<UInt64>, ifMatch eTag: ETag, into buffer: OwnedBuffer
            ) async throws(S3Error) -> ObjectHead {
                ObjectHead(eTag: eTag, versionID: nil, contentEncoding: nil, size: 0)
            }
            func probe() async throws(S3Error) {}
            func head(_ key: ObjectKey) async throws(S3Error) -> (object: ListedObject, checksum: ObjectChecksum?) {
                (ListedObject(key: key, size: 0, eTag: ETag("")), nil)
            }
            func close() {}
        }
        func source(_ bucket: String, _ requests: OpenRequests?) throws -> OpenSource {
            let source = Source(bucket: bucket, prefix: "p/", auth: .anonymous)
            return OpenSource(
                source, filter: try SourceFilter(source), service: Service(requests: requests),
                gate: RequestGate(Capacity(1), limitMax: 1),
                world: FakeWorld(buckets: [:], seed: 0, faultPercentage: 0), counters: SourceCounters(name: bucket),
                patience: .zero, warn: { _ in },
                onWait: { _ in })
        }
        let now = ContinuousClock.now, date = Date(timeIntervalSince1970: 1_000)
        func silence(_ sources: [OpenSource]) async -> RunSilence? {
            await RunSilence(of: sources, now: now, date: date)
        }
        #expect(await silence([]) == nil)
        let idle = try source("idle", nil)
        #expect(await silence([idle]) == nil)
        let new = try source("new", OpenRequests(count: 3, firstKey: ObjectKey("p/a"), firstBegan: now - .seconds(5)))
        let old = try source(
            "old", OpenRequests(count: 1, firstKey: ObjectKey("p/b\n"), firstBegan: now - .seconds(60)))
        let listing = try source("listed", OpenRequests(count: 2, firstKey: nil, firstBegan: now - .seconds(90)))
        #expect(
            await silence([idle, new, old])
                == RunSilence(
                    requestCount: 4, first: "s3://old/p/b\\n", firstSince: Date(timeIntervalSince1970: 940)))
        #expect(await silence([new, listing])?.first == "the listing of s3://listed/p/")
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
