public import DredgeLedger
import DredgeS3

/// What a run would start from: every source listed, nothing fetched, nothing written.
public struct Plan: Sendable, Codable {
    /// In the order in which they were given.
    public var sources: [SourcePlan]
}

/// What a run would do with a source. `toFetch`, `unchanged` and `skipped` add up to `listed`.
public struct SourcePlan: Sendable, Codable {
    /// The source's name.
    public var source: String
    /// Objects that the service lists under the prefix.
    public var listed = ObjectCount()
    /// To be read.
    public var toFetch = ObjectCount()
    /// In the store with the same ETag and size.
    public var unchanged = ObjectCount()
    /// Not to be read, for a reason that the listing tells, or that an earlier run found.
    public var skipped = ObjectCount()
    /// Skipped objects by reason.
    public var skippedReasons: [String: Int] = [:]
    /// In the store, and not listed any more: to be taken out.
    public var removedCount = 0
}

extension Engine {
    /// Lists `sources`, one after the other, and compares them with what `ledger` knows (nil: nothing yet), by the rule
    /// by which a run decides. Nothing is fetched or written. Memory is a page of the listing and a page of the ledger.
    /// Throws the `RunError` of the first source that can't be listed.
    public func plan(_ sources: [Source], against ledger: (any Ledger)?) async throws(RunError) -> Plan {
        let name = RunName.make(date: world.date(), random: world.random())
        var plan = Plan(sources: [])
        for source in sources {
            let open = try open(source, for: name)
            defer { open.close() }
            await open.verify()
            if let failure = open.failure { throw failure }
            plan.sources.append(try await self.plan(open, against: ledger))
        }
        return plan
    }

    private func plan(_ open: OpenSource, against ledger: (any Ledger)?) async throws(RunError) -> SourcePlan {
        var plan = SourcePlan(source: open.source.name)
        var known = ledger.map { KnownObjects($0, of: open.source.record) }
        var token: String?
        repeat {
            let page: ListPage?
            do { page = try await open.page(continuationToken: token, startAfter: nil) } catch { throw .cancelled }
            guard let page else { throw open.failure ?? .cancelled }
            for object in page.objects {
                let entry = open.filter.entry(object)
                do throws(StoreError) {
                    plan.add(entry, ListingDecision(entry, known: try await known?.object(entry.key)))
                } catch {
                    throw RunError(error)
                }
            }
            token = page.continuationToken
        } while token != nil
        do throws(StoreError) { plan.removedCount = try await known?.passOverRest() ?? 0 } catch {
            throw RunError(error)
        }
        return plan
    }
}

extension SourcePlan {
    fileprivate mutating func add(_ entry: ListingEntry, _ decision: ListingDecision) {
        let count = ObjectCount(objects: 1, bytes: entry.size)
        listed += count
        switch decision {
        case .fetch: toFetch += count
        case .unchanged: unchanged += count
        case .skip(let reason, _, _):
            skipped += count
            skippedReasons[reason, default: 0] += 1
        }
    }
}

/// A ledger's objects beside a listing in the same order: both go forward together, so that neither is held in memory.
private struct KnownObjects {
    private let ledger: any Ledger
    private let source: SourceRecord
    private var page: ArraySlice<KnownObject> = []
    private var lastKey: [UInt8]?
    private var isAtEnd = false
    private var passedCount = 0

    init(_ ledger: any Ledger, of source: SourceRecord) {
        self.ledger = ledger
        self.source = source
    }

    /// The known object with this key. Keys must be asked for in ascending order, as S3 lists them: one that comes late
    /// (a directory bucket lists in no order) is taken as not known, which makes the plan larger than the run.
    mutating func object(_ key: [UInt8]) async throws(StoreError) -> KnownObject? {
        while let object = try await peek() {
            if key.lexicographicallyPrecedes(object.key) { return nil }
            page.removeFirst()
            if object.key == key { return object }
            passedCount += 1
        }
        return nil
    }

    /// Goes to the end; how many of the known objects were never asked for.
    mutating func passOverRest() async throws(StoreError) -> Int {
        while try await peek() != nil {
            passedCount += page.count
            page = []
        }
        return passedCount
    }

    private mutating func peek() async throws(StoreError) -> KnownObject? {
        if page.isEmpty, !isAtEnd {
            let objects = try await ledger.knownObjects(of: source, after: lastKey, limit: Limits.pendingPageCount)
            isAtEnd = objects.isEmpty
            lastKey = objects.last?.key ?? lastKey
            page = objects[...]
        }
        return page.first
    }
}
