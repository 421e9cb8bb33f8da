import DredgeAWS
import DredgeBase

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Collects the entries of a `ListBucketResult` while it is read, then checks and decodes them.
final class ListAnswer: XMLHandler {
    /// Why an answer is no listing.
    struct Problem: Error {
        var message: String
    }

    /// As it stands in the document, not decoded: `EncodingType` may come after the entries. Of a text that is too long
    /// to be right, one byte more than can be is kept.
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
    private var hasTooMany = false
    /// What stands in the document, when its root is `Error`.
    private(set) var errorFields: [String: String] = [:]

    init() {}

    /// What `document` holds. Throws where it is no XML that can be read.
    convenience init(reading document: UnsafeRawBufferPointer, limits: S3Limits) throws {
        self.init()
        var documentLimits = XMLReader.Limits()
        documentLimits.byteCountMax = limits.listAnswerByteCountMax
        documentLimits.textByteCountMax = S3Limits.listTextByteCountMax
        documentLimits.cutsText = true
        try XMLReader.read(document, limits: documentLimits, handler: self)
    }

    func begin(_ name: String, depth: Int) {
        if depth == 1 { rootName = name }
        if depth == 2 {
            isInEntry = name == "Contents" && entries.count < S3Limits.listEntryCountMax
            if isInEntry { entries.append(Entry()) } else if name == "Contents" { hasTooMany = true }
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
            case "Key": entries[last].key = Array(Self.cut(text, S3Limits.keyTextByteCountMax))
            case "Size": entries[last].size = Self.string(text, byteCountMax: S3Limits.wordByteCountMax)
            case "ETag": entries[last].eTag = Self.string(text, byteCountMax: S3Limits.eTagByteCountMax)
            case "LastModified": entries[last].lastModified = Self.string(text, byteCountMax: S3Limits.wordByteCountMax)
            case "StorageClass":
                entries[last].storageClass = Self.string(text, byteCountMax: S3Limits.storageClassByteCountMax)
            default: break
            }
        default:
            break
        }
    }

    /// The page that was read.
    func page(prefix: ObjectKey) throws(Problem) -> ListPage {
        guard rootName == "ListBucketResult" else {
            throw Problem(message: "the answer is a \(Self.shown(rootName)) document, not a ListBucketResult")
        }
        guard !hasTooMany else {
            throw Problem(message: "a page of the listing has more than \(S3Limits.listEntryCountMax) entries")
        }
        let token: String?
        switch isTruncated {
        case "false", "0":
            token = nil
        case "true", "1":
            guard let nextToken, !nextToken.isEmpty else {
                throw Problem(message: "the listing goes on, but the service gave no token for its next page")
            }
            // A longer one was cut.
            guard nextToken.utf8.count < S3Limits.listTextByteCountMax else {
                throw Problem(message: "the token of the listing's next page has \(nextToken.utf8.count) bytes or more")
            }
            token = nextToken
        default:
            throw Problem(
                message: "the listing doesn't say whether it is truncated (IsTruncated: \(Self.shown(isTruncated)))")
        }
        let isEncoded = encodingType == "url"
        var objects: [ListedObject] = []
        objects.reserveCapacity(entries.count)
        var before: ObjectKey?
        for (index, entry) in entries.enumerated() {
            let object = object(entry, number: index + 1, isEncoded: isEncoded, prefix: prefix, before: before)
            if object.isNamed { before = object.key }
            objects.append(object)
        }
        return ListPage(objects: objects, continuationToken: token)
    }

    /// What is wrong with one entry is no reason to leave the others out.
    private func object(
        _ entry: Entry, number: Int, isEncoded: Bool, prefix: ObjectKey, before: ObjectKey?
    ) -> ListedObject {
        let (key, keyProblem) = key(of: entry, number: number, isEncoded: isEncoded, prefix: prefix, before: before)
        let storageClass = entry.storageClass.flatMap { $0.isEmpty || $0 == "STANDARD" ? nil : $0 }
        var object = ListedObject(
            key: key, size: 0, eTag: ETag(""), lastModified: entry.lastModified.flatMap(Timestamp.iso8601),
            storageClass: storageClass.map { printable($0.utf8, scalarCountMax: S3Limits.storageClassByteCountMax) })
        object.flaw = keyProblem.map { .init(code: .listedKey, message: $0) } ?? flaw(of: entry, into: &object)
        return object
    }

    /// The entry's key, and what can't be right about it; then the key is what can be told of it.
    private func key(
        of entry: Entry, number: Int, isEncoded: Bool, prefix: ObjectKey, before: ObjectKey?
    ) -> (ObjectKey, problem: String?) {
        guard let text = entry.key, !text.isEmpty else {
            let place = before.map { "after \(printable($0.bytes, scalarCountMax: 120))" } ?? "the first"
            return (
                ObjectKey("(entry \(number) of a page of the listing, \(place))"),
                "entry \(number) of its page of the listing has no key"
            )
        }
        guard text.count <= S3Limits.keyTextByteCountMax else {
            // An escape may be cut in two.
            let end = text.suffix(2).firstIndex(of: UInt8(ascii: "%")) ?? text.endIndex
            let whole = Array(text[..<end])
            return Self.tooLong((isEncoded ? Self.decoded(whole) : whole) ?? whole, "more than")
        }
        guard let bytes = isEncoded ? Self.decoded(text) : text else {
            return (
                ObjectKey(Array(text.prefix(S3Limits.keyByteCountMax))),
                "entry \(number) of its page of the listing has a key with a broken escape"
            )
        }
        guard bytes.count <= S3Limits.keyByteCountMax else { return Self.tooLong(bytes, "") }
        guard bytes.starts(with: prefix.bytes) else {
            return (
                ObjectKey(bytes),
                "entry \(number) of its page of the listing has a key that doesn't begin with the prefix asked for"
            )
        }
        return (ObjectKey(bytes), nil)
    }

    private static func tooLong(_ bytes: [UInt8], _ least: String) -> (ObjectKey, problem: String?) {
        let count = least.isEmpty ? "\(bytes.count)" : "\(least) \(S3Limits.keyByteCountMax)"
        return (
            ObjectKey(Array(bytes.prefix(S3Limits.keyByteCountMax))),
            "it is listed with a key of \(count) bytes, of which these are the first"
        )
    }

    /// Takes size and ETag into `object`; what can't be right about them.
    private func flaw(of entry: Entry, into object: inout ListedObject) -> ListedObject.Flaw? {
        guard let size = entry.size.flatMap({ UInt64($0) }), size <= S3Limits.objectByteCountMax else {
            return .init(code: .listedSize, message: "it is listed with the size \(Self.shown(entry.size))")
        }
        object.size = size
        let eTag = entry.eTag ?? ""
        guard ETag.canBe(eTag) else {
            return .init(code: .listedETag, message: "it is listed with the ETag \(Self.shown(eTag))")
        }
        object.eTag = ETag(eTag)
        return nil
    }

    /// With `encoding-type=url` AWS writes a space as `+` (and a plus sign as `%2B`), Ceph and moto as `%20`; none
    /// leaves a plus sign as it is.
    private static func decoded(_ text: [UInt8]) -> [UInt8]? {
        text.withUnsafeBytes { URIEncoding.decode($0, plusIsSpace: true) }
    }

    private static func string(_ text: UnsafeRawBufferPointer) -> String {
        String(decoding: text, as: UTF8.self)
    }

    private static func string(_ text: UnsafeRawBufferPointer, byteCountMax: Int) -> String {
        string(cut(text, byteCountMax))
    }

    private static func cut(_ text: UnsafeRawBufferPointer, _ byteCountMax: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: text.prefix(byteCountMax + 1))
    }

    private static func shown(_ text: String?) -> String {
        guard let text else { return "(none)" }
        return "\"\(printable(text.utf8, scalarCountMax: 120))\""
    }
}

extension ListPage {
    /// The page that a `ListBucketResult` document holds. Throws what is wrong with it.
    package static func reading(_ document: UnsafeRawBufferPointer, prefix: ObjectKey) throws -> ListPage {
        if let page = ListPage(ordinary: document, prefix: prefix) { return page }
        return try ListAnswer(reading: document, limits: S3Limits()).page(prefix: prefix)
    }
}
