import Dredge
import DredgeAWS
import DredgeStore
import Foundation
import Logging
import SimulatedWorld
import TestServers
import Testing

@testable import DredgeShards

/// Two workers at one shard, between which the bucket has changed.
@Suite struct UnequalResultTests {
    /// Hands in that a shard is done just before its user does.
    private struct Overtaken: JobStorage {
        let base: any JobStorage
        let done: [UInt8]

        var url: String { base.url }
        func read(_ name: String, byteCountMax: Int) async throws(JobError) -> StoredFile? {
            try await base.read(name, byteCountMax: byteCountMax)
        }
        func create(_ name: String, _ bytes: [UInt8]) async throws(JobError) -> Bool {
            if name.hasPrefix("done/") { _ = try await base.create(name, done) }
            return try await base.create(name, bytes)
        }
        func replace(_ name: String, _ bytes: [UInt8], ifTag tag: String) async throws(JobError) -> Bool {
            try await base.replace(name, bytes, ifTag: tag)
        }
        func upload(_ path: String, to name: String) async throws(JobError) -> Bool {
            try await base.upload(path, to: name)
        }
        func download(_ name: String, to path: String) async throws(JobError) {
            try await base.download(name, to: path)
        }
        func names(in folder: String) async throws(JobError) -> [String] { try await base.names(in: folder) }
        func now() async throws(JobError) -> Date { try await base.now() }
    }

    private static func withEngine<Value>(
        _ buckets: [String: [FakeWorld.Object]], _ body: (Engine) async throws -> Value
    ) async throws -> Value {
        let engine = Engine(
            limits: Limits(), base: .fixed(Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "example-example")),
            environment: [:], world: FakeWorld(buckets: buckets, seed: 1, faultPercentage: 0),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let result: Result<Value, any Error>
        do { result = .success(try await body(engine)) } catch { result = .failure(error) }
        await engine.shutDown()
        return try result.get()
    }

    @Test func `results that differ are an error, and the first one stays`() async throws {
        let directory = TemporaryDirectory()
        let shared = MemoryStorage()
        let (sources, settings) = (SimulatedJobTests.sources, SimulatedJobTests.settings)
        var buckets = SimulatedJobTests.buckets
        let planned = try await Self.withEngine(buckets) {
            try await SimulatedJobTests.plan(
                MemoryStorage.Client(shared, seed: 1), shards: 1, with: $0, in: directory.url)
        }
        let storage = StorageFolder("job-\(planned.job.id)", of: MemoryStorage.Client(shared, seed: 2))
        _ = try await Self.withEngine(buckets) { engine in
            try await ShardWorker(
                Job(storage), sources: sources, settings: settings, engine: engine, scratch: directory.url
            ).work(on: 0)
        }
        let name = "job-\(planned.job.id)/done/00000.json"
        let done = try #require(shared[name])
        shared[name] = nil

        // One object is another one now, and one is gone.
        buckets["two"]?[0].body = Array("something else\n".utf8)
        buckets["two"]?.removeLast()
        let error = await #expect(throws: JobError.self) {
            try await Self.withEngine(buckets) { engine in
                try await ShardWorker(
                    Job(Overtaken(base: storage, done: done)), sources: sources, settings: settings, engine: engine,
                    scratch: directory.url
                ).work(on: 0)
            }
        }
        #expect(error?.code == .unequalResults && error?.mayPass == false)
        #expect(error?.message.contains("1 changed") ?? false, "\(error.map(\.message) ?? "")")
        #expect(error?.message.contains("1 vanished") ?? false)
        #expect(shared[name] == done)
        let told = shared.names.filter { $0.contains("/failed/") }
        #expect(told.count == 1)
        // What was handed in first is whole: its store is there.
        let catalog = try await Job(storage).merge()
        #expect(catalog.total.states["indexed"] == 16 && catalog.total.states["changed"] == nil)
        #expect(shared["job-\(planned.job.id)/\(JobNames.store(0, catalog.shards[0].resultDigest))"] != nil)
    }
}
