public import DredgeLedger
internal import GRDB

extension ChunkStore {
    /// The objects, in order of (bucket, key bytes, source): all, or those whose key begins with `prefix`, that are in
    /// `state`, of one bucket, of one source, whose content `sinceRun` or a later run has stored. A view of the moment
    /// of the first `next()`; memory is a page of rows.
    public func objects(
        prefix: [UInt8] = [], state: ObjectState? = nil, bucket: String? = nil, source: String? = nil,
        sinceRun: RunID? = nil
    ) -> StoredObjects {
        StoredObjects(
            path: path,
            filter: ObjectFilter(prefix: prefix, state: state, bucket: bucket, source: source, sinceRun: sinceRun))
    }

    /// The objects with this key, one for each source that has it, in order of (bucket, source).
    public func objects(of key: [UInt8], bucket: String? = nil, source: String? = nil) -> StoredObjects {
        StoredObjects(path: path, filter: ObjectFilter(key: key, bucket: bucket, source: source))
    }

    /// The chunks of the object with this key, in order. Iterating throws `noSuchObject` when there is none; where
    /// several sources have the key, the chunks of each, one object after the other, unless `bucket` or `source` name
    /// one. An object of which nothing is stored has no chunks. Memory is the text of a few batches.
    /// Only chunks of these `ordinals`, from 0, are read; a range that goes past the last one ends with it.
    public func chunks(
        of key: [UInt8], ordinals: Range<Int> = 0..<Int.max, bucket: String? = nil, source: String? = nil
    ) -> StoredChunks {
        precondition(ordinals.lowerBound >= 0, "ordinals count from 0")
        return StoredChunks(
            path: path, filter: ObjectFilter(key: key, bucket: bucket, source: source), ordinals: ordinals)
    }

    /// The same for a key that is text.
    public func chunks(
        of key: String, ordinals: Range<Int> = 0..<Int.max, bucket: String? = nil, source: String? = nil
    ) -> StoredChunks {
        chunks(of: Array(key.utf8), ordinals: ordinals, bucket: bucket, source: source)
    }

    /// All chunks of the store, in order of (bucket, key bytes, source, ordinal).
    public func chunks() -> StoredChunks {
        StoredChunks(path: path, filter: ObjectFilter(hasContent: true), ordinals: 0..<Int.max)
    }

    /// Runs `body` on a connection of its own that sees one state of the store.
    func readSnapshot<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws(StoreError) -> T {
        do {
            let reader = try StoreReader(path: path)
            try reader.snapshot()
            return try await reader.read(body)
        } catch { throw StoreError(error, path: path) }
    }
}

/// Objects of a store. Each iterator is a view of its own.
public struct StoredObjects: AsyncSequence, Sendable {
    /// One object.
    public typealias Element = StoredObject
    /// What can go wrong.
    public typealias Failure = StoreError
    let path: String
    let filter: ObjectFilter

    /// Opens the file at the first `next()`.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(path: path, filter: filter) }

    /// Holds a view of the store until it goes.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let path: String
        let filter: ObjectFilter
        private var state: (reader: StoreReader, cursor: ObjectCursor)?
        private var page: ArraySlice<StoredObject> = []

        init(path: String, filter: ObjectFilter) {
            self.path = path
            self.filter = filter
        }

        /// The next object. Reads a page at a time, on a thread of its own.
        public mutating func next() async throws(StoreError) -> StoredObject? {
            if let object = page.popFirst() { return object }
            do {
                let filter = filter
                let reader: StoreReader
                if let state {
                    reader = state.reader
                } else {
                    reader = try StoreReader(path: path)
                    try reader.snapshot()
                }
                let cursor = state?.cursor
                let (objects, rest) = try await reader.read { db in
                    var cursor = try cursor ?? ObjectCursor.byBucket(db, filter)
                    var objects: [StoredObject] = []
                    while objects.count < StoreLimits.readPageRowCount, let object = try cursor.next(db) {
                        objects.append(object)
                    }
                    return (objects, cursor)
                }
                state = (reader, rest)
                page = objects[...]
                return page.popFirst()
            } catch { throw StoreError(error, path: path) }
        }
    }
}

/// Chunks of a store. Each iterator is a view of its own.
public struct StoredChunks: AsyncSequence, Sendable {
    /// One chunk.
    public typealias Element = StoredChunk
    /// What can go wrong.
    public typealias Failure = StoreError
    let path: String
    let filter: ObjectFilter
    let ordinals: Range<Int>

    /// Opens the file at the first `next()`.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(path: path, filter: filter, ordinals: ordinals) }

    /// Holds a view of the store until it goes.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private struct Position: Sendable {
            var cursor: ObjectCursor
            var object: StoredObject?
            var spans: ArraySlice<ChunkSpan> = []
            var objectCount = 0
        }

        let path: String
        let filter: ObjectFilter
        let ordinals: Range<Int>
        private var source: (reader: StoreReader, content: ContentReader)?
        private var position: Position?
        private var page: ArraySlice<StoredChunk> = []

        init(path: String, filter: ObjectFilter, ordinals: Range<Int>) {
            self.path = path
            self.filter = filter
            self.ordinals = ordinals
        }

        /// The next chunk. Reads the chunks of one batch at a time, on a thread of its own.
        public mutating func next() async throws(StoreError) -> StoredChunk? {
            if let chunk = page.popFirst() { return chunk }
            do {
                let (filter, ordinals, path, before) = (filter, ordinals, path, position)
                let reader: StoreReader
                let content: ContentReader
                if let source {
                    (reader, content) = source
                } else {
                    reader = try StoreReader(path: path)
                    content = ContentReader(path: path)
                    try reader.snapshot()
                    source = (reader, content)
                }
                let (chunks, after) = try await reader.read { db in
                    var position = try before ?? Position(cursor: ObjectCursor.byBucket(db, filter))
                    while true {
                        if let object = position.object, let span = position.spans.popFirst() {
                            let chunks = try content.chunks(db, of: object, in: span.part(ordinals))
                            if chunks.isEmpty { continue }
                            return (chunks, position)
                        }
                        position.object = try position.cursor.next(db)
                        guard let object = position.object else { break }
                        position.objectCount += 1
                        position.spans =
                            try content.spans(
                                db, of: object.id, from: ordinals.lowerBound, limit: ordinals.count)[...]
                    }
                    if let key = filter.key, position.objectCount == 0 {
                        throw StoreError(
                            code: .noSuchObject, path: path,
                            message: "\(path) has no object \"\(String(decoding: key, as: UTF8.self))\".",
                            advice: "`dredge store ls` lists the objects.")
                    }
                    return ([], position)
                }
                position = after
                page = chunks[...]
                return page.popFirst()
            } catch { throw StoreError(error, path: path) }
        }
    }
}
