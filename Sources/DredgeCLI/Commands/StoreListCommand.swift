import ArgumentParser
import Dredge
import DredgeBase
import DredgeConfig
import DredgeLedger
import DredgeShards
import DredgeStore
import Foundation

struct StoreListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List the objects with their states, in the order of their keys.",
        discussion: """
            """,
        example: """
            dredge store ls contracts.chunks --prefix 2025/ --state failed
            """, hasRareFlags: true)

    @OptionGroup var store: ContentArgument

    @OptionGroup var selection: SelectionOptions

    @Flag(help: "Print a line of JSON for each object.")
    var json = false

    func run() async throws {
        try await store.read(list)
    }

    private func list(_ content: ContentArgument.Content) async throws {
        var objects = try await selection.objects(in: content)
        while let object = try await objects.next() { try tell(object) }
    }

    private func tell(_ object: StoredObject) throws {
        try StandardOutput.shared.write(json ? JSONText.line(ObjectLine(object)) : ObjectText.line(object))
    }
}

/// An object for people.
enum ObjectText {
    /// `indexed    12.3 kB      12 chunks      3,456 tokens  s3://bucket/key`; a reason stands where the counts would.
    static func line(_ object: StoredObject) -> String {
        let counts =
            "\(padded(Figures.count(object.chunkCount), 9)) chunks "
            + "\(padded(Figures.count(object.tokenCount), 13)) tokens"
        var middle = counts
        if let reason = object.reason {
            middle = Quoting.escaped(FailReason.words(reason))
        } else if object.content == nil {
            middle = ""
        }
        if object.isStale, object.state != .vanished {
            middle += (middle.isEmpty ? "" : ", ") + "an older version is stored"
        }
        middle += String(repeating: " ", count: max(0, counts.count - middle.count))
        let state = object.state.rawValue
        let stateColumn = state + String(repeating: " ", count: max(0, 9 - state.count))
        let size = padded(Figures.bytes(object.size), 8)
        return "\(stateColumn) \(size) \(middle)  \(name(bucket: object.bucket, key: object.key))\n"
    }

    static func name(bucket: String, key: [UInt8]) -> String {
        "s3://\(Quoting.escaped(bucket))/\(Quoting.escaped(String(decoding: key, as: UTF8.self)))"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

/// An object for machines.
struct ObjectLine: Encodable {
    var source: String
    var bucket: String
    /// The source's.
    var prefix: String
    var endpointURL: String?
    var key: String
    /// Only where the key is not valid UTF-8: its exact bytes.
    var keyBase64: String?
    var state: String
    var reason: String?
    var size: UInt64
    /// Without quotes.
    var etag: String
    var lastModified: Date?
    var storageClass: String?
    var attempts: Int
    var requestID: String?
    var chunks: Int
    var tokens: Int
    /// Of what is stored, which may be an older version.
    var storedEtag: String?
    var storedVersionID: String?

    init(_ object: StoredObject) {
        source = object.source
        bucket = object.bucket
        prefix = object.prefix
        endpointURL = object.endpointURL
        key = String(decoding: object.key, as: UTF8.self)
        keyBase64 = key.utf8.elementsEqual(object.key) ? nil : Data(object.key).base64EncodedString()
        state = object.state.rawValue
        reason = object.reason
        size = object.size
        etag = object.eTag.value
        lastModified = object.lastModified
        storageClass = object.storageClass
        attempts = object.attemptCount
        requestID = object.requestID
        chunks = object.chunkCount
        tokens = object.tokenCount
        storedEtag = object.content?.eTag.value
        storedVersionID = object.content?.versionID
    }
}
