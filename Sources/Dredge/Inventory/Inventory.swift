import DredgeS3

public import Foundation

/// A list of a bucket's objects that S3 Inventory made, as files on this machine: read in the place of the bucket's
/// listing, it costs no request. It is as old as it is, up to a week.
///
/// It is what `aws s3 cp --recursive` brings of the inventory's folder: `manifest.json`, and the CSV files that it
/// names, either beside it, in a folder `data` beside it, or in a folder `data` beside its own folder, as S3 lays them
/// out (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html>).
public struct Inventory: Sendable, Hashable {
    /// The bucket whose objects it lists.
    public let bucket: String
    /// When S3 began to make it; nil: the manifest does not say.
    public let created: Date?
    /// Of the CSV files, in the order of the manifest.
    let paths: [String]
    let columns: Columns

    /// Which field of a row is what, from 0.
    struct Columns: Sendable, Hashable {
        var key: Int
        var size: Int
        var eTag: Int?
        var lastModified: Int?
        var storageClass: Int?
        var isLatest: Int?
        var isDeleteMarker: Int?
    }

    private struct Manifest: Decodable {
        struct File: Decodable {
            var key: String
            /// Bytes, as it is stored.
            var size: UInt64?
        }
        var sourceBucket: String
        var fileFormat: String
        var fileSchema: String
        var creationTimestamp: String?
        var files: [File]
    }

    /// Bytes of a manifest that are read: some hundred thousand files.
    private static let manifestByteCountMax = 64 << 20

    /// Reads the manifest at `path`. Throws a `RunError` that says what is wrong with it, or which of its files is not
    /// there.
    public init(manifest path: String) throws(RunError) {
        func refusal(_ message: String, _ advice: String) -> RunError {
            RunError(
                code: .invalidSource, step: "read the inventory \(path)", message: message, advice: advice)
        }
        let manifest: Manifest
        do {
            if let byteCount = Self.byteCount(of: path), byteCount > Self.manifestByteCountMax {
                throw refusal("It has \(byteCount) bytes.", "Give the path of an inventory's manifest.json.")
            }
            manifest = try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        } catch let error as RunError {
            throw error
        } catch is DecodingError {
            throw refusal(
                "It is no manifest of S3 Inventory.", "Give the path of an inventory's manifest.json.")
        } catch {
            var isFolder: ObjCBool = false
            let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            throw refusal(
                isFolder.boolValue ? "It is a folder." : isThere ? "It can't be read." : "It is not there.",
                "Give the path of its manifest.json.")
        }
        guard manifest.fileFormat == "CSV" else {
            throw refusal(
                "Its files have the format \(manifest.fileFormat).",
                "Configure the inventory to be written as CSV; ORC and Parquet are not read.")
        }
        let names = manifest.fileSchema.split(separator: ",").map { $0.drop { $0 == " " } }
        func column(_ name: String) -> Int? { names.firstIndex { $0 == name } }
        guard let key = column("Key"), let size = column("Size") else {
            throw refusal(
                "Its rows have no \(column("Key") == nil ? "Key" : "Size"): they have \(manifest.fileSchema).",
                "Give an inventory that has the key and the size of the objects.")
        }
        bucket = manifest.sourceBucket
        columns = Columns(
            key: key, size: size, eTag: column("ETag"), lastModified: column("LastModifiedDate"),
            storageClass: column("StorageClass"), isLatest: column("IsLatest"),
            isDeleteMarker: column("IsDeleteMarker"))
        created = manifest.creationTimestamp.flatMap(Double.init).map { Date(timeIntervalSince1970: $0 / 1000) }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        let data = folder.deletingLastPathComponent().appendingPathComponent("data")
        var paths: [String] = []
        for file in manifest.files {
            let name = file.key.split(separator: "/").last.map(String.init) ?? file.key
            let places = ["../data/\(name)", "data/\(name)", name].map { folder.appendingPathComponent($0).path }
            guard let place = places.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
                throw refusal(
                    "It names the file \(file.key), which is not in \(data.path).",
                    "Copy the inventory's data files to that folder.")
            }
            if let size = file.size, let byteCount = Self.byteCount(of: place), size != byteCount {
                throw refusal(
                    "Its file \(place) has \(byteCount) bytes, and \(size) by the manifest: it is cut off, or another.",
                    "Copy it anew.")
            }
            paths.append(place)
        }
        self.paths = paths
    }

    private static func byteCount(of path: String) -> UInt64? {
        ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? NSNumber)?.uint64Value
    }
}
