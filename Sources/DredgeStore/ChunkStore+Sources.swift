public import DredgeLedger
internal import GRDB

extension ChunkStore {
    /// Throws `noSuchSource`, with the names of those that are there, where the store has no source of this name.
    public func requireSource(_ name: String) async throws(StoreError) {
        let path = path
        try await readSnapshot { db in try Self.requireSource(db, name, path: path) }
    }

    /// Throws `noSuchSource` where the store at `path` has no source of this name.
    static func requireSource(_ db: Database, _ name: String, path: String) throws {
        let names = try query(db, "SELECT DISTINCT name FROM source ORDER BY name") { $0.text(0) ?? "" }
        if names.contains(name) { return }
        let shown = names.prefix(StoreLimits.namedSourceCount).map { "\"\($0)\"" }.joined(separator: ", ")
        let rest = names.count - StoreLimits.namedSourceCount
        throw StoreError(
            code: .noSuchSource, path: path, message: "\(path) has no source \"\(name)\".",
            advice: names.isEmpty ? "It has none at all." : "It has: \(shown)\(rest > 0 ? " and \(rest) more" : "").")
    }
}
