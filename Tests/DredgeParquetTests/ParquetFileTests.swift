import Foundation
import TestServers
import Testing

@testable import DredgeParquet

/// Files of Arrow's writer, and the same ones damaged.
@Suite(.timeLimit(.minutes(30))) struct ParquetFileTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).parquet")

    /// The fault of a file with these bytes; nil: it has none.
    private func fault(_ bytes: [UInt8]) throws -> ParquetFault? {
        try Data(bytes).write(to: path)
        do throws(ParquetFault) {
            _ = try Golden.rows(of: path.path)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: Golden.files) func `the rows are those that another program wrote`(name: String) throws {
        #expect(try Golden.rows(of: Golden.path(name)) == Golden.rows())
    }

    @Test(arguments: Golden.files) func `columns that are not asked for are not read`(name: String) throws {
        let rows = try Golden.rows(of: Golden.path(name), columns: ["size", "none"])
        #expect(rows.map(\.size) == (try Golden.rows().map(\.size)))
        #expect(rows.allSatisfy { $0.key == nil && $0.e_tag == nil })
    }

    @Test func `a file that ends early is damaged, wherever it ends`() throws {
        defer { try? FileManager.default.removeItem(at: path) }
        let whole = try Golden.bytes("snappy")
        for count in stride(from: 0, to: whole.count, by: 61) {
            #expect(try fault(Array(whole.prefix(count)))?.kind == .damaged, "\(count) bytes")
        }
    }

    @Test func `a page that another codec compressed is named, and so is its place`() throws {
        let fault = #expect(throws: ParquetFault.self) { try Golden.rows(of: Golden.path("zstd")) }
        #expect(fault?.kind == .unknown)
        #expect(fault?.message == "the column key, page at byte 88: its pages are compressed by Zstandard")
    }

    @Test func `a page whose checksum is not its own is damaged`() throws {
        defer { try? FileManager.default.removeItem(at: path) }
        var bytes = try Golden.bytes("uncompressed")
        let place = try #require(
            bytes.indices.first { bytes[$0...].starts(with: "a/one two".utf8) })
        bytes[place] = UInt8(ascii: "b")
        let fault = try fault(bytes)
        #expect(fault?.message.contains("the column key, page at byte ") == true, "\(fault as Any)")
        #expect(fault?.message.hasSuffix("a page's checksum is not its own") == true, "\(fault as Any)")
    }

    @Test func `what is no Parquet file is told from one that can't be opened`() throws {
        defer { try? FileManager.default.removeItem(at: path) }
        #expect(try fault(Array("Bucket, Key, Size".utf8))?.message.contains("does not begin with PAR1") == true)
        let absent = #expect(throws: ParquetFault.self) { try Golden.rows(of: "/nowhere/x.parquet") }
        #expect(absent?.kind == .unreadable)
        let encrypted = Array("PARE".utf8) + [UInt8](repeating: 0, count: 20) + Array("PARE".utf8)
        #expect(try fault(encrypted) == ParquetFault(kind: .unknown, message: "it is encrypted"))
    }

    @Test(arguments: Golden.files) func `changed files end in rows or a fault that can be shown`(name: String) throws {
        defer { try? FileManager.default.removeItem(at: path) }
        let whole = try Golden.bytes(name)
        // What is changed is the footer, or the pages before it, or all.
        let footerByteCount = whole.suffix(8).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        let footer = whole.count - 8 - footerByteCount
        for seed in Fuzzing.seeds("\(name).parquet", count: 150) {
            var mutator = Mutator(seed: seed, corpus: [whole], words: ["PAR1", "\u{0}", "\u{7F}", "key"])
            var bytes = whole
            switch mutator.below(3) {
            case 0:
                var end = Array(whole[footer..<whole.count - 8])
                mutator.change(&end)
                bytes = whole[..<footer] + end
                withUnsafeBytes(of: UInt32(end.count).littleEndian) { bytes += $0 }
                bytes += Array("PAR1".utf8)
            case 1:
                for _ in 0...mutator.below(4) {
                    let place = mutator.below(footer)
                    var few = Array(whole[place..<min(footer, place + 64)])
                    let count = few.count
                    mutator.change(&few)
                    few = Array((few + [UInt8](repeating: 0, count: count)).prefix(count))
                    bytes.replaceSubrange(place..<place + count, with: few)
                }
            default: bytes = mutator.next()
            }
            guard let fault = try fault(bytes) else { continue }
            let isShowable =
                !fault.message.isEmpty && fault.message.utf8.count < 1_000
                && !fault.message.unicodeScalars.contains { $0.value < 0x20 }
            #expect(isShowable, "seed \(seed): \(fault)")
        }
    }
}
