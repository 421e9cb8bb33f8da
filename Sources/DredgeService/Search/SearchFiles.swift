internal import DredgeBase
internal import Foundation
internal import GRDB
internal import Synchronization

/// The search files of the collections: who writes to which, and those that are open to be searched.
final class SearchFiles: Sendable {
    private let directory: URL
    private struct Uses: Sendable {
        var writing: Set<String> = []
        /// Collections whose file has what the chunk store has, as far as this process knows.
        var current: Set<String> = []
    }
    private let uses = Monitor(Uses(), order: .any)
    private struct Readers {
        var open: [String: (reader: SearchReader, lastUse: Int)] = [:]
        var useCount = 0
    }
    private let readers = Mutex(Readers())

    /// - Parameter directory: of the collections' files.
    init(directory: URL) { self.directory = directory }

    /// Where the collection's search file is.
    func path(_ collection: String) -> String { directory.appending(path: "\(collection).search").path }

    func exists(_ collection: String) -> Bool { FileManager.default.fileExists(atPath: path(collection)) }

    /// Whether the file has what the chunk store has, or there is nothing that it could have.
    func isCurrent(_ collection: String) -> Bool { uses.read { $0.current.contains(collection) } }

    func setCurrent(_ collection: String, _ isCurrent: Bool) {
        uses.update { uses in
            if isCurrent { uses.current.insert(collection) } else { uses.current.remove(collection) }
        }
    }

    /// Runs `body` while nobody else writes to the file. Waits for who does. Queries go on.
    func exclusively<T: Sendable>(_ collection: String, _ body: @Sendable () async throws -> T) async throws -> T {
        try await uses.wait { $0.writing.insert(collection).inserted ? () : nil }
        defer { uses.update { _ = $0.writing.remove(collection) } }
        return try await body()
    }

    /// Opens the file for who has it exclusively, and lets the next query open it anew when that is done. One that
    /// turns out to be useless is deleted.
    func write(_ collection: String, _ body: (SearchFile) async throws -> Void) async throws {
        defer { forgetReader(collection) }
        do {
            let file = try SearchFile(path: path(collection))
            defer { try? file.queue.close() }
            try await body(file)
        } catch  where SearchFile.isUseless(error) {
            SearchFile.unlink(path(collection))
            setCurrent(collection, false)
            throw error
        }
    }

    /// Leaves documents out, with every trace in the file: of those that are gone, and of whatever else is not found
    /// any more. Then runs `body`, which removes them from the chunk store: nobody makes the file anew between the two.
    /// First the search: what is not found can be deleted again, and what is deleted must not be found.
    func remove(
        from collection: String, where isGone: @escaping @Sendable (_ number: Int64, _ run: Int64) -> Bool,
        _ body: @Sendable () async throws -> Void
    ) async throws {
        try await exclusively(collection) { [self] in
            try await leaveOut(isGone, of: collection)
            do { try await body() } catch {
                // The store still has what the file has not.
                setCurrent(collection, false)
                throw error
            }
        }
    }

    private func leaveOut(
        _ isGone: @escaping @Sendable (_ number: Int64, _ run: Int64) -> Bool, of collection: String
    ) async throws {
        guard exists(collection) else { return }
        do {
            try await write(collection) { file in
                try await Task.detached { try SearchRewrite.run(file, without: isGone) }.value
            }
        } catch  where SearchFile.isUseless(error) {
            // It was deleted, which leaves no trace either.
        }
    }

    /// Deletes the file.
    func delete(_ collection: String) async throws {
        try await exclusively(collection) { [self] in
            SearchFile.unlink(path(collection))
            SearchFile.unlink(path(collection) + "-new")
            setCurrent(collection, false)
            forgetReader(collection)
        }
    }

    /// The file, open; nil: there is none.
    func reader(_ collection: String) throws -> SearchReader? {
        let known = readers.withLock { readers in
            readers.useCount += 1
            readers.open[collection]?.lastUse = readers.useCount
            return readers.open[collection]?.reader
        }
        if let known { return known }
        guard exists(collection) else { return nil }
        let reader = try SearchReader(try SearchFile(reading: path(collection)))
        // Somebody may write at this moment, who then lets the next query open it anew.
        let isWritten = uses.read { $0.writing.contains(collection) }
        readers.withLock { readers in
            guard !isWritten else { return }
            readers.open[collection] = (reader, readers.useCount)
            if readers.open.count > ServiceLimits.openSearchCountMax,
                let oldest = readers.open.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                readers.open[oldest.key] = nil
            }
        }
        return reader
    }

    private func forgetReader(_ collection: String) { readers.withLock { $0.open[collection] = nil } }
}
