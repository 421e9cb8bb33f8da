public import DredgeLedger
import DredgeS3
import DredgeStore

/// What a run would start from: every source listed, nothing fetched, nothing written.
public struct Plan: Sendable, Hashable, Codable {
    /// In the order in which they were given.
    public var sources: [SourcePlan]
}

/// What a run would do with a source. `toFetch`, `unchanged`, `skipped` and `failed` add up to `listed`.
public struct SourcePlan: Sendable, Hashable, Codable {
    /// The source's name.
    public var source: String
    /// Objects that the service lists under the prefix.
    public var listed = ObjectCount()
    /// To be read.
    public var toFetch = ObjectCount()
    /// GETs that reading them takes: one for each part (`Limits.partByteCount`).
    public var getCount = 0
    /// Answers that the listing took, or would have taken where an inventory was read instead.
    public var pageCount = 0
    /// In the store with the same ETag and size.
    public var unchanged = ObjectCount()
    /// Not to be read, for a reason that the listing tells, or that an earlier run found.
    public var skipped = ObjectCount()
    /// Skipped objects by reason.
    public var skippedReasons: [String: Int] = [:]
    /// Not to be read, because their entries in the listing can't be used.
    public var failed = ObjectCount()
    /// Failed objects by reason.
    public var failedReasons: [String: Int] = [:]
    /// Stored documents that the source no longer lists or wants: to be taken out.
    public var removedCount = 0
    /// Stored documents that the source no longer lists or wants, and that it only marks.
    public var markedCount = 0
    /// Stored documents that the source no longer lists or wants, and that stay until somebody confirms their removal.
    public var withheldCount = 0
    /// Why; nil: nothing is withheld.
    public var withheld: WithheldRemovals?
}

extension Engine {
    /// Lists `sources`, one after the other, and compares them with what `ledger` knows (nil: nothing yet), by the
    /// rules by which a run decides. Nothing is fetched or written. Memory is a page of the listing.
    ///
    /// A run that is begun then does what the plan says, as far as buckets and store stay as they are. Where it goes on
    /// with one that was stopped, it counts what that one did as its own.
    /// Of a bucket that is listed by one of `inventories`, that is read in the place of its listing, and nothing is
    /// asked of the bucket. Throws the `RunError` of the first source that can't be listed.
    public func plan(
        _ sources: [Source], against ledger: (any Ledger)?, inventories: [Inventory] = []
    ) async throws(RunError) -> Plan {
        let name = RunName.make(date: world.date(), random: world.random())
        var plan = Plan(sources: [])
        for source in sources {
            let inventory = inventories.first { $0.bucket == source.bucket }
            let open = try open(source, for: name, inventory: inventory) { [self] in tell($0, of: source) }
            defer { open.close() }
            await open.verify()
            if let failure = open.failure { throw failure }
            var planned = try await self.plan(open, against: ledger)
            if inventory != nil {
                planned.pageCount = (planned.listed.objects - 1) / S3Limits.listEntryCountMax + 1
            }
            plan.sources.append(planned)
        }
        return plan
    }

    private func plan(_ open: OpenSource, against ledger: (any Ledger)?) async throws(RunError) -> SourcePlan {
        if open.service.listsInOrder, let plan = try await plan(open, against: ledger, seen: nil) { return plan }
        let seen: KeySet
        do throws(StoreError) { seen = try KeySet() } catch { throw RunError(error) }
        return try await plan(open, against: ledger, seen: seen) ?? SourcePlan(source: open.source.name)
    }

    /// nil: keys may come twice, and nothing keeps those that have come.
    private func plan(
        _ open: OpenSource, against ledger: (any Ledger)?, seen: KeySet?
    ) async throws(RunError) -> SourcePlan? {
        let record = open.source.record(endpoints)
        var plan = SourcePlan(source: open.source.name)
        var listed = ListedDocuments()
        let isTrusted: Bool
        do {
            isTrusted = try await ListingPages(open, isSerial: seen != nil).read { page in
                if seen == nil, page.mayRepeat { throw KeysMayRepeat() }
                var entries = page.entries
                if let seen {
                    // As a run does: the first entry of a key counts.
                    let isNew = try await seen.insert(entries.map(\.key))
                    entries = zip(entries, isNew).filter(\.1).map(\.0)
                }
                let known = try await ledger?.knownObjects(of: record, keys: entries.map(\.key))
                for (index, entry) in entries.enumerated() {
                    let decision = ListingDecision(entry, known: known?[index])
                    plan.add(entry, decision, partByteCount: UInt64(limits.partByteCount))
                    listed.add(known?[index], decision)
                }
            }
        } catch is KeysMayRepeat {
            return nil
        } catch let error as StoreError {
            throw RunError(error)
        } catch {
            throw .cancelled
        }
        if let failure = open.failure { throw failure }
        plan.pageCount = open.counters.pages.value
        do throws(StoreError) {
            let stored = try await ledger?.storedDocuments(of: record) ?? StoredDocuments()
            let candidates = listed.candidates(of: stored, isListingEmpty: plan.listed.objects == 0)
            let decision = open.source.removal.decision(on: candidates, isTrusted: isTrusted)
            plan.add(RemovalOutcome(decision, candidates), of: open.source)
        } catch {
            throw RunError(error)
        }
        return plan
    }
}

/// A key may come twice, and nothing keeps those that have come.
private struct KeysMayRepeat: Error {}

extension SourcePlan {
    fileprivate mutating func add(_ entry: ListingEntry, _ decision: ListingDecision, partByteCount: UInt64) {
        let count = ObjectCount(objects: 1, bytes: entry.size)
        listed += count
        switch decision {
        case .fetch:
            toFetch += count
            getCount += max(1, Int(clamping: (entry.size + partByteCount - 1) / partByteCount))
        case .unchanged: unchanged += count
        case .skip(let reason, _, _):
            skipped += count
            skippedReasons[reason, default: 0] += 1
        case .fail(let reason):
            failed += count
            failedReasons[reason, default: 0] += 1
        }
    }

    fileprivate mutating func add(_ outcome: RemovalOutcome, of source: Source) {
        removedCount = outcome.removedCount
        markedCount = outcome.markedCount
        withheldCount = outcome.withheldCount
        withheld = WithheldRemovals(source, outcome)
    }
}

/// The documents of a source that a listing shows.
private struct ListedDocuments {
    private var count = 0
    private var withheldCount = 0
    private var leftOutCount = 0

    mutating func add(_ known: KnownObject?, _ decision: ListingDecision) {
        guard let known, known.content != nil else { return }
        count += 1
        if known.isWithheld { withheldCount += 1 }
        if decision.leavesContentOver { leftOutCount += 1 }
    }

    /// What a listing that showed these leaves over. Another process may have changed the store meanwhile.
    func candidates(of stored: StoredDocuments, isListingEmpty: Bool) -> RemovalCandidates {
        RemovalCandidates(
            isListingEmpty: isListingEmpty, haveFiltersChanged: stored.haveFiltersChanged,
            storedCount: stored.count + stored.replacedCount, missingCount: max(0, stored.count - count),
            withheldBeforeCount: max(0, stored.withheldCount - withheldCount), leftOutCount: leftOutCount,
            replacedCount: stored.replacedCount)
    }
}
