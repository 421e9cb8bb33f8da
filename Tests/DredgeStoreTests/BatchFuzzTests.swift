import DredgeBase
import DredgeLedger
import Foundation
import TestServers
import Testing

@testable import DredgeStore

/// Payloads of batches, changed at random: the chunks that were written, or what is wrong.
@Suite(.timeLimit(.minutes(30))) struct BatchFuzzTests {
    private static let chunkByteCounts = [[1], [0, 5, 300], [2_000, 3_000, 17, 900], Array(repeating: 40, count: 70)]

    /// Payloads, no two of which have as many bytes of text: nothing else ties a directory to a text.
    private static func corpus() throws -> [[UInt8]] {
        final class Payloads { var all: [[UInt8]] = [] }
        var generator = SeededGenerator(seed: 61)
        let payloads = Payloads()
        let ids = BatchIDs(first: 1)
        for (number, byteCounts) in chunkByteCounts.enumerated() {
            let builder = BatchBuilder(ids: ids) { (batch) throws(StoreError) in payloads.all.append(batch.payload) }
            var offset: UInt64 = 0
            for (ordinal, byteCount) in byteCounts.enumerated() {
                generator.text(byteCount: byteCount).withUnsafeBytes {
                    builder.append(
                        object: ObjectID(rawValue: Int64(number * 1_000 + ordinal / 3 + 1)), ordinal: ordinal,
                        byteOffset: offset, tokenCount: byteCount / 4, text: $0)
                }
                offset += UInt64(byteCount)
            }
            try builder.seal()
        }
        return payloads.all
    }

    private static func inflate(_ payload: [UInt8]) -> Result<ContentReader.InflatedBatch, BatchDamage> {
        Result { () throws(BatchDamage) in try ContentReader.inflate(payload) }
    }

    /// What is not as it has to be of a payload that is taken; nil: all is.
    private static func problem(with batch: ContentReader.InflatedBatch, payload: [UInt8]) -> String? {
        var start = 0
        for entry in batch.entries {
            guard entry.start == start, entry.byteLength >= 0, entry.ordinal >= 0, entry.tokenCount >= 0,
                entry.object.rawValue >= 0
            else { return "\(entry) at \(start)" }
            start += entry.byteLength
        }
        guard start == batch.text.count else { return "\(batch.text.count) bytes of text for \(start)" }
        // As much as LZ4 can make of its input, and as many entries as fit into a directory.
        guard batch.text.count <= 255 * payload.count, batch.entries.count <= payload.count / 5 else {
            return "\(batch.entries.count) entries, \(batch.text.count) bytes of text from \(payload.count)"
        }
        return nil
    }

    @Test func `the first of a text are those of all of it, of one block and of several`() throws {
        var generator = SeededGenerator(seed: 62)
        var payloads = try Self.corpus()
        // Blocks have 4 MiB; random bytes are not compressed.
        for chunk in [
            Array(generator.text(byteCount: 9 << 20)),
            (0..<5 << 20).map { _ in UInt8.random(in: 0...255, using: &generator) },
        ] {
            let builder = BatchBuilder(ids: BatchIDs(first: 1)) { (batch) throws(StoreError) in
                payloads.append(batch.payload)
            }
            chunk.withUnsafeBytes {
                builder.append(
                    object: ObjectID(rawValue: 1), ordinal: 0, byteOffset: 0, tokenCount: 1, text: $0)
            }
            try builder.seal()
        }
        for payload in payloads {
            let whole = try Self.inflate(payload).get().text
            let ends = Set([0, 1, whole.count / 2, whole.count - 1, whole.count, 4 << 20, (4 << 20) + 1])
            for end in ends.union((0..<20).map { _ in Int.random(in: 0...whole.count, using: &generator) })
            where 0...whole.count ~= end {
                let first = try payload.withUnsafeBytes {
                    try BatchFormat.inflate($0, rawByteCount: whole.count, first: end)
                }
                #expect(first == Array(whole[..<end]), "\(end) of \(whole.count)")
            }
        }
    }

    @Test func `the first of a text that was changed are those that were written, or said to be damaged`() throws {
        let corpus = try Self.corpus()
        let right = try corpus.map { try Self.inflate($0).get() }
        var damageCount = 0
        for seed in Fuzzing.seeds("first of batch payloads", count: 1_500) {
            var mutator = Mutator(seed: seed, corpus: corpus)
            let payload = mutator.next()
            guard let entries = try? payload.withUnsafeBytes({ try BatchFormat.directory($0) }) else { continue }
            let byteCount = entries.last.map { $0.start + $0.byteLength } ?? 0
            let first = byteCount - byteCount / 3
            do {
                let text = try payload.withUnsafeBytes {
                    try BatchFormat.inflate($0, rawByteCount: byteCount, first: first)
                }
                #expect(right.contains { $0.text.count == byteCount && $0.text.starts(with: text) }, "seed \(seed)")
            } catch {
                damageCount += 1
            }
        }
        #expect(damageCount > 100)
    }

    @Test func `a payload that was changed gives the chunks that were written, or says what is damaged`() throws {
        let corpus = try Self.corpus()
        let right = try corpus.map { try Self.inflate($0).get() }
        for seed in Fuzzing.seeds("batch payloads", count: 1_500) {
            var mutator = Mutator(seed: seed, corpus: corpus)
            let payload = mutator.next()
            var problem: String?
            switch Self.inflate(payload) {
            case .failure(let damage): if damage.what.isEmpty { problem = "damage of nothing" }
            case .success(let batch):
                problem = Self.problem(with: batch, payload: payload)
                if !right.contains(where: { $0.entries == batch.entries && $0.text == batch.text }) {
                    problem = "other chunks than any that were written"
                }
            }
            guard let problem else { continue }
            Issue.record("seed \(seed): \(problem): \(Data(payload.prefix(8_000)).base64EncodedString())")
            return
        }
    }

    /// With the right checksum, which keeps nothing else from being read.
    @Test func `a directory that was made up gives entries that fit its text, or says what is wrong`() throws {
        let corpus = try Self.corpus()
        for seed in Fuzzing.seeds("batch directories", count: 3_000) {
            var choice = Mutator(seed: seed, corpus: corpus)
            let payload = corpus[choice.below(corpus.count)]
            let end = try payload.withUnsafeBytes { try BatchFormat.directoryFrameByteCount($0) }
            var mutator = Mutator(
                seed: seed, corpus: [Array(payload[BatchFormat.prefixByteCount..<end])],
                words: ["\u{7F}", "\u{0}", "\u{80}\u{80}\u{80}"])
            let directory = mutator.next()
            let byteCount = UInt32(directory.count + BatchFormat.checksumByteCount)
            var made = Array(payload[..<4]) + withUnsafeBytes(of: byteCount.littleEndian) { Array($0) }
            made += SHA256.digest(directory).prefix(BatchFormat.checksumByteCount) + directory + payload[end...]
            guard case .success(let batch) = Self.inflate(made), let problem = Self.problem(with: batch, payload: made)
            else { continue }
            Issue.record("seed \(seed): \(problem): \(Data(made.prefix(8_000)).base64EncodedString())")
            return
        }
    }
}
