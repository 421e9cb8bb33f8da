import DredgeBase
import DredgeS3
import Foundation
import Testing

@testable import Dredge

/// Inventories in Parquet, of which `DredgeParquetTests/Golden` has one in many ways, and the same in CSV.
@Suite struct ParquetInventoryTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("DredgeParquetTests/Golden")
    private static let schema = """
        message s3.inventory {  required binary bucket (STRING);  required binary key (STRING);  \
        optional binary version_id (STRING);  optional boolean is_latest;  optional boolean is_delete_marker;  \
        optional int64 size;  optional int64 last_modified_date (TIMESTAMP(MILLIS,true));  \
        optional binary e_tag (STRING);  optional binary storage_class (STRING);}
        """
    private static let schemaOfCSV =
        "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass"

    /// An inventory of copies of golden files.
    private func inventory(
        _ names: [String], format: String = "Parquet", schema: String = schema, md5: String? = nil
    ) throws -> Inventory {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var files: [[String: Any]] = []
        for (place, name) in names.enumerated() {
            let bytes = try Data(contentsOf: Self.golden.appendingPathComponent(name))
            try bytes.write(to: folder.appendingPathComponent("\(place)-\(name)"))
            files.append([
                "key": "inv/data/\(place)-\(name)", "size": bytes.count, "MD5checksum": md5 ?? Self.md5(bytes),
            ])
        }
        let manifest = folder.appendingPathComponent("manifest.json")
        try JSONSerialization.data(withJSONObject: [
            "sourceBucket": "bucket", "fileFormat": format, "fileSchema": schema, "files": files,
        ]).write(to: manifest)
        return try Inventory(manifest: manifest.path)
    }

    private static func md5(_ bytes: Data) -> String {
        guard var digest = MD5() else { return "" }
        bytes.withUnsafeBytes { digest.update($0) }
        return Hexadecimal.string(digest.finish())
    }

    /// All that is told of an object.
    private struct Facts: Hashable {
        var key: ObjectKey
        var size: UInt64
        var eTag: ETag
        var lastModified: Date?
        var storageClass: String?
    }

    private static func objects(of inventory: Inventory) throws(InventoryReader.Problem) -> [Facts] {
        var rows = InventoryRows(inventory)
        var objects: [Facts] = []
        while let object = try rows.next() {
            objects.append(
                Facts(
                    key: object.key, size: object.size, eTag: object.eTag, lastModified: object.lastModified,
                    storageClass: object.storageClass))
        }
        return objects
    }

    @Test(arguments: [
        "snappy", "snappy-plain", "snappy-second-pages", "gzip", "lz4", "uncompressed", "uncompressed-second-pages",
        "small-pages", "small-second-pages", "dictionaries-given-up", "deltas", "microseconds", "nanoseconds",
    ]) func `an inventory in Parquet has the objects of the same in CSV`(name: String) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let parquet = try Self.objects(of: inventory(["\(name).parquet"]))
        let csv = try Self.objects(of: inventory(["rows.csv"], format: "CSV", schema: Self.schemaOfCSV))
        #expect(parquet == csv)
        // Of 150 rows, 15 are delete markers, and 15 are of older versions.
        #expect(csv.count == 120)
        let keys = parquet.prefix(7).map { String(decoding: $0.key.bytes, as: UTF8.self) }
        #expect(
            keys == [
                "plain.txt", "a/one two+three.txt", "100%25 sure.txt", "%C3%BC.md", "ü/日本語.md", "a,\"b\".csv", "😀",
            ])
    }

    @Test func `files are read one after the other`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let objects = try Self.objects(of: inventory(["snappy.parquet", "gzip.parquet", "deltas.parquet"]))
        #expect(objects.count == 360 && Array(objects[..<120]) == Array(objects[240...]))
    }

    @Test(arguments: [("snappy.parquet", "Parquet", schema), ("rows.csv", "CSV", schemaOfCSV)])
    func `a file whose MD5 is not the manifest's is named before a row of it is read`(
        name: String, format: String, schema: String
    ) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let other = String(repeating: "0a", count: 16)
        let inventory = try inventory([name], format: format, schema: schema, md5: other)
        let problem = #expect(throws: InventoryReader.Problem.self) { try Self.objects(of: inventory) }
        #expect(problem?.message.contains("0-\(name) has another MD5 than the manifest's \(other)") == true)
        // A manifest that has no MD5 is believed.
        #expect(try Self.objects(of: self.inventory([name], format: format, schema: schema, md5: "-")).count == 120)
    }

    @Test func `a codec that is not known ends with the advice to write CSV`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let inventory = try inventory(["zstd.parquet"])
        let problem = #expect(throws: InventoryReader.Problem.self) { try Self.objects(of: inventory) }
        #expect(
            problem?.message.hasSuffix(
                "0-zstd.parquet: the column key, page at byte 88: its pages are compressed by Zstandard") == true)
        #expect(problem?.advice == "Configure the inventory to be written as CSV.")
    }

    @Test func `a row that can't be right is named`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let inventory = try inventory(["negative-size.parquet"])
        let problem = #expect(throws: InventoryReader.Problem.self) { try Self.objects(of: inventory) }
        #expect(
            problem?.message.hasSuffix("0-negative-size.parquet, row 2: the size is -10968163441") == true,
            "\(problem as Any)")
        #expect(problem?.advice.contains("Copy the file anew") == true)
    }

    @Test func `a schema without a key or a size is refused, and so is ORC`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        func message(_ format: String, _ schema: String) throws -> String {
            do {
                _ = try inventory(["snappy.parquet"], format: format, schema: schema)
                return ""
            } catch let error as RunError {
                return "\(error.message) \(error.advice)"
            }
        }
        #expect(try message("Parquet", "message s3.inventory { required binary key (UTF8); }").contains("no Size"))
        #expect(try message("Parquet", "Bucket, Key, Size").contains("no Key"))
        #expect(try message("ORC", "struct<bucket:string,key:string,size:bigint>").contains("as CSV or Parquet"))
    }
}
