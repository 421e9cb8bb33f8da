import ArgumentParser
import DredgeBase
import DredgeConfig
import DredgeLedger
import DredgeShards
import DredgeStore
import Foundation

struct StoreDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "List the documents that were added, removed or changed between two stores.",
        discussion: """
            A document is known by its bucket, key and source. It is changed if its ETag, its bytes, or the number of \
            its chunks or tokens is another; texts are not compared, `dredge store digest` does that. Each of the two \
            may be a job. Status 0: they are equal. 2: they differ, in documents or in settings.
            """,
        example: """
            cp contracts.chunks before.chunks; dredge run contracts.yaml; \
            dredge store diff before.chunks contracts.chunks
            """, hasRareFlags: true)

    @Argument(help: ArgumentHelp("The store or job as it was before.", valueName: "before"), completion: .file())
    var before: String

    @Argument(help: ArgumentHelp("The store or job as it is now.", valueName: "after"), completion: .file())
    var after: String

    @OptionGroup var storage: StorageOptions

    @OptionGroup var place: PlaceOptions

    @Flag(help: "Print a line of JSON for each document.")
    var json = false

    func run() async throws {
        try await ContentArgument.read(before, storage) { before in
            try await ContentArgument.read(after, storage) { after in
                try await compare(before, after)
            }
        }
    }

    private func compare(_ before: ContentArgument.Content, _ after: ContentArgument.Content) async throws {
        // A source may be new, or gone.
        do { try await place.source.check(in: before) } catch { try await place.source.check(in: after) }
        var left = Documents(objects: try await place.objects(in: before))
        var right = Documents(objects: try await place.objects(in: after))
        try await left.advance()
        try await right.advance()
        var counts: [DocumentChange.Kind: Int] = [:]
        while let change = DocumentChange(left.first, right.first) {
            counts[change.kind, default: 0] += 1
            if change.kind != .equal { try StandardOutput.shared.write(json ? JSONText.line(change) : change.text) }
            if change.before != nil { try await left.advance() }
            if change.after != nil { try await right.advance() }
        }
        StandardOutput.shared.flush()
        let isSame = before.settings == after.settings
        let text = DocumentChange.Kind.allCases.map { "\(Figures.count(counts[$0] ?? 0)) \($0.rawValue)" }
        StandardError.write("dredge: \(text.joined(separator: ", "))\(isSame ? "" : "; the settings differ")\n")
        if json {
            let numbers = Dictionary(
                uniqueKeysWithValues: DocumentChange.Kind.allCases.map { ($0.rawValue, counts[$0] ?? 0) })
            Answer.give(DiffAnswer(counts: numbers, areSettingsEqual: isSame))
        }
        if !isSame || counts.contains(where: { $0.key != .equal }) { throw CommandFailure(.incomplete) }
    }
}

/// What a comparison comes to.
private struct DiffAnswer: Encodable {
    /// Documents by what became of them.
    var counts: [String: Int]
    var areSettingsEqual: Bool
}

/// The objects of which something is stored, one after the other.
private struct Documents {
    var objects: ContentObjects
    /// nil: at the end.
    private(set) var first: StoredObject?

    init(objects: ContentObjects) { self.objects = objects }

    mutating func advance() async throws {
        repeat { first = try await objects.next() } while first.map { $0.content == nil } ?? false
    }
}

/// What became of a document.
struct DocumentChange: Encodable {
    enum Kind: String, Encodable, CaseIterable { case added, removed, changed, equal }

    struct Version: Encodable {
        var etag: String
        var versionID: String?
        /// Of the document.
        var bytes: UInt64
        var chunks: Int
        var tokens: Int

        init(_ object: StoredObject, _ content: StoredObject.Content) {
            etag = content.eTag.value
            versionID = content.versionID
            bytes = content.byteCount
            chunks = object.chunkCount
            tokens = object.tokenCount
        }

        /// A copy of the same version may have another ID.
        func isSame(as other: Version) -> Bool {
            etag == other.etag && bytes == other.bytes && chunks == other.chunks && tokens == other.tokens
        }
    }

    var kind: Kind
    var source: String
    var bucket: String
    var key: String
    /// Only where the key is not valid UTF-8: its exact bytes.
    var keyBase64: String?
    var before: Version?
    var after: Version?
    private let keyBytes: [UInt8]

    private enum CodingKeys: String, CodingKey {
        case kind = "change"
        case source, bucket, key, keyBase64, before, after
    }

    /// Of the first documents of two sequences that are in order, the one that comes first, or both where they are the
    /// same. nil: both sequences are at their end.
    init?(_ left: StoredObject?, _ right: StoredObject?) {
        var (left, right) = (left, right)
        if let a = left, let b = right {
            if Self.isBefore(a, b) { right = nil } else if Self.isBefore(b, a) { left = nil }
        }
        guard let object = right ?? left else { return nil }
        before = left.flatMap { object in object.content.map { Version(object, $0) } }
        after = right.flatMap { object in object.content.map { Version(object, $0) } }
        kind =
            if let before, let after { before.isSame(as: after) ? .equal : .changed } else {
                before == nil ? .added : .removed
            }
        source = object.source
        bucket = object.bucket
        keyBytes = object.key
        key = String(decoding: object.key, as: UTF8.self)
        keyBase64 = key.utf8.elementsEqual(object.key) ? nil : Data(object.key).base64EncodedString()
    }

    private static func isBefore(_ a: StoredObject, _ b: StoredObject) -> Bool {
        if a.bucket != b.bucket { return a.bucket.utf8.lexicographicallyPrecedes(b.bucket.utf8) }
        if a.key != b.key { return a.key.lexicographicallyPrecedes(b.key) }
        return a.source.utf8.lexicographicallyPrecedes(b.source.utf8)
    }

    /// For people: `changed    12.3 kB  s3://bucket/key`, with the bytes of the newer version.
    var text: String {
        let size = Figures.bytes((after ?? before)?.bytes ?? 0)
        return
            "\(kind.rawValue)\(String(repeating: " ", count: max(1, 17 - kind.rawValue.count - size.count)))\(size)  "
            + "\(ObjectText.name(bucket: bucket, key: keyBytes))\n"
    }
}
