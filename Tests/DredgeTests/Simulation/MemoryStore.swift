import DredgeBase
import DredgeLedger
import Synchronization
import TestServers

/// A ledger and a sink in memory, that crash when they are told to.
///
/// What it was handed is safe from a moment that a seed decides, or at the latest when a run ends, a listing is
/// complete or it is flushed. `reopened()` gives what a process finds that opens the store after a crash.
final class MemoryStore: Ledger, ChunkSink {
    struct Chunk: Hashable {
        var ordinal: Int
        var byteOffset: UInt64
        var tokenCount: Int
        var text: [UInt8]
    }

    /// What is stored of an object.
    struct Content: Hashable {
        var version: KnownObject.Version
        var chunks: [Chunk]
    }

    private struct Object {
        var source: SourceID
        var key: [UInt8]
        var entry: ListingEntry
        var run: RunID
        var position: Int64
        var state: ObjectState
        var reason: String?
        var skipped: KnownObject.Version?
        var content: Content?
        var tokenCount = 0
        var attemptCount = 0

        var known: KnownObject {
            KnownObject(
                key: key, content: content?.version, skipped: skipped, skipReason: skipped == nil ? nil : reason,
                isWithheld: state == .vanished && reason == RemovalDecision.withheldReason)
        }
        /// The listing alone left its content over.
        var isLeftOver = false
    }

    private struct RunRow {
        var name: String
        var sources: [SourceRecord]
        var listings: [OpenListing]
        /// Of each source: how many of the listed objects had content before.
        var storedCounts: [SourceID: Int] = [:]
        /// Of each source: why documents that the listing left over were kept.
        var kept: [SourceID: String] = [:]
        var outcome: RunOutcome?

        func filters(of source: SourceID) -> String? {
            zip(sources, listings).first { $1.source == source }?.0.filters
        }
    }

    private struct State {
        var runs: [RunRow] = []
        var sources: [SourceRecord] = []
        var objects: [Object] = []
        var ids: [SourceID: [[UInt8]: Int]] = [:]
        var batches: [BatchID: [(object: ObjectID, chunk: Chunk)]] = [:]
        var progress: [ObjectID: ObjectProgress] = [:]
        var nextPosition: Int64 = 1

        func id(of source: SourceRecord) -> SourceID? {
            sources.firstIndex(of: source.identity).map { SourceID(rawValue: Int64($0) + 1) }
        }

        func documentCount(of source: SourceID, where condition: (Object) -> Bool = { _ in true }) -> Int {
            objects.count { $0.source == source && $0.content != nil && condition($0) }
        }

        func haveFiltersChanged(of source: SourceID, to filters: String?, before run: Int) -> Bool {
            for row in runs[..<run].reversed() where row.kept[source] == nil {
                guard row.listings.contains(where: { $0.source == source && $0.isComplete }) else { continue }
                return row.filters(of: source) != filters
            }
            // Where nothing is complete, any listing counts.
            return runs[..<run].contains { row in
                row.listings.contains { $0.source == source } && row.filters(of: source) != filters
            }
        }

        /// Forgets what was read of an object so far.
        mutating func dropProgress(of object: ObjectID) {
            for span in progress.removeValue(forKey: object)?.spans ?? [] { batches[span.batch] = nil }
        }

        /// As a store does for a run that an error ended.
        mutating func listFinishedSourcesAgain(_ run: RunID) {
            let row = Int(run.rawValue) - 1
            for index in runs[row].listings.indices where runs[row].listings[index].isComplete {
                let source = runs[row].listings[index].source
                func isOurs(_ object: Object) -> Bool { object.run == run && object.source == source }
                guard !objects.contains(where: { isOurs($0) && $0.state == .pending }) else { continue }
                for object in objects.indices where isOurs(objects[object]) { objects[object].run = RunID(rawValue: 0) }
                runs[row].listings[index] = OpenListing(source: source)
                runs[row].storedCounts[source] = nil
                runs[row].kept[source] = nil
            }
        }
    }

