package import DredgeLedger
internal import DredgeStore
internal import Foundation
internal import GRDB

/// The search of one chunk store by a command: an index in files of its own, in the format of the server's
/// (`SearchCatalog`).
///
/// The index is made when it is asked for, by one process at a time. Whoever searches looks at all of the store's
/// documents, so that it is known what the index lacks, and into the text of each chunk that it finds: what the store
/// has not is never found, whatever state the index is in.
package struct StoreSearch: Sendable {
    /// The store's file.
    package let store: String
    /// The catalog's file; the segments are beside it.
    package let index: String
    let files: SearchFiles

    /// - Parameter index: nil: beside the store.
    package init(store: String, index: String? = nil) throws(StoreError) {
        self.store = try StorePath.resolve(store)
        self.index = try StorePath.resolve(index ?? Self.path(besides: self.store))
        files = SearchFiles { $0 }
        func place(_ path: String) -> String { URL(filePath: path).resolvingSymlinksInPath().standardizedFileURL.path }
        let own = place(self.store), named = place(self.index)
        if ["", "-wal", "-shm", "-journal"].contains(where: { own + $0 == named }) {
            throw StoreError(
                code: .invalidArgument, path: self.index, message: "\(self.index) is a file of the store itself.",
                advice: "Name another path for the index.")
        }
    }

    static func path(besides store: String) -> String { store + ".search" }

    /// Whether there is an index.
    package var isThere: Bool { files.exists(index) }

    /// Bytes of an index of so many bytes of text, roughly: of prose and code. Of JSON it may be twice as many.
    package static func estimatedByteCount(ofText byteCount: UInt64) -> UInt64 { byteCount / 6 }

    /// Bytes of the index's files.
    package var byteCount: UInt64 {
        ([index] + SearchCatalog.segmentNames(index)).reduce(0) { sum, path in
            let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64
            return sum + (size ?? 0)
        }
    }

    /// Deletes the index beside a store, if there is one; its path. Throws `inUse` while it is built.
    package static func delete(besides store: String) throws(StoreError) -> String? {
        let search = try StoreSearch(store: store)
        guard search.isThere, try search.isOurs() else { return nil }
        let lock = try search.lock()
        withExtendedLifetime(lock) { SearchCatalog.unlink(search.index) }
        return search.index
    }

    // MARK: Building

    /// What building came to.
    package struct Built: Sendable, Hashable {
        /// Documents and chunks of the index.
        package var documentCount = 0
        package var chunkCount = 0
        /// Documents that were new, changed, or gone.
        package var changedDocumentCount = 0
        /// Bytes of the index's files.
        package var byteCount: UInt64 = 0
    }

    /// Lets `build` end soon, by a `CancellationError`. What it has done stays.
    package func stop() { files.stop() }

    /// Makes the index, or brings it to what the store has: reads the documents that are new or changed. One that was
    /// broken off goes on where it was. Memory is some 160 MiB, and 4 bytes a chunk.
    ///
    /// Throws `inUse` while another process does the same, `cannotOpen` where the path has a file that is no index.
    package func build() async throws -> Built {
        let reader = try DocumentReader(path: store)
        guard try isOurs() else {
            throw StoreError(
                code: .cannotOpen, path: index, message: "\(index) is there, and is no search index.",
                advice:
                    "If it was one and is damaged, delete it. Else name another path with --index. The file was left "
                    + "as it is.")
        }
        let lock = try lock()
        defer { withExtendedLifetime(lock) {} }
        do {
            do { return try await update(reader) } catch  where SearchCatalog.isUseless(error) {
                // It was damaged, of another version or of another store, and is gone now.
                return try await update(reader)
            }
        } catch let error as SearchFileError { throw error.storeError(index) } catch let error as DatabaseError {
            throw StoreError(error, path: index)
        }
    }

    private func lock() throws(StoreError) -> StoreLock {
        do { return try StoreLock(storePath: index) } catch {
            guard error.code == .inUse else { throw error }
            throw StoreError(
                code: .inUse, path: index, message: "The search index \(index) is being built by another process.",
                advice: "Wait until it has finished. Meanwhile the store can be searched without --build.")
        }
    }

    /// Whether the path has an index, of whatever version, or nothing.
    func isOurs() throws(StoreError) -> Bool {
        guard let file = FileHandle(forReadingAtPath: index) else { return true }
        defer { try? file.close() }
        guard let head = try? file.read(upToCount: 100), !head.isEmpty else { return true }
        guard head.count == 100, head.starts(with: Data("SQLite format 3\0".utf8)) else { return false }
        return head[68..<72].reduce(0) { $0 << 8 | Int($1) } == SearchCatalog.applicationID
    }

    private func update(_ reader: DocumentReader) async throws -> Built {
        var built = Built()
        try await files.write(index) { catalog in
            guard try catalog.isSound(), try await isOfStore(catalog, reader) else { throw SearchDamage(path: index) }
            var update = SearchUpdate(reader, catalog, files, index, metadata: [:]) { segmentCount in
                if segmentCount > ServiceLimits.searchSegmentCountMax { try await merge(catalog) }
            }
            try await update.run(endedRun: nil)
            try await merge(catalog)
            built.changedDocumentCount = update.changedCount
            (built.documentCount, built.chunkCount) = try await catalog.queue.read { db in
                let row = try Row.fetchOne(db, sql: "SELECT count(*), ifnull(sum(chunk_count), 0) FROM document")
                return (row?[0] ?? 0, row?[1] ?? 0)
            }
        }
        built.byteCount = byteCount
        return built
    }

    private func merge(_ catalog: SearchCatalog) async throws {
        try await WorkThreads.files.run {
            while try SearchMerging.step(catalog, check: { try files.check(index) }, then: {}) {}
        }
    }

    /// Whether the runs that the index knows are those of the store: one that was made anew has other runs under the
    /// same numbers.
    func isOfStore(_ catalog: SearchCatalog, _ reader: DocumentReader) async throws -> Bool {
        let names = Dictionary(try await reader.runs().map { ($0.rawValue, $1) }) { $1 }
        let known = try await catalog.queue.read { db in
            try Row.fetchAll(db, sql: "SELECT number, name FROM run WHERE number IS NOT NULL").map {
                ($0[0] as Int64, $0[1] as String)
            }
        }
        let areSame = known.compactMap { number, name in names[number].map { $0 == name } }
        return areSame.contains(true) ? !areSame.contains(false) : known.isEmpty
    }
}

extension SearchFileError {
    func storeError(_ path: String) -> StoreError {
        StoreError(
            code: isFull ? .diskFull : .cannotOpen, path: path,
            message: description.prefix(1).uppercased() + description.dropFirst() + ".",
            advice: isFull
                ? "Free some space, or name another place with --index. Then build again: it goes on where it was."
                : "Give this user write permission to the directory, or name another place with --index.")
    }
}
