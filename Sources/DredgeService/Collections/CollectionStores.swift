internal import Dredge
internal import DredgeBase
internal import DredgeStore
internal import Foundation
internal import Synchronization

/// The files of the collections' chunks: who may write to which, and readers that stay open.
final class CollectionStores: Sendable {
    private let directory: URL
    let settings: IndexSettings
    /// The searches' files beside them.
    let search: SearchFiles
    /// Who has which file. A rewrite needs it for itself alone; a writer may have readers beside it.
    private struct Uses: Sendable {
        var writing: Set<String> = []
        var rewriting: Set<String> = []
        var readerCounts: [String: Int] = [:]
    }
    private let uses = Monitor(Uses(), order: .any)
    private struct Readers {
        var open: [String: (reader: DocumentReader, lastUse: Int)] = [:]
        var useCount = 0
    }
    private let readers = Mutex(Readers())

    init(directory: URL, settings: IndexSettings) throws {
        self.directory = directory.appending(path: "collections")
        self.settings = settings
        search = SearchFiles(directory: self.directory)
        try FileManager.default.createDirectory(
            at: self.directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Where the collection's chunks are.
    func path(_ collection: String) -> String { directory.appending(path: "\(collection).chunks").path }

    /// Runs `body` while nobody else writes to the collection. Waits for who does.
    func exclusively<T: Sendable>(_ collection: String, _ body: @Sendable () async throws -> T) async throws -> T {
        try await uses.wait { $0.writing.insert(collection).inserted ? () : nil }
        defer { uses.update { _ = $0.writing.remove(collection) } }
        return try await body()
    }

    /// Collections that somebody writes to now.
    var beingWritten: Set<String> { uses.read(\.writing) }

    /// Returns when nobody writes to the collection, though somebody may begin right then.
    func untilFree(_ collection: String) async throws {
        try await uses.wait { $0.writing.contains(collection) ? nil : () }
    }

    /// The same, but throws `ServiceError.inUse` where somebody writes to it.
    func ifFree<T: Sendable>(_ collection: String, _ body: @Sendable () async throws -> T) async throws -> T {
        guard uses.attempt({ $0.writing.insert(collection).inserted ? () : nil }) != nil else {
            throw ServiceError.inUse
        }
        defer { uses.update { _ = $0.writing.remove(collection) } }
        return try await body()
    }

    /// Runs `body` with a reader of the collection; nil: nothing was ever stored. Waits while the file is written anew.
    func read<T: Sendable>(
        _ collection: String, _ body: @Sendable (DocumentReader?) async throws -> T
    ) async throws -> T {
        try await uses.wait { (uses) -> Void? in
            guard !uses.rewriting.contains(collection) else { return nil }
            uses.readerCounts[collection, default: 0] += 1
            return ()
        }
        defer {
            uses.update { uses in
                let count = uses.readerCounts[collection, default: 1] - 1
                uses.readerCounts[collection] = count > 0 ? count : nil
            }
        }
        return try await body(try await reader(collection))
    }

    private func reader(_ collection: String) async throws -> DocumentReader? {
        let known = readers.withLock { readers in
            readers.useCount += 1
            readers.open[collection]?.lastUse = readers.useCount
            return readers.open[collection]?.reader
        }
        if let known { return known }
        let path = path(collection)
        guard let reader = try await WorkThreads.openings.run({ try DocumentReader.ifStored(path: path) }) else {
            return nil
        }
        return readers.withLock { readers in
            if let other = readers.open[collection]?.reader { return other }
            readers.open[collection] = (reader, readers.useCount)
            if readers.open.count > ServiceLimits.openReaderCountMax,
                let oldest = readers.open.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                readers.open[oldest.key] = nil
            }
            return reader
        }
    }

    /// Removes objects with every trace in the file and in the search: waits until nobody reads it. For
    /// `exclusively` and `ifFree`.
    /// - Parameter isGone: which documents these are, by their numbers and runs.
    func forget(
        _ filter: ForgetFilter, in collection: String,
        where isGone: @escaping @Sendable (_ number: Int64, _ run: Int64) -> Bool
    ) async throws {
        let path = path(collection)
        try await search.remove(from: collection, where: isGone) { [self] in
            try await alone(collection) {
                guard FileManager.default.fileExists(atPath: path) else { return }
                // On a thread of its own: it reads and writes the whole file.
                try await WorkThreads.files.run { _ = try ChunkStore.forget(filter, at: path) }
            }
        }
    }

    /// Deletes the file and the search: waits until nobody reads it. For `exclusively` and `ifFree`.
    func delete(_ collection: String) async throws {
        try await search.delete(collection) { [self] in try await deleteChunks(collection) }
    }

    /// Deletes the file, and all documents of the search, which still knows that there were some.
    func deleteContent(_ collection: String) async throws {
        try await search.remove(from: collection) { _, _ in
            true
        } _: { [self] in
            try await deleteChunks(collection)
        }
    }

    private func deleteChunks(_ collection: String) async throws {
        let path = path(collection)
        try await alone(collection) {
            // On a thread of its own: a large file takes its time.
            try await WorkThreads.openings.run {
                for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path + suffix) }
            }
        }
    }

    /// Identifiers of the collections that have files.
    func names() throws -> [String] {
        let files = try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
        let names = files.map(\.lastPathComponent).filter { $0.hasPrefix("col_") }
        return Set(names.map { String($0.prefix { $0 != "." }) }).sorted()
    }

    /// Runs `body` while nobody has the file open.
    private func alone(_ collection: String, _ body: @Sendable () async throws -> Void) async throws {
        uses.update { _ = $0.rewriting.insert(collection) }
        defer { uses.update { _ = $0.rewriting.remove(collection) } }
        try await uses.wait { $0.readerCounts[collection] == nil ? () : nil }
        readers.withLock { $0.open[collection] = nil }
        try await body()
    }
}
