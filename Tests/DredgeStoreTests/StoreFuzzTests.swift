import DredgeBase
import DredgeLedger
import Foundation
import GRDB
import TestServers
import Testing

@testable import DredgeStore

/// Whole store files, changed at random, with and without a log beside them.
///
/// Whatever is in a file, reading, verifying and repairing it end, with an error or a result; a store that verifies has
/// right content only; so has one that was repaired; and a run into that brings it to what the bucket has.
@Suite(.timeLimit(.minutes(30))) struct StoreFuzzTests {
    private let directory = TemporaryDirectory()

    /// A file and its log.
    private struct Files {
        var store: [UInt8]
        var log: [UInt8]

        func write(to path: String) throws {
            try Data(store).write(to: URL(fileURLWithPath: path))
            unlink(path + "-wal")
            unlink(path + "-shm")
            if !log.isEmpty { try Data(log).write(to: URL(fileURLWithPath: path + "-wal")) }
        }
    }

    /// What the bucket has had: for each number of a version, all objects.
    private static let versions: [[TestObject]] = {
        var generator = SeededGenerator(seed: 71)
        var objects = TestObject.random(30, byteCountMax: 6_000, using: &generator)
        var older = objects
        for index in stride(from: 0, to: older.count, by: 7) {
            older[index] = TestObject(key: older[index].key, text: Array("older \(index)".utf8), chunkByteCount: 4)
        }
        return [older, objects]
    }()

    /// More rows than a reader takes at once.
    private static let manyObjects = (0..<StoreLimits.readPageRowCount + 20).map { TestObject("small/\($0)", "\($0)") }

    /// A store of either version; one that was killed in the second run, with what it had not moved out of its log; and
    /// one of many objects.
    private func corpus() async throws -> [Files] {
        let many = try ChunkStore.open(at: directory.file("many"), settings: testSettings)
        try await index(Self.manyObjects, into: many)
        try many.close()
        var files = [Files(store: try bytes(many.path), log: [])]
        let path = directory.file("base")
        for objects in Self.versions {
            let store = try ChunkStore.open(at: path, settings: testSettings)
            try await index(objects, into: store, batchByteCount: 20_000)
            if files.count == 2 {
                files.append(Files(store: try bytes(path), log: try bytes(path + "-wal")))
            }
            try store.close()
            files.append(Files(store: try bytes(path), log: []))
        }
        #expect(files.count == 4 && !files[2].log.isEmpty)
        return files
    }

    private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    // MARK: Changes

    /// Changes a file a little; tells how.
    private static func change(_ files: inout Files, others: [Files], _ mutator: inout Mutator) -> String {
        let pageByteCount = StoreLimits.pageByteCount
        let isLog = !files.log.isEmpty && mutator.below(2) == 0
        var bytes = isLog ? files.log : files.store
        defer { if isLog { files.log = bytes } else { files.store = bytes } }
        let unit = isLog ? pageByteCount + 24 : pageByteCount
        let first = isLog ? 32 : 0
        func place(_ mutator: inout Mutator) -> Int {
            let page = mutator.below(max(1, bytes.count / unit))
            // The front of a page has its structure, the end its rows.
            let within = [mutator.below(120), unit - 1 - mutator.below(2_000), mutator.below(unit)][mutator.below(3)]
            return min(first + page * unit + within, bytes.count - 1)
        }
        func page(_ mutator: inout Mutator) -> Range<Int>? {
            let count = (bytes.count - first) / unit
            guard count > 0 else { return nil }
            let start = first + mutator.below(count) * unit
            return start..<start + unit
        }
        guard !bytes.isEmpty else { return "nothing" }
        switch mutator.below(9) {
        case 0, 1:
            let places = (0...mutator.below(6)).map { _ in place(&mutator) }
            for place in places { bytes[place] ^= 1 << UInt8(mutator.below(8)) }
            return "flips at \(places)"
        case 2, 3:
            let places = (0...mutator.below(6)).map { _ in place(&mutator) }
            for place in places {
                bytes[place] = [0, 1, 0x7F, 0x80, 0xFF, UInt8(mutator.below(256))][mutator.below(6)]
            }
            return "bytes at \(places)"
        case 4:
            let start = place(&mutator)
            var part = Array(bytes[start..<min(start + 200, bytes.count)])
            mutator.change(&part)
            // Of the same length, most often: what is behind it stays where it is.
            let end = mutator.below(4) == 0 ? min(start + 200, bytes.count) : min(start + part.count, bytes.count)
            bytes.replaceSubrange(start..<end, with: part)
            return "a change at \(start)"
        case 5:
            guard let from = page(&mutator), let to = page(&mutator) else { return "nothing" }
            bytes.replaceSubrange(to, with: Array(bytes[from]))
            return "page at \(from.lowerBound) also at \(to.lowerBound)"
        case 6:
            let other = others[mutator.below(others.count)].store
            guard !isLog, let to = page(&mutator), to.upperBound <= other.count else { return "nothing" }
            bytes.replaceSubrange(to, with: other[to])
            return "page at \(to.lowerBound) of another store"
        case 7:
            guard let to = page(&mutator) else { return "nothing" }
            bytes.replaceSubrange(to, with: repeatElement(0, count: unit))
            return "zeros at \(to.lowerBound)"
        default:
            bytes.removeLast(mutator.below(mutator.below(2) == 0 ? bytes.count : min(unit, bytes.count)))
            return "cut off at \(bytes.count)"
        }
    }

    /// Sets a number of a row to one at the edge of what it can be, with the right checksum: what a program that writes
    /// stores could write, and no damage could. Tells which; nil: SQLite refuses it.
    private static func setField(_ path: String, _ mutator: inout Mutator) -> String? {
        let fields = [
            "span.chunk_count", "span.first_entry", "span.batch", "span.first_ordinal", "object.size",
            "object.position",
            "object.run", "object.chunk_count", "object.token_count", "object.content_byte_count",
            "object.content_size", "object.content_run", "object.last_modified_ms", "object.attempt_count", "object.id",
            "batch.id", "batch.entry_count", "batch.raw_byte_count", "batch.payload_byte_count", "run.id",
            "run.began_ms", "run.ended_ms", "run.resumed_count", "run_source.listed_count", "run_source.stored_count",
            "run_source.ordinal", "source.id", "sqlite_sequence.seq", "progress.chunk_count", "progress.byte_offset",
            "progress.size", "progress_span.chunk_count", "progress_span.first_ordinal", "progress_span.batch",
        ]
        let values = [
            "9223372036854775807", "9223372036854775806", "-9223372036854775808", "-1", "0", "1", "4294967296",
            "2147483647", "(1 << 62)", "600",
        ]
        let field = fields[mutator.below(fields.count)].split(separator: ".").map(String.init)
        let value = values[mutator.below(values.count)]
        let rows = mutator.below(3) == 0 ? "1" : "rowid = (SELECT max(rowid) FROM \(field[0]))"
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { try RowChecksum.register($0) }
        guard let queue = try? DatabaseQueue(path: path, configuration: configuration) else { return nil }
        defer { try? queue.close() }
        let withoutRowID = ["span", "progress_span", "run_source"]
        let condition = withoutRowID.contains(field[0]) ? "1" : rows
        let sql =
            Schema.Table(rawValue: field[0]).map { $0.update([field[1]: value], where: condition) }
            ?? "UPDATE \(field[0]) SET \(field[1]) = \(value) WHERE \(condition)"
        guard (try? queue.write({ try $0.execute(sql: sql) })) != nil else { return nil }
        return "\(field[0]).\(field[1]) = \(value) where \(condition)"
    }

    // MARK: What must hold

    /// The texts that an object of a key may have.
    private static let texts: [[UInt8]: Set<[UInt8]>] = {
        var texts: [[UInt8]: Set<[UInt8]>] = [:]
        for object in versions.joined() + manyObjects { texts[object.key, default: []].insert(object.text) }
        return texts
    }()

    private static let chunks: Set<[UInt8]> = {
        var chunks: Set<[UInt8]> = []
        for object in versions.joined() + manyObjects {
            var offset = 0
            for byteCount in object.chunkByteCounts {
                chunks.insert(Array(object.text[offset..<offset + byteCount]))
                offset += byteCount
            }
        }
        return chunks
    }()

    /// Reads all of a store as `dredge store` does; whether it verifies.
    private static func read(_ path: String, isDamage: Bool) async throws -> (isSound: Bool, problem: String?) {
        let store = try ChunkStore.open(reading: path)
        let report = try await store.verify()
        var texts: [[UInt8]: [UInt8]] = [:]
        do {
            for try await chunk in store.chunks() {
                texts[chunk.key, default: []] += chunk.text
                guard chunks.contains(chunk.text) else {
                    return (report.isSound, "the chunk \(chunk.ordinal) of \(chunk.key) was never written")
                }
            }
        } catch {
            if report.isSound { return (true, "it verifies, and reading ends with \(error)") }
        }
        // What they tell of a damaged store is anything; they end.
        _ = try? await store.stats()
        _ = try? await store.digest()
        for try await _ in store.objects() {}
        if report.isSound, isDamage {
            for (key, text) in texts where Self.texts[key]?.contains(text) != true {
                return (true, "it verifies, and \(String(decoding: key, as: UTF8.self)) has a text that it never had")
            }
        }
        return (report.isSound, nil)
    }

    /// What is not as it has to be with a changed file; nil: all is.
    private static func problem(_ path: String, isDamage: Bool, digest: String) async throws -> String? {
        var wasSound = false
        do {
            let problem: String?
            (wasSound, problem) = try await read(path, isDamage: isDamage)
            if let problem { return problem }
        } catch let error as StoreError {
            if error.message.isEmpty || error.advice.isEmpty { return "\(error) says nothing" }
        }
        do throws(StoreError) {
            if try ChunkStore.repair(at: path) == nil, !wasSound { return "what does not verify is not repaired" }
        } catch {
            // No store any more, or another program's: nothing that could be mended.
            return [.notAStore, .newerSchema, .cannotOpen].contains(error.code) ? nil : "repairing ends with \(error)"
        }
        let (isSound, problem) = try await read(path, isDamage: isDamage)
        if let problem { return "repaired: \(problem)" }
        guard isSound else { return "it is not sound after its repair" }
        let store = try ChunkStore.open(at: path, settings: testSettings)
        defer { try? store.close() }
        try await index(versions[1], into: store, batchByteCount: 20_000)
        // That may have been one that was gone on with.
        if try await store.digest() != digest { try await index(versions[1], into: store, batchByteCount: 20_000) }
        guard try await store.verify().isSound else { return "it is not sound after the next run" }
        return try await store.digest() == digest ? nil : "the next run does not bring it to what the bucket has"
    }

    private func digest() async throws -> String {
        let store = try ChunkStore.open(at: directory.file("undisturbed"), settings: testSettings)
        try await index(Self.versions[1], into: store)
        return try await store.digest()
    }

    @Test func `a file that was damaged is read, verified and repaired without a wrong chunk`() async throws {
        let (corpus, digest) = (try await corpus(), try await digest())
        for seed in Fuzzing.seeds("store files", count: 40) {
            var mutator = Mutator(seed: seed, corpus: [[0]])
            var files = corpus[mutator.below(corpus.count)]
            var what: [String] = []
            repeat { what.append(Self.change(&files, others: corpus, &mutator)) } while mutator.below(2) == 0
            let path = directory.file("damaged-\(seed)")
            try files.write(to: path)
            var problem: String?
            do {
                problem = try await Self.problem(path, isDamage: true, digest: digest)
            } catch { problem = "\(error)" }
            for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
            guard let problem else { continue }
            Issue.record("seed \(seed): \(what.joined(separator: ", ")): \(problem)")
            return
        }
    }

    @Test func `numbers at their edges, with right checksums, end no process`() async throws {
        let corpus = try await corpus()
        for seed in Fuzzing.seeds("rows of stores", count: 30) {
            var mutator = Mutator(seed: seed, corpus: [[0]])
            let path = directory.file("edge-\(seed)")
            try corpus[[0, 1, 3][mutator.below(3)]].write(to: path)
            var what: [String] = []
            repeat {
                if let field = Self.setField(path, &mutator) { what.append(field) }
            } while mutator.below(2) == 0
            do {
                _ = try? await Self.read(path, isDamage: false)
                if let store = try? ChunkStore.open(at: path, settings: testSettings) {
                    _ = try? await index(Self.versions[1], into: store, batchByteCount: 20_000)
                    try? store.close()
                }
                _ = try? ChunkStore.compact(at: path)
                _ = try ChunkStore.repair(at: path)
                let (isSound, problem) = try await Self.read(path, isDamage: false)
                if let problem { throw FuzzProblem(what: problem) }
                if !isSound { throw FuzzProblem(what: "it is not sound after its repair") }
            } catch {
                Issue.record("seed \(seed): \(what.joined(separator: ", ")): \(error)")
                return
            }
            for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        }
    }

    private struct FuzzProblem: Error { var what: String }
}