    private struct Guarded {
        var state: State
        var safe: State
        var generator: SeededGenerator
        var callCount = 0
        var crashesAt: Int
        var nextBatch: Int64
    }

    let settings: [String: String]
    private let guarded: Mutex<Guarded>

    /// - Parameter crashesAt: the number of the call that fails, with all that come after it.
    convenience init(settings: [String: String], seed: UInt64, crashesAt: Int = .max) {
        self.init(settings, State(), seed: seed, crashesAt: crashesAt)
    }

    private init(_ settings: [String: String], _ state: State, seed: UInt64, crashesAt: Int) {
        self.settings = settings
        guarded = Mutex(
            Guarded(
                state: state, safe: state, generator: SeededGenerator(seed: seed), crashesAt: crashesAt,
                // As in a file, behind those that what is kept of a large object names.
                nextBatch: (state.batches.keys.max()?.rawValue ?? 0) + 1))
    }

    /// The store as it is found after the process has ended, cleanly or not.
    func reopened(seed: UInt64, crashesAt: Int = .max) -> MemoryStore {
        MemoryStore(settings, guarded.withLock { $0.safe }, seed: seed, crashesAt: crashesAt)
    }

    var callCount: Int { guarded.withLock { $0.callCount } }

    /// What is stored, by source name and key.
    var content: [String: [[UInt8]: Content]] {
        guarded.withLock { guarded in
            var content: [String: [[UInt8]: Content]] = [:]
            for object in guarded.safe.objects {
                guard let stored = object.content else { continue }
                content[guarded.safe.sources[Int(object.source.rawValue) - 1].name, default: [:]][object.key] = stored
            }
            return content
        }
    }

    /// Chunks of all batches that nobody has discarded.
    var chunkCount: Int { guarded.withLock { $0.state.batches.values.map(\.count).reduce(0, +) } }

    private static let crash = StoreError(code: .closed, path: "memory", message: "crashed", advice: "Reopen it.")

    private func call<Value: Sendable>(isSafe: Bool = false, _ body: (inout State) -> Value) throws(StoreError) -> Value
    {
        let value = guarded.withLock { guarded -> Value? in
            guarded.callCount += 1
            guard guarded.callCount < guarded.crashesAt else { return nil }
            let value = body(&guarded.state)
            if isSafe || guarded.generator.next() % 4 == 0 { guarded.safe = guarded.state }
            return value
        }
        guard let value else { throw Self.crash }
        return value
    }

    // MARK: Ledger

    func begin(
        name: String, version: String, sources: [SourceRecord], resumesOwnOnly: Bool
    ) async throws(StoreError) -> OpenRun {
        try call(isSafe: true) { state in
            if let last = state.runs.indices.last, state.runs[last].sources == sources,
                state.runs[last].outcome != .complete, !resumesOwnOnly || state.runs[last].name == name
            {
                let id = RunID(rawValue: Int64(last) + 1)
                if state.runs[last].outcome == .fatal { state.listFinishedSourcesAgain(id) }
                state.runs[last].outcome = nil
                for index in state.objects.indices where state.objects[index].run == id {
                    if [.failed, .changed].contains(state.objects[index].state) {
                        state.objects[index].state = .pending
                    }
                    state.objects[index].attemptCount = 0
                }
                return OpenRun(
                    id: id, name: state.runs[last].name, isResumed: true, sources: state.runs[last].listings)
            }
            let listings = sources.map { source in
                if state.id(of: source) == nil { state.sources.append(source.identity) }
                return OpenListing(source: state.id(of: source)!)
            }
            state.runs.append(RunRow(name: name, sources: sources, listings: listings))
            state.nextPosition = 1
            return OpenRun(
                id: RunID(rawValue: Int64(state.runs.count)), name: name, isResumed: false, sources: listings)
        }
    }

