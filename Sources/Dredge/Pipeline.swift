import DredgeAWS
import DredgeS3
import DredgeStore
import DredgeTransfer
import Foundation
import Logging
import Synchronization

/// One run, from the first page of the listing to the last transaction.
///
/// ```
/// list ──pages──▶ store (the queue) ──pending──▶ feed ──GETs──▶ document queue ──parts──▶ workers ──batches──▶ store
/// ```
/// Every arrow is bounded: pages by the store's transactions, GETs by the gate and the buffer pool, parts by the pool, batches by
/// the store's queue. Where one of them is full, everything before it waits.
struct Pipeline: Sendable {
    let sources: [Source]
    let store: ChunkStore
    let settings: IndexSettings
    let limits: Limits
    let base: BaseCredentials
    let environment: [String: String]
    let counters: RunCounters
    let logger: Logger

    /// Runs until everything is done, the task is cancelled (a clean stop), or something ends the run.
    func execute(as run: RunState) async throws(RunError) -> RunReport {
        let cpuSecondsBefore = processorSeconds()
        let transfer = try Self.makeTransferLoop(
            sourceCount: sources.count, limits: limits, environment: environment)
        let gate = RequestGate(limitMin: Limits.requestCountMin, limitMax: limits.requestCount)
        let failure = FirstFailure()
        let failures = FailureLog()
        let queue = DocumentQueue()
        var removedCount = 0
        var open: [OpenSource] = []
        let listPool = S3Client.makeListPool(count: Limits.listPageCount)
        let base = CredentialSources.base(
            base, environment: environment, transfer: transfer, defaultSessionName: "dredge-\(run.id)",
            onWarning: { [logger] in logger.warning("\($0)") })
        defer { base.close() }
        do throws(RunError) {
            for source in sources {
                open.append(
                    try OpenSource(
                        source, runID: run.id, base: base, environment: self.base.environment(environment),
                        transfer: transfer, listPool: listPool, logger: logger, onThrottle: { gate.throttled() }))
            }
        } catch {
            for source in open { source.close() }
            await transfer.shutDown()
            throw error
        }
        await withDiscardingTaskGroup { group in
            for source in open { group.addTask { await source.verifyExternalIDs() } }
        }
        let workers = WorkerPool(
            count: limits.workerCount > 0 ? limits.workerCount : ProcessInfo.processInfo.activeProcessorCount,
            worker: Worker(queue: queue, store: store, settings: settings, counters: counters),
            onFailure: { failure.report(RunError($0)) })
        let reader = ObjectReader(
            store: store, settings: settings, limits: limits, pool: BufferPool(byteLimit: limits.memoryByteCount),
            gate: gate,
            multipartGate: RequestGate(limitMin: 1, limitMax: limits.openMultipartCount(settings.chunking)),
            queue: queue,
            counters: counters, failures: failures)
        let listing = ListingSignal(sourceCount: sources.count)
        counters.listingsBegin(sources.count)
        let sourcesByID = Dictionary(uniqueKeysWithValues: zip(run.sources.map(\.source), open))

        await withTaskGroup(of: Event.self) { group in
            for (source, state) in zip(open, run.sources) {
                group.addTask {
                    let removed = await list(source, state, run: run.run, listing: listing, failure: failure)
                    return .listed(removed: removed)
                }
            }
            group.addTask(executorPreference: transfer.executor) {
                await feed(
                    sourcesByID, run: run.run, from: listing, to: reader, executor: transfer.executor, failure: failure)
                return .fed
            }
            group.addTask {
                await failure.wait()
                return .failed
            }
            for await event in group {
                switch event {
                case .listed(let removed): removedCount += removed
                case .fed: failure.stopWaiting()
                case .failed: if failure.error != nil { group.cancelAll() }
                }
            }
        }
        if failure.error != nil { queue.cancel() } else { queue.finish() }
        await withTaskCancellationHandler {
            await workers.join()
        } onCancel: {
            queue.cancel()
        }
        let isStopped = Task.isCancelled
        await transfer.shutDown()
        for source in open { source.close() }
        logger.debug("the pipeline is empty", metadata: ["run": "\(run.id)", "stopped": "\(isStopped)"])

        // The closing transactions must happen also when the task is cancelled, so they get a task of their own.
        let closing = Closing(
            store: store, run: run, sources: open, counters: counters, failures: failures.all, isStopped: isStopped,
            removedCount: removedCount, cpuSeconds: processorSeconds() - cpuSecondsBefore)
        return try await Task { await closing.close(after: failure.error) }.value.get()
    }

