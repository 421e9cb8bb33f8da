internal import Dredge
internal import DredgeBase
internal import DredgeStore
internal import Foundation
internal import Synchronization

/// The files of the collections' chunks: who may write to which, and readers that stay open.
final class CollectionStores: Sendable {
    private let directory: URL
    let settings: IndexSettings
    /// Collections whose file somebody writes to, or writes anew.
    private let busy = Monitor<Set<String>>([], order: .any)
    private struct Readers {
        var open: [String: (reader: DocumentReader, lastUse: Int)] = [:]
        var useCount = 0
    }
    private let readers = Mutex(Readers())

    init(directory: URL, settings: IndexSettings) throws {
        self.directory = directory.appending(path: "collections")
        self.settings = settings
        try FileManager.default.createDirectory(
            at: self.directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Where the collection's chunks are.
    func path(_ collection: String) -> String { directory.appending(path: "\(collection).chunks").path }

    /// Runs `body` while nobody else writes to the collection. Waits for who does.
    func exclusively<T: Sendable>(_ collection: String, _ body: @Sendable () async throws -> T) async throws -> T {
        try await busy.wait { busy in busy.insert(collection).inserted ? () : nil }
        defer { busy.update { _ = $0.remove(collection) } }
        return try await body()
    }

    /// The same, but throws `ServiceError.inUse` where somebody writes to it.
    func ifFree<T: Sendable>(_ collection: String, _ body: @Sendable () async throws -> T) async throws -> T {
        guard busy.attempt({ busy in busy.insert(collection).inserted ? () : nil }) != nil else {
            throw ServiceError.inUse
        }
        defer { busy.update { _ = $0.remove(collection) } }
        return try await body()
    }

    /// A reader of the collection; nil: nothing was ever stored.
    func reader(_ collection: String) throws -> DocumentReader? {
        let known = readers.withLock { readers in
            readers.useCount += 1
            readers.open[collection]?.lastUse = readers.useCount
            return readers.open[collection]?.reader
        }
        if let known { return known }
        guard FileManager.default.fileExists(atPath: path(collection)) else { return nil }
        let reader = try DocumentReader(path: path(collection))
        readers.withLock { readers in
            readers.open[collection] = (reader, readers.useCount)
            if readers.open.count > ServiceLimits.openReaderCountMax,
                let oldest = readers.open.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                readers.open[oldest.key] = nil
            }
        }
        return reader
    }

    /// Removes objects with every trace in the file. For `exclusively`.
    func forget(_ filter: ForgetFilter, in collection: String) throws {
        guard FileManager.default.fileExists(atPath: path(collection)) else { return }
        dropReader(collection)
        defer { dropReader(collection) }
        _ = try ChunkStore.forget(filter, at: path(collection))
    }

    /// Deletes the file. For `exclusively`.
    func delete(_ collection: String) {
        dropReader(collection)
        for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path(collection) + suffix) }
        dropReader(collection)
    }

    private func dropReader(_ collection: String) { readers.withLock { $0.open[collection] = nil } }
}