    func record(
        _ page: [ListingEntry], of source: SourceID, in run: RunID, left: [KeyRange]?
    ) async throws(StoreError) -> ListingCount {
        try call { state in
            var count = ListingCount()
            for entry in page {
                let index = state.ids[source]?[entry.key]
                if let index, state.objects[index].run == run { continue }
                count.objectCount += 1
                if let index, state.objects[index].content != nil {
                    state.runs[Int(run.rawValue) - 1].storedCounts[source, default: 0] += 1
                }
                let decision = ListingDecision(entry, known: index.map { state.objects[$0].known })
                var object = Object(
                    source: source, key: entry.key, entry: entry, run: run, position: state.nextPosition,
                    state: decision.state, content: index.flatMap { state.objects[$0].content })
                object.tokenCount = index.map { state.objects[$0].tokenCount } ?? 0
                state.nextPosition += 1
                object.reason = decision.reason
                object.isLeftOver = decision.leavesContentOver
                if case .skip(_, let readETag, _) = decision {
                    object.skipped = readETag.map { .init(eTag: $0, size: entry.size) }
                }
                if decision == .fetch {
                    count.pendingCount += 1
                    count.pendingByteCount += entry.size
                }
                if let index {
                    let id = ObjectID(rawValue: Int64(index) + 1)
                    if let kept = state.progress[id],
                        decision != .fetch || kept.eTag != entry.eTag || kept.size != entry.size
                    {
                        state.dropProgress(of: id)
                    }
                    state.objects[index] = object
                } else {
                    state.ids[source, default: [:]][entry.key] = state.objects.count
                    state.objects.append(object)
                }
            }
            let listing = state.runs[Int(run.rawValue) - 1].listings.firstIndex { $0.source == source }!
            state.runs[Int(run.rawValue) - 1].listings[listing].left = left ?? [KeyRange()]
            return count
        }
    }

    func completeListing(
        of source: SourceID, in run: RunID, isTrusted: Bool, rule: RemovalRule
    ) async throws(StoreError) -> RemovalOutcome {
        try call(isSafe: true) { state in
            let row = Int(run.rawValue) - 1
            let listing = state.runs[row].listings.firstIndex { $0.source == source }!
            let name = state.sources[Int(source.rawValue) - 1].name
            let replaced = state.sources.indices.map { SourceID(rawValue: Int64($0) + 1) }.filter { id in
                state.sources[Int(id.rawValue) - 1].name == name
                    && !state.runs[row].listings.contains { $0.source == id }
            }
            var candidates = RemovalCandidates()
            candidates.isListingEmpty = !state.objects.contains { $0.source == source && $0.run == run }
            candidates.haveFiltersChanged = state.haveFiltersChanged(
                of: source, to: state.runs[row].filters(of: source), before: row)
            candidates.missingCount = state.documentCount(of: source) { $0.run != run }
            candidates.withheldBeforeCount = state.documentCount(of: source) { $0.run != run && $0.known.isWithheld }
            candidates.leftOutCount = state.documentCount(of: source) { $0.run == run && $0.isLeftOver }
            candidates.replacedCount = replaced.map { state.documentCount(of: $0) }.reduce(0, +)
            candidates.storedCount =
                state.runs[row].storedCounts[source, default: 0] + candidates.missingCount + candidates.replacedCount
            let decision = rule.decision(on: candidates, isTrusted: isTrusted)
            for index in state.objects.indices {
                let object = state.objects[index]
                // What is gone stays in the list, so that the others keep their numbers.
                guard state.ids[object.source]?[object.key] == index else { continue }
                let isMissing = object.source == source && object.run != run || replaced.contains(object.source)
                if decision == .remove, isMissing || object.source == source && object.isLeftOver {
                    state.objects[index].content = nil
                }
                guard isMissing else { continue }
                if state.objects[index].content == nil {
                    if case .withhold = decision { continue }
                    state.dropProgress(of: ObjectID(rawValue: Int64(index) + 1))
                    state.ids[object.source]?.removeValue(forKey: object.key)
                } else if let reason = decision.missingReason {
                    state.objects[index].state = .vanished
                    state.objects[index].reason = reason
                }
            }
            state.runs[row].listings[listing].isComplete = isTrusted
            state.runs[row].kept[source] = decision.keptReason(candidates)
            return RemovalOutcome(decision, candidates)
        }
    }

