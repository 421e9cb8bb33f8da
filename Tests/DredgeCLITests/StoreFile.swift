import Foundation
import TestServers
import Testing

/// A store as `dredge store` shows it.
struct StoreFile {
    let path: String

    init(_ path: String) { self.path = path }

    init(_ name: String, in directory: TemporaryDirectory) { path = directory.url.appending(path: name).path }

    var exists: Bool { FileManager.default.fileExists(atPath: path) }

    func digest() async throws -> String {
        let outcome = try await DredgeBinary.run(["store", "digest", path])
        #expect(outcome.status == 0 && !outcome.output.isEmpty && outcome.error.isEmpty, "\(outcome)")
        return outcome.output
    }

    /// What `verify --json` tells of a sound store.
    @discardableResult
    func verified(sourceLocation: SourceLocation = #_sourceLocation) async throws -> [String: Any] {
        let outcome = try await DredgeBinary.run(["store", "verify", path, "--json"])
        #expect(outcome.status == 0, "\(outcome)", sourceLocation: sourceLocation)
        return try JSONLine.object(outcome.output)
    }

    /// The keys of the objects in a state.
    func keys(_ state: String) async throws -> Set<String> {
        Set(try await objects(state).map { try #require($0["key"] as? String) })
    }

    /// The objects in a state, as `ls --json` tells of them.
    func objects(_ state: String) async throws -> [[String: Any]] {
        let outcome = try await DredgeBinary.run(["store", "ls", path, "--state", state, "--json"])
        try #require(outcome.status == 0, "\(outcome)")
        return try JSONLine.objects(outcome.output)
    }

    /// The exported chunks of each object, put together. Requires that they follow upon each other without a gap.
    func texts() async throws -> [String: [UInt8]] {
        var texts: [String: [UInt8]] = [:]
        var ordinals: [String: Int] = [:]
        for chunk in try await chunks() {
            let key = try #require(chunk["key"] as? String)
            let text = Array(try #require(chunk["text"] as? String).utf8)
            let bytes = try (chunk["base64"] as? String).map { Array(try #require(Data(base64Encoded: $0))) } ?? text
            try #require(chunk["byte_offset"] as? Int == texts[key, default: []].count)
            try #require(chunk["byte_length"] as? Int == bytes.count)
            try #require(chunk["ordinal"] as? Int == ordinals[key, default: 0])
            texts[key, default: []] += bytes
            ordinals[key, default: 0] += 1
        }
        return texts
    }

    /// The lines of `export`.
    func chunks() async throws -> [[String: Any]] {
        let outcome = try await DredgeBinary.run(["store", "export", path])
        try #require(outcome.status == 0 && outcome.error.isEmpty, "\(outcome.error)")
        return try JSONLine.objects(outcome.output)
    }
}

/// Machine output.
enum JSONLine {
    /// The only line of `text`.
    static func object(_ text: String) throws -> [String: Any] {
        let lines = try objects(text)
        try #require(lines.count == 1, "\(text)")
        return lines[0]
    }

    static func objects(_ text: String) throws -> [[String: Any]] {
        try text.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
        }
    }
}

extension [String: Any] {
    /// `{"objects": …}` of a report's row.
    func objectCount(_ row: String) -> Int? { (self[row] as? [String: Any])?["objects"] as? Int }
}
