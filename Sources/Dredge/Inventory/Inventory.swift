import DredgeBase
import DredgeS3

public import Foundation

/// A list of a bucket's objects that S3 Inventory made, as files on this machine: read in the place of the bucket's
/// listing, it costs no request. It is as old as it is, up to a week.
///
/// It is what `aws s3 cp --recursive` brings of the inventory's folder: `manifest.json`, and the files that it
/// names, in CSV or Parquet, either beside it, in a folder `data` beside it, or in a folder `data` beside its own
/// folder, as S3 lays them out (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html>).
public struct Inventory: Sendable, Hashable {
    /// The bucket whose objects it lists.
    public let bucket: String
    /// When S3 began to make it; nil: the manifest does not say.
    public let created: Date?
    let format: Format
    /// In the order of the manifest.
    private(set) var files: [DataFile]
    let columns: Columns

    /// The formats that are read. The raw values are the manifest's.
    enum Format: String, Sendable {
        case csv = "CSV"
        case parquet = "Parquet"
    }

    /// A file of rows.
    struct DataFile: Sendable, Hashable {
        var path: String
        /// Of its bytes, in lowercase hexadecimal; nil: the manifest has none.
        var md5: String?
    }

    /// What is read of a row. The raw values are the names in a manifest of CSV.
    enum Field: String, Sendable, CaseIterable {
        case key = "Key"
        case size = "Size"
        case eTag = "ETag"
        case lastModified = "LastModifiedDate"
        case storageClass = "StorageClass"
        case isLatest = "IsLatest"
        case isDeleteMarker = "IsDeleteMarker"

        /// The name in Parquet's schemas.
        var nameInParquet: String {
            switch self {
            case .key: "key"
            case .size: "size"
            case .eTag: "e_tag"
            case .lastModified: "last_modified_date"
            case .storageClass: "storage_class"
            case .isLatest: "is_latest"
            case .isDeleteMarker: "is_delete_marker"
            }
        }
    }

    /// Which field of a row is what, from 0.
    struct Columns: Sendable, Hashable {
        var key: Int
        var size: Int
        var eTag: Int?
        var lastModified: Int?
        var storageClass: Int?
        var isLatest: Int?
        var isDeleteMarker: Int?

        subscript(_ field: Field) -> Int? {
            switch field {
            case .key: key
            case .size: size
            case .eTag: eTag
            case .lastModified: lastModified
            case .storageClass: storageClass
            case .isLatest: isLatest
            case .isDeleteMarker: isDeleteMarker
            }
        }
    }

    /// Of the files.
    var paths: [String] { files.map(\.path) }

    /// The same, with one of its files alone.
    func only(_ file: DataFile) -> Inventory {
        var copy = self
        copy.files = [file]
        return copy
    }

    /// What helps where a file has what is not read here.
    static let asCSV = "Configure the inventory to be written as CSV."

    private struct Manifest: Decodable {
        struct File: Decodable {
            var key: String
            /// Bytes, as it is stored.
            var size: UInt64?
            var MD5checksum: String?
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
        guard let format = Format(rawValue: manifest.fileFormat) else {
            throw refusal(
                "Its files have the format \(manifest.fileFormat).",
                "Configure the inventory to be written as CSV or Parquet; ORC is not read.")
        }
        let names = format.names(in: manifest.fileSchema)
        func column(_ field: Field) -> Int? {
            names.firstIndex { $0 == (format == .csv ? field.rawValue : field.nameInParquet) }
        }
        guard let key = column(.key), let size = column(.size) else {
            throw refusal(
                "Its rows have no \((column(.key) == nil ? Field.key : .size).rawValue): they have "
                    + "\(manifest.fileSchema).",
                "Give an inventory that has the key and the size of the objects.")
        }
        self.format = format
        bucket = manifest.sourceBucket
        columns = Columns(
            key: key, size: size, eTag: column(.eTag), lastModified: column(.lastModified),
            storageClass: column(.storageClass), isLatest: column(.isLatest),
            isDeleteMarker: column(.isDeleteMarker))
        created = manifest.creationTimestamp.flatMap(Double.init).map { Date(timeIntervalSince1970: $0 / 1000) }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        let data = folder.deletingLastPathComponent().appendingPathComponent("data")
        var files: [DataFile] = []
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
            files.append(DataFile(path: place, md5: file.MD5checksum.flatMap(Self.md5)))
        }
        self.files = files
    }

    /// nil: it is none. Some that write inventories put something else in its place.
    private static func md5(_ text: String) -> String? {
        text.utf8.count == 2 * MD5.byteCount && text.allSatisfy(\.isHexDigit) ? text.lowercased() : nil
    }

    private static func byteCount(of path: String) -> UInt64? {
        ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? NSNumber)?.uint64Value
    }
}

extension Inventory.Format {
    /// The names of a row's fields: `Bucket, Key, …`, or `message s3.inventory { required binary bucket (UTF8); … }`.
    func names(in schema: String) -> [Substring] {
        switch self {
        case .csv: schema.split(separator: ",").map { $0.drop { $0 == " " } }
        case .parquet:
            schema.drop { $0 != "{" }.dropFirst().split(separator: ";").compactMap { field in
                field.split(whereSeparator: \.isWhitespace).dropFirst(2).first
            }
        }
    }
}
