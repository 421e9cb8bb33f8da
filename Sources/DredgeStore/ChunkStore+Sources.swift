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

extension ChunkStore {
    /// The run of this ID, or the newest one for `latest`. Throws `noSuchRun`, with the newest ones that are there,
    /// where the store has none.
    public func run(named name: String) async throws(StoreError) -> RunID {
        let path = path
        return try await readSnapshot { db in
            let runs = try query(
                db, "SELECT id, name FROM run WHERE ?1 = 'latest' OR name = ?1 ORDER BY id DESC LIMIT 1", [.text(name)]
            ) { RunID(rawValue: $0.int64(0)) }
            if let run = runs.first { return run }
            let names = try query(
                db, "SELECT name FROM run ORDER BY id DESC LIMIT \(StoreLimits.statsRunCount)"
            ) { $0.text(0) ?? "" }
            throw StoreError(
                code: .noSuchRun, path: path, message: "\(path) has no run \"\(name)\".",
                advice: names.isEmpty
                    ? "It has none at all." : "Its runs, newest first: \(names.joined(separator: ", ")).")
        }
    }
}