    private enum Event {
        case listed(removed: Int)
        case fed
        case failed
    }

    static func makeTransferLoop(
        sourceCount: Int, limits: Limits, environment: [String: String]
    ) throws(RunError) -> TransferLoop {
        var transferLimits = TransferLimits()
        // Beside the GETs: a page of each listing, and a session's refresh.
        transferLimits.connectionCountMax = limits.requestCount + sourceCount + 4
        transferLimits.certificateAuthorityPath = environment["AWS_CA_BUNDLE"]
        do throws(TransferError) {
            return try TransferLoop(limits: transferLimits)
        } catch {
            throw RunError(
                code: .machine, step: "start the transfer loop", message: error.message,
                advice: "Check the limits on threads and open files (ulimit -n, ulimit -u).")
        }
    }

    // MARK: List

    /// Records the listing of a source page by page; returns how many stored objects were not in it and are gone.
    private func list(
        _ source: OpenSource, _ state: SourceState, run: Int64, listing: ListingSignal, failure: FirstFailure
    ) async -> Int {
        defer {
            listing.sourceEnded()
            counters.listingEnded()
        }
        if state.isListingComplete || source.failure != nil { return 0 }
        let prefix = ObjectKey(source.source.prefix)
        var token: String?
        // A resumed listing goes on behind the last key that was recorded; the service's own tokens may have expired.
        var startAfter = state.lastListedKey.map { ObjectKey($0) }
        do {
            repeat {
                let page = try await source.client.listPage(
                    prefix: prefix, continuationToken: token, startAfter: startAfter)
                startAfter = nil
                let records = page.objects.map { object in
                    let reason = source.filter.skipReason(object)
                    return ListedRecord(
                        key: object.key.bytes, size: object.size, eTag: object.eTag, lastModified: object.lastModified,
                        storageClass: object.storageClass, skipReason: reason?.rawValue,
                        keepsContent: reason?.keepsContent ?? false)
                }
                let recorded = try await store.recordListing(run: run, source: state.source, objects: records)
                counters.listed.add(records.count)
                counters.done.add(records.count - recorded.pendingCount)
                counters.plannedBytes.add(recorded.pendingByteCount)
                listing.pageRecorded()
                token = page.continuationToken
            } while token != nil && source.failure == nil
            if source.failure != nil { return 0 }
            return try await store.completeListing(run: run, source: state.source)
        } catch let error as S3Error {
            if error.code != .cancelled {
                source.giveUp(
                    RunError(
                        error, source: source.source.name,
                        step: "list s3://\(source.source.bucket)/\(source.source.prefix)"))
            }
        } catch let error as StoreError {
            failure.report(RunError(error))
        } catch {
            // Cancelled: the run is being stopped.
        }
        return 0
    }

    // MARK: Feed

    /// Takes the queue's objects in order and starts their reads, as far as there is room.
    private func feed(
        _ sources: [Int64: OpenSource], run: Int64, from listing: ListingSignal, to reader: ObjectReader,
        executor: any TaskExecutor,
        failure: FirstFailure
    ) async {
        await withDiscardingTaskGroup { group in
            var position: Int64 = 0
            do {
                while !Task.isCancelled {
                    let seen = listing.now
                    let page = try await store.pending(run: run, after: position, limit: Limits.pendingPageCount)
                    if page.isEmpty {
                        if seen.isComplete { break }
                        await listing.changed(since: seen.generation)
                        continue
                    }
                    for object in page {
                        position = object.position
                        guard let source = sources[object.source], source.failure == nil else { continue }
                        let room = try await reader.room(for: object)
                        group.addTask(executorPreference: executor) {
                            do throws(StoreError) {
                                try await reader.read(object, of: source, into: room)
                            } catch {
                                failure.report(RunError(error))
                            }
                        }
                    }
                }
            } catch let error as StoreError {
                failure.report(RunError(error))
            } catch {
                // Cancelled: the run is being stopped.
            }
        }
    }
}

/// The first error that ends the run as a whole.
final class FirstFailure: Sendable {
    private let first = Mutex<RunError?>(nil)
    private let signal: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (signal, continuation) = AsyncStream<Void>.makeStream() }

    var error: RunError? { first.withLock { $0 } }

    func report(_ error: RunError) {
        first.withLock { first in
            if first == nil { first = error }
        }
        continuation.finish()
    }

    /// Returns when something has been reported, nothing will be, or the task is cancelled.
    func wait() async { for await _ in signal {} }

    func stopWaiting() { continuation.finish() }
}
