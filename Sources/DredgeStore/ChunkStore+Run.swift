internal import GRDB

extension ChunkStore {
    /// Goes on with the last run when it was not finished and had the same sources, else begins a new one. Batches that no
    /// object refers to (a crash left them) are removed. What failed or was pending in a resumed run is pending again.
    ///
    /// A run that was stopped or killed counts as not finished; one that an error ended is finished, and its listings are made anew. Blocks the thread, for about a second per million objects.
    public func beginRun(id: String, version: String, sources: [SourceRecord]) throws(StoreError) -> RunState {
        guard Set(sources.map(\.identity)).count == sources.count else {
            throw StoreError(
                code: .invalidArgument, path: path, message: "Two sources of the run are the same.",
                advice: "Give each source a name of its own.")
        }
        let settingsSHA256 = settingsSHA256()
        return try requireWriter().performBlocking { connection in
            try connection.beginRun(id: id, version: version, settingsSHA256: settingsSHA256, sources: sources)
        }
    }

    /// A page of the listing, in one transaction: each object becomes `pending`, or `unchanged` (its content is that of this ETag and
    /// size already), or `skipped` for the reason that the caller gives (then stored content of it is dropped), or stays `skipped` when
    /// this version was read before and found to be none to index.
    ///
    /// What was recorded in this run before is left as it is, so that a page can be recorded twice. Pages come in the order of the listing.
    /// Returns what of the page waits to be fetched.
    @discardableResult public func recordListing(
        run: Int64, source: Int64, objects: [ListedRecord]
    ) async throws(StoreError) -> ListingCount {
        try await requireWriter().perform { try $0.recordListing(run: run, source: source, objects: objects) }
    }

    /// The listing of `source` is complete: objects of the store that were not in it are removed, also those of sources that had the same
    /// name and are not part of this run. Returns how many.
    public func completeListing(run: Int64, source: Int64) async throws(StoreError) -> Int {
        try await requireWriter().perform { try $0.completeListing(run: run, source: source) }
    }

    /// The next pending objects, in the order in which they were listed, behind queue position `after`. Does not wait for what is queued for
    /// writing; everything of `recordListing` calls that have returned is seen.
    public func pending(run: Int64, after position: Int64, limit: Int) async throws(StoreError) -> [PendingObject] {
        try await requireWriter().read { try $0.pending(run: run, after: position, limit: limit) }
    }

    /// Ends the run: commits, keeps its totals, syncs the file. After a write that failed it throws that error; the run
    /// is then gone on with by the next one.
    public func finishRun(run: Int64, outcome: RunOutcome) async throws(StoreError) {
        try await requireWriter().perform { try $0.finishRun(run: run, outcome: outcome) }
    }

    /// Whether anything is stored of a source's objects.
    public func hasContent(source: Int64) async throws(StoreError) -> Bool {
        try await requireWriter().read { connection in
            try Bool.fetchOne(
                connection.db,
                sql: "SELECT EXISTS (SELECT 1 FROM object WHERE source = ? AND content_etag IS NOT NULL)",
                arguments: [source]) ?? false
        }
    }

    /// Objects by state, and their bytes, chunks and tokens, of a run: what a report adds up. Of the last run it is counted from the objects
    /// as they are (also after a write that failed); of earlier ones it is what was kept when they ended.
    public func totals(run: Int64) async throws(StoreError) -> RunTotals {
        if let writer = try? requireWriter() { return try await writer.read { try runTotals($0.db, run: run) } }
        do {
            return try await StoreReader(path: path).read { try runTotals($0, run: run) }
        } catch { throw StoreError(error, path: path) }
    }
}

extension SourceRecord {
    /// What makes it one and the same source; filters may change.
    var identity: SourceRecord {
        var copy = self
        copy.filters = nil
        return copy
    }
}
