/// The book of a run: which objects there are, where each of them stands, and where to go on from.
///
/// **Order.** What is handed over is done in that order, also what a `ChunkSink` of the same store is handed.
/// **Atomicity.** A crash loses the newest calls, from the end, never one of those before: what is found afterwards is
/// the state after some call. **One run at a time**: `begin` throws `inUse` until the run before has been finished.
public protocol Ledger: Sendable {
    /// Goes on with the last run when it did not end complete and had the same sources and filters, else begins a new
    /// one named `name`. What failed or kept changing in a resumed run is pending again. Throws `invalidArgument` for
    /// two sources of one identity.
    /// - Parameter resumesOwnOnly: whether only a run of this very name is gone on with.
    func begin(
        name: String, version: String, sources: [SourceRecord], resumesOwnOnly: Bool
    ) async throws(StoreError) -> OpenRun

    /// Records a page of a listing: `ListingDecision` says what becomes of each object. What was recorded in this run
    /// before is left as it is, so that a page can be recorded twice. What is stored of an object stays until the
    /// listing is complete, also where the object is to be skipped.
    /// - Parameter left: what of the listing is still to come, and where a resumed run goes on; nil: its listing begins
    ///   anew.
    /// - Returns: what of the page was recorded now, and waits to be fetched.
    func record(
        _ page: [ListingEntry], of source: SourceID, in run: RunID, left: [KeyRange]?
    ) async throws(StoreError) -> ListingCount

    /// The listing of `source` has come to its end: `rule` decides what becomes of documents that were not in it, that
    /// were to be skipped, or that sources of the same name stored which are not part of this run. Nothing happens to
    /// them where `isTrusted` is false, and a resumed run then lists anew. To be called again by a run that goes on.
    func completeListing(
        of source: SourceID, in run: RunID, isTrusted: Bool, rule: RemovalRule
    ) async throws(StoreError) -> RemovalOutcome

    /// The next pending objects of a source, at most `limit`, in the order in which they were listed, behind queue
    /// position `after` (0: from the first). Sees everything of `record` calls that have returned; does not wait for
    /// outcomes in a queue.
    func pending(
        of source: SourceID, in run: RunID, after position: Int64, limit: Int
    ) async throws(StoreError) -> [PendingObject]

    /// Writes down why an object was not indexed. Never waits. One that is postponed is given by `pending` once more,
    /// after a `flush`: behind all that have been recorded.
    func settle(_ outcome: ObjectOutcome) throws(StoreError)

    /// The key of an object of the source of which something is stored, rather of one that is not to be read again;
    /// nil: nothing is stored of any.
    func storedKey(of source: SourceID) async throws(StoreError) -> [UInt8]?

    /// What the run comes to so far: objects by state, and the chunks and tokens of those it indexed.
    func totals(of run: RunID) async throws(StoreError) -> RunTotals

    /// Ends the run: everything that was handed over survives from here on.
    func finish(_ run: RunID, outcome: RunOutcome) async throws(StoreError)

    /// What is known of these keys of the source, in the same order; nil: nothing. Also before any run.
    func knownObjects(of source: SourceRecord, keys: [[UInt8]]) async throws(StoreError) -> [KnownObject?]

    /// What is stored under the source's name. Also before any run.
    func storedDocuments(of source: SourceRecord) async throws(StoreError) -> StoredDocuments
}

extension Ledger {
    /// Goes on with the last run, whatever its name is.
    public func begin(
        name: String, version: String, sources: [SourceRecord]
    ) async throws(StoreError) -> OpenRun {
        try await begin(name: name, version: version, sources: sources, resumesOwnOnly: false)
    }
}