    func pending(
        of source: SourceID, in run: RunID, after position: Int64, limit: Int
    ) async throws(StoreError) -> [PendingObject] {
        try call { state in
            let pending = state.objects.enumerated().filter { _, object in
                object.run == run && object.source == source && object.position > position && object.state == .pending
            }
            return pending.sorted { $0.element.position < $1.element.position }.prefix(limit).map { index, object in
                let id = ObjectID(rawValue: Int64(index) + 1)
                let kept = state.progress[id].flatMap {
                    $0.eTag == object.entry.eTag && $0.size == object.entry.size ? $0 : nil
                }
                return PendingObject(
                    id: id, position: object.position, key: object.key, size: object.entry.size,
                    eTag: object.entry.eTag, attemptCount: object.attemptCount, progress: kept)
            }
        }
    }

    func settle(_ outcome: ObjectOutcome) throws(StoreError) {
        try call { state in
            let index = Int(outcome.object.rawValue) - 1
            state.objects[index].isLeftOver = false
            switch outcome.cause {
            case .postponed, .failed: break
            case .skipped, .vanished, .changed: state.dropProgress(of: outcome.object)
            }
            switch outcome.cause {
            case .skipped(let reason, let readETag):
                state.objects[index].state = .skipped
                state.objects[index].reason = reason.rawValue
                if let readETag {
                    state.objects[index].skipped = .init(eTag: readETag, size: state.objects[index].entry.size)
                    state.objects[index].content = nil
                }
            case .failed(let reason):
                state.objects[index].state = .failed
                state.objects[index].reason = reason
            case .vanished:
                state.objects[index].state = .vanished
            case .changed:
                state.objects[index].state = .changed
            case .postponed:
                state.objects[index].position = state.nextPosition
                state.objects[index].attemptCount = outcome.attemptCount
                state.nextPosition += 1
            }
        }
    }

    func storedKey(of source: SourceID) async throws(StoreError) -> [UInt8]? {
        try call { state in
            let stored = state.objects.filter { $0.source == source && $0.content != nil }
            return (stored.first { $0.state == .indexed || $0.state == .unchanged } ?? stored.first)?.key
        }
    }

    func totals(of run: RunID) async throws(StoreError) -> RunTotals {
        try call { state in
            var totals = RunTotals()
            for object in state.objects where object.run == run {
                totals.states[object.state, default: .init()].objects += 1
                totals.states[object.state, default: .init()].bytes += object.entry.size
                if object.state == .skipped { totals.skippedReasons[object.reason ?? "", default: 0] += 1 }
                if object.state == .failed { totals.failedReasons[object.reason ?? "", default: 0] += 1 }
                if object.state == .indexed {
                    totals.chunkCount += object.content?.chunks.count ?? 0
                    totals.tokenCount += object.tokenCount
                }
            }
            return totals
        }
    }

    func finish(_ run: RunID, outcome: RunOutcome) async throws(StoreError) {
        try call(isSafe: true) { $0.runs[Int(run.rawValue) - 1].outcome = outcome }
    }

    func knownObjects(of source: SourceRecord, keys: [[UInt8]]) async throws(StoreError) -> [KnownObject?] {
        try call { state in
            keys.map { key in
                state.id(of: source).flatMap { state.ids[$0]?[key] }.map { state.objects[$0].known }
            }
        }
    }

