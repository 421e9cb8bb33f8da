import DredgeLedger
import Synchronization

/// Where a source of a run stands.
public struct SourceProgress: Sendable, Hashable {
    /// The source's name.
    public var name: String
    /// Objects listed so far, in this process and, of a run that is gone on with, before.
    public var listedCount = 0
    /// Objects dealt with: indexed, unchanged, skipped, failed, vanished, changed.
    public var doneCount = 0
    /// Objects indexed, in this process.
    public var indexedCount = 0
    /// Objects that failed, in this process.
    public var failedCount = 0
    /// Objects to read that have been listed so far; of a run that is gone on with, without those that were dealt with
    /// before.
    public var plannedCount = 0
    /// Their bytes.
    public var plannedByteCount: UInt64 = 0
    /// Answers that its listing took, in this process.
    public var pageCount = 0
    /// Whether its listing is complete, so that `listedCount` is final.
    public var isListingComplete = false
    /// Whether it is still read: false when it has been, or was given up.
    public var isOpen = true

    /// A source of which nothing is known yet.
    public init(name: String) { self.name = name }
}

/// The counters behind `SourceProgress`.
final class SourceCounters: Sendable {
    let name: String
    let listed = Counter<Int>()
    let done = Counter<Int>()
    let indexed = Counter<Int>()
    let failed = Counter<Int>()
    let planned = Counter<Int>()
    let plannedBytes = Counter<UInt64>()
    let pages = Counter<Int>()
    private let hasEnded = Atomic(false)
    private let isListed = Atomic(false)

    init(name: String) { self.name = name }

    /// It has been read, or given up.
    func end() { hasEnded.store(true, ordering: .relaxed) }
    /// Its listing is complete.
    func listingEnded() { isListed.store(true, ordering: .relaxed) }

    /// What a resumed run had listed before.
    func take(over states: [ObjectState: RunTotals.Count]) {
        for (state, count) in states {
            listed.add(count.objects)
            guard state == .pending else {
                done.add(count.objects)
                continue
            }
            planned.add(count.objects)
            plannedBytes.add(count.bytes)
        }
    }

    var progress: SourceProgress {
        var progress = SourceProgress(name: name)
        // The part before the whole, so that it is never the larger of the two.
        progress.indexedCount = indexed.value
        progress.failedCount = failed.value
        progress.doneCount = done.value
        progress.listedCount = listed.value
        progress.plannedCount = planned.value
        progress.plannedByteCount = plannedBytes.value
        progress.pageCount = pages.value
        progress.isListingComplete = isListed.load(ordering: .relaxed)
        progress.isOpen = !hasEnded.load(ordering: .relaxed)
        return progress
    }
}
