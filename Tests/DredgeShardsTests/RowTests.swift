import DredgeAWS
import DredgeBase
import DredgeS3
import Foundation
import TestServers
import Testing

@testable import DredgeShards

@Suite final class RowTests {
    private let directory = TemporaryDirectory()

    private static func rows(_ count: Int, seed: UInt64) -> [ObjectRow] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { index in
            let key = (0...Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            var row = ObjectRow(
                source: ["docs", "a,b", "\"ü\"\n"][index % 3],
                object: ListedObject(
                    key: ObjectKey(key), size: UInt64.random(in: 0...1 << 40, using: &generator),
                    eTag: ETag(["", "abc", "\"abc-2\"", "W/\"x\""][index % 4]),
                    lastModified: index % 5 == 0 ? nil : Date(timeIntervalSince1970: Double(index) + 0.25),
                    storageClass: index % 2 == 0 ? nil : "GLACIER_IR"))
            let result = ObjectRow.Result(
                state: "failed", reason: index % 2 == 0 ? "a, \"reason\"\nof two lines" : "", chunkCount: index,
                tokenCount: 2 * index, digest: index % 4 == 0 ? nil : SHA256.digest(key))
            if index % 2 == 0 {
                row.result = result
            } else if index % 3 > 0 {
                row.previous = .init(size: UInt64(index), result: result)
            }
            return row
        }
    }

    @Test(arguments: [ObjectRow.Kind.manifest, .result])
    func `rows come back as they were written, whatever is in them`(kind: ObjectRow.Kind) throws {
        let rows = Self.rows(3_000, seed: 11).filter { ($0.result != nil) == (kind == .result) }
        let path = directory.file("rows.csv.gz")
        var writer = try RowWriter(path, kind)
        for row in rows { try writer.write(row) }
        let digest = try writer.finish()
        let reader = try RowReader(path, kind)
        for row in rows {
            let read = try #require(try reader.next())
            #expect(read.source == row.source && read.object.key == row.object.key)
            #expect(read.object.size == row.object.size && read.object.eTag == row.object.eTag)
            #expect(read.object.lastModified == row.object.lastModified)
            #expect(read.object.storageClass == row.object.storageClass)
            #expect(read.result == row.result && read.previous == row.previous)
        }
        #expect(try reader.next() == nil)
        #expect(reader.finish() == digest)
    }

    /// Plain twin of `ObjectRow.line`, field by field through strings.
    private static func plainLine(_ row: ObjectRow) -> String {
        var fields = [
            URIEncoding.path(row.source.utf8), URIEncoding.path(row.object.key.bytes), String(row.object.size),
            URIEncoding.path(row.object.eTag.value.utf8),
            row.object.lastModified.map { String(ObjectRow.milliseconds($0)) } ?? "",
            URIEncoding.path((row.object.storageClass ?? "").utf8),
        ]
        if let result = row.result {
            fields += [
                URIEncoding.path(result.state.utf8), URIEncoding.path(result.reason.utf8), "\(result.chunkCount)",
                "\(result.tokenCount)", result.digest.map(Hexadecimal.string) ?? "",
            ]
        }
        if let previous = row.previous {
            fields += [
                "\(previous.size)", previous.result.state, "\(previous.result.chunkCount)",
                "\(previous.result.tokenCount)", previous.result.digest.map(Hexadecimal.string) ?? "",
            ]
        } else if row.result == nil {
            fields += ["", "", "", "", ""]
        }
        return fields.joined(separator: ",") + "\n"
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func `a line is what its fields are as strings`(seed: UInt64) {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        for var row in Self.rows(1_000, seed: seed) {
            row.object.size = UInt64.max >> UInt64.random(in: 0...63, using: &generator)
            row.object.lastModified?.addTimeInterval(Double.random(in: -1e10...1e10, using: &generator))
            row.object.eTag = ETag(["", "\"", "\"\"", "x", "\"\"\"", "a,b"].randomElement(using: &generator)!)
            #expect(String(decoding: row.line, as: UTF8.self) == Self.plainLine(row))
        }
        for byte in 0...UInt8.max {
            for begin in ["", "0123456789abcde", "0123456789abcdef", "a/long/key/of/which/all/stays/as/it/is"] {
                let key = Array(begin.utf8) + [byte] + Array("z".utf8)
                var output: [UInt8] = []
                key.withUnsafeBytes { ObjectRow.appendEncoded($0, to: &output) }
                #expect(String(decoding: output, as: UTF8.self) == URIEncoding.path(key))
            }
        }
    }

    @Test func `a file that is cut off or changed is refused`() throws {
        let path = directory.file("rows.csv.gz")
        var writer = try RowWriter(path, .manifest)
        for row in Self.rows(500, seed: 5) where row.result == nil { try writer.write(row) }
        _ = try writer.finish()
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for byteCount in [0, 1, 9, 20, whole.count / 2, whole.count - 1] {
            try whole.prefix(byteCount).write(to: URL(fileURLWithPath: path))
            #expect(throws: JobError.self, "\(byteCount) bytes") {
                let reader = try RowReader(path, .manifest)
                while try reader.next() != nil {}
            }
        }
    }

    @Test func `what is no row is refused`() {
        let good = "docs,a/b%20c,12,abc,1000,"
        func row(_ line: String, _ kind: ObjectRow.Kind) -> ObjectRow? { ObjectRow(Array(line.utf8)[...], kind) }
        #expect(row("\(good),,,,,", .manifest) != nil && row("\(good),12,indexed,1,2,", .manifest) != nil)
        for bad in [
            "", "docs,a,12,abc,1000", "docs,,12,abc,1000,", "docs,a,-1,abc,1000,", "docs,a,1e3,abc,1000,",
            "docs,a,12,abc,x,", "docs,%ZZ,12,abc,1000,", "docs,a,99999999999999999999,abc,1000,", good + ",x",
        ] {
            #expect(row("\(bad),,,,,", .manifest) == nil, "\(bad)")
        }
        for bad in ["12,lost,1,2,", "-1,indexed,1,2,", "12,indexed,1,2,00ff", "12,indexed,,2,"] {
            #expect(row("\(good),\(bad)", .manifest) == nil, "\(bad)")
        }
        #expect(row("\(good),indexed,,1,2,00ff", .result) == nil)
        #expect(row("\(good),lost,,1,2,", .result) == nil)
        #expect(row("\(good),failed,,1,2,", .result) != nil)
    }
}
