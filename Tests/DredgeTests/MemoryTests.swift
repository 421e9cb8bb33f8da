import Dredge
import DredgeText
import Testing
import TestServers

/// I6: memory stays within the budget, and a small one does not lock the run up.
@Suite struct MemoryTests {
    @Test func manyLargeObjectsGetThroughASmallBudget() async throws {
        var maker = TextMaker(seed: 11)
        let body = maker.text(byteCount: 2_000_000)
        let server = try await ScriptedS3Server(.init(objects: (0..<24).map { .init("large/\($0).txt", body: body) }))
        defer { server.stop() }
        var limits = Limits()
        limits.partByteCount = 128 << 10
        limits.workerCount = 2
        limits.memoryByteCount = limits.memoryByteCountMin(IndexSettings().chunking)
        let bench = try Workbench()
        let report = try await bench.run([Workbench.source(at: server)], limits: limits)
        #expect(report.indexed.objects == 24)
    }

    @Test func objectsThatAllChangeUnderTheReadDoNotWaitForWhatTheyHold() async throws {
        let body = Array(String(repeating: "a line of text\n", count: 4_000).utf8)
        let keys = (0..<150).map { "\($0).txt" }
        let server = try await ScriptedS3Server(
            .init(
                objects: keys.map { .init($0, body: body) },
                faults: keys.map { .error(on: .get, 412, "PreconditionFailed").forKey($0) }))
        defer { server.stop() }
        var limits = Limits()
        limits.partByteCount = 64 << 10
        limits.memoryByteCount = limits.memoryByteCountMin(.lines(maxTokens: 16))
        let report = try await Workbench().run(
            [Workbench.source(at: server)], settings: IndexSettings(chunking: .lines(maxTokens: 16)), limits: limits)
        #expect(report.indexed.objects == 150)
    }

    @Test func aBudgetThatCannotHoldTwoPartsIsRefusedBeforeAnythingIsSent() async throws {
        let server = try await ScriptedS3Server(.init(objects: [.init("a.txt", body: [65, 10])]))
        defer { server.stop() }
        var limits = Limits()
        limits.memoryByteCount = 8 << 20
        let bench = try Workbench()
        do {
            try await bench.run([Workbench.source(at: server)], limits: limits)
            Issue.record("the run should have been refused")
        } catch let error as RunError {
            #expect(error.code == .invalidSource)
            #expect(error.advice.contains("MiB of memory"))
        }
        #expect(try server.requests().isEmpty)
    }
}