    func storedDocuments(of source: SourceRecord) async throws(StoreError) -> StoredDocuments {
        try call { state in
            var documents = StoredDocuments()
            let own = state.id(of: source)
            for (index, other) in state.sources.enumerated() where other.name == source.name {
                let count = state.documentCount(of: SourceID(rawValue: Int64(index) + 1))
                if other == source.identity { documents.count = count } else { documents.replacedCount += count }
            }
            guard let own else { return documents }
            documents.withheldCount = state.documentCount(of: own) { $0.known.isWithheld }
            documents.haveFiltersChanged = state.haveFiltersChanged(
                of: own, to: source.filters, before: state.runs.count)
            return documents
        }
    }

    // MARK: Sink

    func makeBatch() -> any ChunkBatch { MemoryBatch(store: self) }

    func finish(_ object: IndexedObject) throws(StoreError) {
        precondition(object.isWellFormed)
        try call { state in
            let index = Int(object.id.rawValue) - 1
            let chunks = object.spans.flatMap { span in
                state.batches[span.batch]![span.firstEntry..<span.firstEntry + span.chunkCount]
            }
            precondition(chunks.allSatisfy { $0.object == object.id }, "a span names another object's chunks")
            state.objects[index].state = .indexed
            state.objects[index].skipped = nil
            state.objects[index].content = Content(
                version: .init(eTag: object.eTag, size: object.size), chunks: chunks.map(\.chunk))
            state.objects[index].tokenCount = object.tokenCount
            state.progress[object.id] = nil
        }
    }

    func takeAtMost(memoryByteCount: Int) {}

    func mark(_ progress: ObjectProgress) throws(StoreError) {
        try call { state in
            if progress.chunkCount == 0 { return state.dropProgress(of: progress.object) }
            var kept = state.progress[progress.object]
            if kept?.eTag != progress.eTag || kept?.size != progress.size { kept = nil }
            var progress = progress
            let chunkCount = kept?.chunkCount ?? 0
            progress.spans = (kept?.spans ?? []) + progress.spans.filter { $0.firstOrdinal >= chunkCount }
            var next = 0
            for span in progress.spans {
                precondition(span.firstOrdinal == next, "the spans that are marked have no gap")
                let chunks = state.batches[span.batch]![span.firstEntry..<span.firstEntry + span.chunkCount]
                precondition(chunks.allSatisfy { $0.object == progress.object }, "a span names another object's chunks")
                next += span.chunkCount
            }
            precondition(next == progress.chunkCount, "the spans that are marked are all chunks")
            state.progress[progress.object] = progress
        }
    }

    func discard(_ batches: [BatchID]) throws(StoreError) {
        try call { state in
            let kept = Set(state.progress.values.flatMap { $0.spans.map(\.batch) })
            for batch in batches where !kept.contains(batch) { state.batches[batch] = nil }
        }
    }

    var hasRoom: Bool { true }
    func waitForRoom() async throws(CancellationError) {}
    func flush() async throws(StoreError) { try call(isSafe: true) { _ in } }

    private final class MemoryBatch: ChunkBatch {
        let store: MemoryStore
        var chunks: [(object: ObjectID, chunk: Chunk)] = []
        private var takenID: BatchID?

        init(store: MemoryStore) { self.store = store }

        var id: BatchID {
            if let takenID { return takenID }
            let id = store.guarded.withLock { guarded in
                defer { guarded.nextBatch += 1 }
                return BatchID(rawValue: guarded.nextBatch)
            }
            takenID = id
            return id
        }
        var entryCount: Int { chunks.count }
        /// Small batches, so that objects span several.
        func hasRoom(for byteCount: Int) -> Bool { chunks.count < 50 }
        func append(
            object: ObjectID, ordinal: Int, byteOffset: UInt64, tokenCount: Int, text: UnsafeRawBufferPointer
        ) {
            chunks.append(
                (object, Chunk(ordinal: ordinal, byteOffset: byteOffset, tokenCount: tokenCount, text: Array(text))))
        }
        func seal() throws(StoreError) {
            guard !chunks.isEmpty else { return }
            let (id, sealed) = (id, chunks)
            takenID = nil
            chunks = []
            try store.call { $0.batches[id] = sealed }
        }
    }
}
