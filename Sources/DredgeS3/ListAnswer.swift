import DredgeAWS
import DredgeBase

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Collects the entries of a `ListBucketResult` while it is read, then checks and decodes them.
final class ListAnswer: XMLHandler {
    /// Why an answer is no listing. One that is wrong in one place can't be trusted in the others.
    struct Problem: Error {
        var message: String
    }

    /// As it stands in the document, not decoded: `EncodingType` may come after the entries.
    private struct Entry {
        var key: [UInt8]?
        var size: String?
        var eTag: String?
        var lastModified: String?
        var storageClass: String?
    }

    private(set) var rootName: String?
    private var entries: [Entry] = []
    private var isTruncated: String?
    private var nextToken: String?
    private var encodingType: String?
    private var isInEntry = false
    /// What stands in the document, when its root is `Error`.
    private(set) var errorFields: [String: String] = [:]

    func begin(_ name: String, depth: Int) {
        if depth == 1 { rootName = name }
        if depth == 2 {
            isInEntry = name == "Contents"
            if isInEntry { entries.append(Entry()) }
        }
    }

    func end(_ name: String, depth: Int, text: UnsafeRawBufferPointer) {
        switch depth {
        case 2 where rootName == "Error":
            errorFields[name] = Self.string(text)
        case 2:
            switch name {
            case "IsTruncated": isTruncated = Self.string(text)
            case "NextContinuationToken": nextToken = Self.string(text)
            case "EncodingType": encodingType = Self.string(text)
            default: break
            }
        case 3 where isInEntry:
            let last = entries.count - 1
            switch name {
            case "Key": entries[last].key = Array(text)
            case "Size": entries[last].size = Self.string(text)
            case "ETag": entries[last].eTag = Self.string(text)
            case "LastModified": entries[last].lastModified = Self.string(text)
            case "StorageClass": entries[last].storageClass = Self.string(text)
            default: break
            }
        default:
            break
        }
    }

    /// The page that was read.
    func page(prefix: ObjectKey, continuationToken: String?) throws(Problem) -> ListPage {
        guard rootName == "ListBucketResult" else {
            throw Problem(message: "the answer is a \(Self.shown(rootName)) document, not a ListBucketResult")
        }
        let token: String?
        switch isTruncated {
        case "false", "0":
            token = nil
        case "true", "1":
            guard let nextToken, !nextToken.isEmpty else {
                throw Problem(message: "the listing goes on, but the service gave no token for its next page")
            }
            guard nextToken != continuationToken else {
                throw Problem(
                    message: "the service gave the same continuation token again, so the listing would never end")
            }
            token = nextToken
        default:
            throw Problem(
                message: "the listing doesn't say whether it is truncated (IsTruncated: \(Self.shown(isTruncated)))")
        }
        let isEncoded = encodingType == "url"
        var objects: [ListedObject] = []
        objects.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            objects.append(try object(entry, at: index, isEncoded: isEncoded, prefix: prefix))
        }
        return ListPage(objects: objects, continuationToken: token)
    }

    private func object(_ entry: Entry, at index: Int, isEncoded: Bool, prefix: ObjectKey) throws(Problem)
        -> ListedObject
    {
        guard let text = entry.key, !text.isEmpty else {
            throw Problem(message: "entry \(index) of the listing has no key")
        }
        guard let bytes = isEncoded ? Self.decoded(text) : text else {
            throw Problem(
                message:
                    "entry \(index) of the listing has a key with a broken escape: "
                    + "\(printable(text, scalarCountMax: 120))"
            )
        }
        let key = ObjectKey(bytes)
        guard key.bytes.starts(with: prefix.bytes) else {
            throw Problem(
                message:
                    "the listing holds \(Self.shown(key.description)), which doesn't begin with the prefix asked for")
        }
        guard let size = entry.size.flatMap({ UInt64($0) }), size <= S3Limits.objectByteCountMax else {
            throw Problem(message: "\(Self.shown(key.description)) is listed with the size \(Self.shown(entry.size))")
        }
        let eTag = entry.eTag ?? ""
        guard eTag.utf8.count <= 1_024, eTag.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            // It goes back to the service in a header.
            throw Problem(message: "\(Self.shown(key.description)) is listed with an ETag that can't be one")
        }
        let storageClass = entry.storageClass.flatMap { $0.isEmpty || $0 == "STANDARD" ? nil : $0 }
        return ListedObject(
            key: key, size: size, eTag: ETag(eTag), lastModified: entry.lastModified.flatMap(Timestamp.iso8601),
            storageClass: storageClass.map { printable($0.utf8, scalarCountMax: 64) })
    }

    /// With `encoding-type=url` AWS writes a space as `+` (and a plus sign as `%2B`), Ceph and moto as `%20`; none
    /// leaves a plus sign as it is.
    private static func decoded(_ text: [UInt8]) -> [UInt8]? {
        text.withUnsafeBytes { URIEncoding.decode($0, plusIsSpace: true) }
    }

    private static func string(_ text: UnsafeRawBufferPointer) -> String {
        String(decoding: text, as: UTF8.self)
    }

    private static func shown(_ text: String?) -> String {
        guard let text else { return "(none)" }
        return "\"\(printable(text.utf8, scalarCountMax: 120))\""
    }
}
