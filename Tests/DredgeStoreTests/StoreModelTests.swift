import DredgeBase
import DredgeLedger
import Foundation
import TestServers
import Testing

@testable import DredgeStore

/// A store and a bucket through random steps, held against what a dictionary says.
@Suite struct StoreModelTests {
    /// Steps of a seed, and how many seeds: `DREDGE_STORE_STEPS` sets another number of steps in all.
    static let stepCount = 250
    static let seeds =
        1...UInt64((ProcessInfo.processInfo.environment["DREDGE_STORE_STEPS"].flatMap(Int.init) ?? 2_000) / stepCount)

    @Test(arguments: seeds)
    func `a store holds what the bucket holds, whatever was done to it`(seed: UInt64) async throws {
        var model = Model(seed: seed)
        for step in 0..<Self.stepCount {
            let what = try await model.step()
            if !model.problems.isEmpty {
                Issue.record("seed \(seed), step \(step), \(what): \(model.problems.joined(separator: "; "))")
                return
            }
        }
        // The last run that is gone on with, and one that lists everything.
        for _ in 0..<2 { try await model.run(upTo: .max, ending: .complete) }
        #expect(model.problems.isEmpty, "seed \(seed): \(model.problems)")
    }

    struct Model {
        let directory = TemporaryDirectory()
        var generator: SeededGenerator
        /// What the bucket has.
        var bucket: [[UInt8]: TestObject] = [:]
        /// What the store has, as far as it was told.
        var stored: [[UInt8]: TestObject] = [:]
        /// Whether damage may have taken something of `stored`.
        var mayMiss = false
        var problems: [String] = []

        init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

        private var path: String { directory.file() }

        private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }

        private mutating func key() -> [UInt8] { Array("\(["a", "b", "c"][below(3)])/\(below(12))".utf8) }

        mutating func step() async throws -> String {
            switch below(20) {
            case 0...7:
                let key = key()
                let count = below(4) == 0 ? below(30_000) : below(900)
                bucket[key] = TestObject(
                    key: key, text: generator.text(byteCount: count + 1), chunkByteCount: below(3_000) + 1)
                return "put"
            case 8...10:
                bucket[key()] = nil
                return "delete"
            case 11...13:
                try await run(upTo: .max, ending: .complete)
                return "run"
            case 14, 15:
                let ending = [nil, RunOutcome.stopped, .fatal][below(3)]
                let count = below(12)
                try await run(upTo: count, ending: ending)
                return "run of \(count), \(ending?.rawValue ?? "killed")"
            case 16:
                guard FileManager.default.fileExists(atPath: path) else { return "nothing" }
                _ = try ChunkStore.compact(at: path)
                try await compare()
                return "compact"
            case 17:
                return try await forget()
            default:
                return try await damage()
            }
        }

        private mutating func forget() async throws -> String {
            guard FileManager.default.fileExists(atPath: path) else { return "nothing" }
            let filter =
                below(2) == 0 ? ForgetFilter(key: key()) : ForgetFilter(source: "docs", prefix: Array("b/".utf8))
            _ = try ChunkStore.forget(filter, at: path)
            stored = stored.filter { !filter.matches(key: $0.key) }
            try await compare()
            return "forget \(filter)"
        }

        private mutating func damage() async throws -> String {
            guard var bytes = FileManager.default.contents(atPath: path), bytes.count > 1_000 else { return "nothing" }
            var places: [Int] = []
            for _ in 0..<3 {
                let place = 100 + below(bytes.count - 100)
                places.append(place)
                bytes[place] ^= 1 << UInt8(below(8))
            }
            try bytes.write(to: URL(fileURLWithPath: path))
            chmod(path, 0o600)
            if try ChunkStore.repair(at: path) != nil { mayMiss = true }
            try await compare()
            return "damage at \(places)"
        }

        /// Lists the bucket and reads up to `count` objects. nil: the process dies.
        mutating func run(upTo count: Int, ending: RunOutcome?) async throws {
            let store = try ChunkStore.open(at: path, settings: testSettings)
            let run = try await store.begin(name: "r", version: "1", sources: [testSource])
            let source = run.sources[0].source
            var finished: [[UInt8]: TestObject] = [:]
            if !run.sources[0].isComplete {
                let after = run.sources[0].left[0].after
                let keys = bucket.keys.sorted { $0.lexicographicallyPrecedes($1) }
                    .filter { key in after.map { $0.lexicographicallyPrecedes(key) } ?? true }
                for start in stride(from: 0, to: keys.count, by: 5) {
                    let page = keys[start..<min(start + 5, keys.count)].map { bucket[$0]!.listed }
                    _ = try await store.record(page, of: source, in: run.id)
                }
                _ = try await store.completeListing(of: source, in: run.id)
            }
            var worker = try TestWorker(store, batchByteCount: 4_000)
            for object in try await store.pending(of: source, in: run.id, after: 0, limit: min(count, 1_000)) {
                // What is read is what the bucket has now, of whatever version was listed.
                guard let now = bucket[object.key] else {
                    try store.settle(ObjectOutcome(object: object.id, cause: .vanished))
                    continue
                }
                try worker.write(now, as: object.id)
                finished[object.key] = now
            }
            try worker.seal()
            try await store.flush()
            for (key, object) in finished { stored[key] = object }
            if let ending { try await store.finish(run.id, outcome: ending) }
            try store.close()
            let isComplete = ending == .complete && !run.isResumed
            try await compare(isComplete: isComplete)
        }

        /// Everything that the store has is right; nothing is missing but what may be.
        private mutating func compare(isComplete: Bool = false) async throws {
            let store = try ChunkStore.open(reading: path)
            let report = try await store.verify()
            if !report.isSound { problems.append("not sound: \(report.problems)") }
            var content: [[UInt8]: [[UInt8]]] = [:]
            for try await chunk in store.chunks() { content[chunk.key, default: []].append(chunk.text) }
            for (key, chunks) in content {
                // A listing removes what is not in the bucket; what is left is what was stored.
                guard let object = stored[key] else {
                    problems.append("\(String(decoding: key, as: UTF8.self)) should not be there")
                    continue
                }
                if Array(chunks.joined()) != object.text {
                    problems.append("\(String(decoding: key, as: UTF8.self)) has another text")
                }
            }
            for key in stored.keys where content[key] == nil {
                // A listing removes what has gone from the bucket, a repair what was damaged.
                if !mayMiss, bucket[key] != nil {
                    problems.append("\(String(decoding: key, as: UTF8.self)) is missing")
                }
                stored[key] = nil
            }
            mayMiss = false
            guard isComplete else { return }
            for (key, object) in bucket where content[key].map({ Array($0.joined()) }) != object.text {
                problems.append("\(String(decoding: key, as: UTF8.self)) is not what the bucket has")
            }
        }
    }
}
