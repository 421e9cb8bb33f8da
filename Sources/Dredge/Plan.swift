import DredgeS3
public import DredgeStore
import DredgeTransfer
import Logging

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

extension Indexer {
    /// Lists `sources`, one after the other, and compares them with what `store` holds (nil: nothing yet). Memory is a page of the
    /// listing and a page of the store. Throws the `RunError` of the first source that can't be listed.
    public func plan(_ sources: [Source], against store: ChunkStore?) async throws(RunError) -> Plan {
        let transfer = try Pipeline.makeTransferLoop(
            sourceCount: sources.count, limits: limits, environment: environment)
        let runID = Self.makeRunID()
        let base = CredentialSources.base(
            base, environment: environment, transfer: transfer, defaultSessionName: "dredge-\(runID)",
            onWarning: { [logger] in logger.warning("\($0)") })
        defer { base.close() }
        let result: Result<Plan, RunError>
        do throws(RunError) {
            var plan = Plan(sources: [])
            let listPool = S3Client.makeListPool(count: 1)
            for source in sources {
                let open = try OpenSource(
                    source, runID: runID, base: base, environment: self.base.environment(environment),
                    transfer: transfer, listPool: listPool, logger: logger, onThrottle: {})
                defer { open.close() }
                await open.verifyExternalIDs()
                if let failure = open.failure { throw failure }
                plan.sources.append(try await Self.plan(open, against: store))
            }
            result = .success(plan)
        } catch {
            result = .failure(error)
        }
        await transfer.shutDown()
        return try result.get()
    }

    private static func plan(_ open: OpenSource, against store: ChunkStore?) async throws(RunError) -> SourcePlan {
        let source = open.source
        let prefix = ObjectKey(source.prefix)
        var plan = SourcePlan(source: source.name)
        var known = KnownObjects(
            store?.objects(prefix: prefix.bytes, bucket: source.bucket, source: source.name).makeAsyncIterator())
        var token: String?
        repeat {
            let page: ListPage
            do throws(S3Error) {
                page = try await open.client.listPage(prefix: prefix, continuationToken: token)
            } catch {
                throw RunError(error, source: source.name, step: "list s3://\(source.bucket)/\(source.prefix)")
            }
            for object in page.objects {
                let stored: StoredObject?
                do throws(StoreError) { stored = try await known.object(object.key) } catch { throw RunError(error) }
                plan.add(object, stored: stored, filter: open.filter)
            }
            token = page.continuationToken
        } while token != nil
        do throws(StoreError) { plan.removedCount = try await known.passOverRest() } catch { throw RunError(error) }
        return plan
    }
}

extension SourcePlan {
    /// Decides as the store does when a page of the listing is recorded.
    fileprivate mutating func add(_ object: ListedObject, stored: StoredObject?, filter: SourceFilter) {
        let count = ObjectCount(objects: 1, bytes: object.size)
        listed += count
        let isSame = { (eTag: String, size: UInt64) in
            !eTag.isEmpty && size == object.size && unquoted(eTag) == unquoted(object.eTag)
        }
        var reason = filter.skipReason(object)
        if reason == nil, let stored, stored.state == .skipped, stored.reason == SkipReason.binary.rawValue,
            isSame(stored.eTag, stored.size)
        {
            reason = .binary
        }
        let isStored = stored?.content.map { isSame($0.eTag, $0.size) } ?? false
        if let reason, !(isStored && reason.keepsContent) {
            skipped += count
            skippedReasons[reason.rawValue, default: 0] += 1
        } else if isStored {
            unchanged += count
        } else {
            toFetch += count
        }
    }
}

/// The objects of a store beside a listing in the same order: both go forward together, so that neither is held in memory.
private struct KnownObjects {
    private var iterator: StoredObjects.AsyncIterator?
    private var next: StoredObject?
    private var passedCount = 0

    init(_ iterator: StoredObjects.AsyncIterator?) { self.iterator = iterator }

    /// The stored object with this key. Keys must be asked for in ascending order, as S3 lists them: one that comes late (a directory
    /// bucket lists in no order) is taken as not stored, which makes the plan larger than the run.
    mutating func object(_ key: ObjectKey) async throws(StoreError) -> StoredObject? {
        if next == nil { next = try await iterator?.next() }
        while let object = next {
            if key.bytes.lexicographicallyPrecedes(object.key) { return nil }
            next = try await iterator?.next()
            if object.key == key.bytes { return object }
            passedCount += 1
        }
        iterator = nil
        return nil
    }

    /// Goes to the end; how many of the stored objects were never asked for.
    mutating func passOverRest() async throws(StoreError) -> Int {
        if next == nil { next = try await iterator?.next() }
        while next != nil {
            passedCount += 1
            next = try await iterator?.next()
        }
        return passedCount
    }
}

extension ObjectCount {
    static func += (sum: inout Self, count: Self) {
        sum.objects += count.objects
        let (bytes, overflows) = sum.bytes.addingReportingOverflow(count.bytes)
        sum.bytes = overflows ? .max : bytes
    }
}
