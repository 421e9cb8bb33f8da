public import Dredge
import DredgeBase
import DredgeLedger
import DredgeS3
import DredgeStore
public import Foundation

/// Does shards of a job: reads what the manifest names, and hands in the store and what became of each object.
///
/// A worker may be killed at any moment, run twice, or come late. What it hands in is named after its content and made
/// once, and what it has done is told last: whoever sees that a shard is done finds its store. A store that was begun
/// on this machine is gone on with.
public struct ShardWorker: Sendable {
    /// How a shard ended.
    public enum Outcome: Sendable {
        /// This worker has done it, or has the result that another one has handed in.
        case done(RunReport)
        /// Another worker has done it before; nothing was read.
        case wasDone
        /// The job has no shard of this number.
        case isNone
        /// The run was stopped; the next worker goes on from there, where it has the same scratch directory.
        case stopped(RunReport)
    }
    private let job: Job
    private let sources: [Source]
    private let engine: Engine
    private let scratch: URL
    private let name: String
    private let onRun: @Sendable (Run, AsyncStream<RunProgress>) async -> Void

    /// - Parameters:
    ///   - sources: of the job's config.
    ///   - scratch: a folder of this machine, where stores are while they are made.
    ///   - name: names the worker in its claims; nil: one is made.
    ///   - onRun: called with each run as it begins, beside it: for stopping it, and for showing its progress, which
    ///     comes from the stream.
    /// - Throws: where config and environment come to other sources or settings than the planner's did.
    public init(
        _ job: Job, sources: [Source], settings: IndexSettings, engine: Engine, scratch: URL,
        name: String? = nil, onRun: @escaping @Sendable (Run, AsyncStream<RunProgress>) async -> Void = { _, _ in }
    ) throws(JobError) {
        guard engine.jobNames(of: sources) == job.file.sources, settings.named == job.file.settings else {
            throw JobError(
                code: .usage, place: job.url,
                message: "The job's config comes to other sources or settings here than where it was planned.",
                advice: "Give this worker the environment variables that the planner had.")
        }
        self.job = job
        self.sources = sources
        self.engine = engine
        self.scratch = scratch
        self.name = name ?? RunName.make()
        self.onRun = onRun
    }

    /// Does one shard, whoever else is at it. Throws a `JobError`, or the `RunError` that ended the run.
    public func work(on shard: Int) async throws -> Outcome {
        // An array may be larger than the job, which may have fewer objects than shards were asked for.
        guard job.index.shards.indices.contains(shard) else { return .isNone }
        if try await job.done(shard) != nil { return .wasDone }
        // For those who ask how far the job is: a worker that can't tell works all the same.
        let lease = try? await Lease.take(
            shard, of: job.storage, named: JobNames.claim(shard), worker: name, isForced: true)
        return try await work(on: shard, lease)
    }

    /// - Parameter lease: is renewed meanwhile; nil: there is none.
    func work(on shard: Int, _ lease: Lease?) async throws -> Outcome {
        let keeping = Task { await lease?.keep() }
        let result: Result<Outcome, any Error>
        do { result = .success(try await makeResult(of: shard, lease)) } catch { result = .failure(error) }
        keeping.cancel()
        await keeping.value
        switch result {
        case .success(.done), .success(.wasDone), .success(.isNone): break
        // Others need not wait for the claim's end.
        case .success(.stopped), .failure: await lease?.giveBack()
        }
        return try result.get()
    }

    private func makeResult(of shard: Int, _ lease: Lease?) async throws -> Outcome {
        let name = "dredge-\(job.file.id)-\(JobNames.number(shard))"
        guard let lock = try ScratchLock(name, in: scratch) else {
            throw JobError(
                code: .scratchInUse, place: scratch.appending(path: name).path,
                message: "Another worker of this machine is at shard \(shard) in this scratch directory.",
                advice: "Wait until it has ended, or give each worker a scratch directory of its own.", mayPass: true)
        }
        defer { withExtendedLifetime(lock) {} }
        let folder = try ScratchFolder.make(name, in: scratch)
        let manifest = folder.appending(path: "manifest.csv.gz").path
        let names = try await fetch(shard, to: manifest)
        let store = try ChunkStore.open(at: folder.appending(path: "store.chunks").path, settings: job.file.settings)
        let report = try await index(names, manifest, into: store, lease)
        guard report.outcome == .complete else {
            try store.close()
            return .stopped(report)
        }
        try await handIn(shard, store, in: folder)
        try? FileManager.default.removeItem(at: folder)
        return .done(report)
    }

    /// The manifest, and the names of its sources.
    private func fetch(_ shard: Int, to path: String) async throws(JobError) -> Set<String> {
        let name = JobNames.manifest(shard)
        try await job.storage.download(name, to: path)
        let reader = try RowReader(path, .manifest)
        var names: Set<String> = []
        var count = 0
        while let row = try reader.next() {
            names.insert(row.source)
            count += 1
        }
        let expected = job.index.shards[shard]
        guard reader.finish() == expected.manifestDigest, count == expected.objectCount else {
            throw Job.changed(job.url + name)
        }
        return names
    }

    private func index(
        _ names: Set<String>, _ manifest: String, into store: ChunkStore, _ lease: Lease?
    ) async throws(RunError) -> RunReport {
        let run = engine.run(
            sources.filter { names.contains($0.name) }, into: store,
            listedBy: Dictionary(
                uniqueKeysWithValues: names.map {
                    (
                        $0,
                        ManifestFile(
                            manifest, source: $0, witnesses: job.witnesses(of: $0),
                            hasStoredContent: job.file.since?.storedSources.contains($0) ?? false)
                    )
                }))
        async let watched: Void = watch(run, lease)
        do throws(RunError) {
            let report = try await run.report()
            await watched
            return report
        } catch {
            await watched
            throw error
        }
    }

    /// Hands the run's progress on, also to the lease, which tells it to others, to the run's end.
    private func watch(_ run: Run, _ lease: Lease?) async {
        let (stream, continuation) = AsyncStream.makeStream(of: RunProgress.self, bufferingPolicy: .bufferingNewest(1))
        async let shown: Void = onRun(run, stream)
        for await progress in run.progress {
            continuation.yield(progress)
            await lease?.note(doneCount: progress.doneCount, doneByteCount: progress.doneByteCount)
        }
        continuation.finish()
        await shown
    }

    // MARK: Without an index

    /// Does shards until all of the job are done: each that nobody has claimed, or whose worker has not been heard of
    /// for `ShardLimits.leaseMilliseconds`. Where all that are left are claimed, it does the first of them a second
    /// time: whoever is done first counts.
    /// - Parameters:
    ///   - sleep: waits so long; throws when the task is cancelled.
    ///   - onWait: called with the number of shards that are left, where others have claimed all of them.
    ///   - onShard: called with each outcome.
    /// - Returns: whether all shards are done; false: a run was stopped.
    package func workOnAll(
        sleep: (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        onWait: (Int) -> Void = { _ in },
        onShard: (Int, Outcome) throws -> Void
    ) async throws -> Bool {
        // Where other workers of this machine are at them, with the same scratch directory.
        var inUse: Set<Int> = []
        // Of one shard; others are still to be done.
        var unequal: JobError?
        var choice = ShardChoice(job, worker: name)
        while true {
            try Task.checkCancellation()
            let (shard, lease): (Int, Lease)
            switch try await choice.next(but: inUse) {
            case .shard(let next, let claim): (shard, lease) = (next, claim)
            case .allDone:
                if let unequal { throw unequal }
                return true
            case .none(let left):
                inUse = []
                onWait(left)
                try await sleep(ShardLimits.claimLookInterval)
                continue
            }
            let outcome: Outcome
            do {
                // It may have been done since it was looked.
                outcome = try await job.done(shard) == nil ? work(on: shard, lease) : .wasDone
            } catch let error as JobError where error.code == .scratchInUse {
                inUse.insert(shard)
                continue
            } catch let error as JobError where error.code == .unequalResults {
                unequal = error
                choice.finish(shard)
                continue
            }
            try onShard(shard, outcome)
            if case .stopped = outcome { return false }
            choice.finish(shard)
        }
    }

    // MARK: Handing in

    private func handIn(_ shard: Int, _ store: ChunkStore, in folder: URL) async throws {
        let result = folder.appending(path: "result.csv.gz").path
        let order = SourceOrder(job.file.sources)
        let writer = try ResultWriter(result, before: folder.appending(path: "manifest.csv.gz").path, order)
        _ = try await store.reduceObjects(into: ()) { _, object, digest in try writer.add(object, digest) }
        let done = try writer.finish(shard, manifestDigest: job.index.shards[shard].manifestDigest)
        try store.close()
        // The store is named after the result, which holds a digest of each object: stores of one name hold the same.
        _ = try await job.storage.upload(store.path, to: JobNames.store(shard, done.resultDigest))
        _ = try await job.storage.upload(result, to: JobNames.result(shard, done.resultDigest))
        if try await job.storage.create(JobNames.done(shard), try JobText.bytes(done)) { return }
        guard let other = try await job.done(shard) else {
            throw JobError(
                code: .storage, place: job.url + JobNames.done(shard),
                message: "It can't be made, and it is not there.", advice: "Try again.", mayPass: true)
        }
        guard other != done else { return }
        let attempt = RunName.make()
        _ = try? await job.storage.create(JobNames.failed(shard, attempt), try JobText.bytes(done))
        throw JobError(
            code: .unequalResults, place: job.url + JobNames.done(shard),
            message: """
                Another worker has done shard \(shard) with another result: \(other.difference(from: done)). Its \
                result stays; this one's is in \(JobNames.failed(shard, attempt)).
                """,
            advice: """
                Where states differ, objects changed or could not be read between the two: the next plan reads them. \
                Where only digests differ, bytes changed under the same ETags, or this is a fault of dredge: please \
                report it.
                """)
    }

    /// Writes the rows of a shard's result.
    ///
    /// `@unchecked Sendable`: filled within one `reduceObjects`, on the thread of the store's reader, and finished by
    /// whoever waited for that.
    private final class ResultWriter: @unchecked Sendable {
        private var rows: RowWriter?
        private let manifest: RowReader
        private let order: SourceOrder
        private var (made, replaced, kept) = (RowSums(), RowSums(), RowSums())

        /// - Parameter manifest: the shard's, in the same order as the objects of the store: with what earlier jobs
        ///   have of them.
        init(_ path: String, before manifest: String, _ order: SourceOrder) throws(JobError) {
            rows = try RowWriter(path, .result)
            self.manifest = try RowReader(manifest, .manifest)
            self.order = order
        }

        func add(_ object: StoredObject, _ digest: [UInt8]?) throws(JobError) {
            var row = ObjectRow(object, digest)
            guard let result = row.result, let listed = try manifest.next(), listed.source == row.source,
                listed.object.key == row.object.key
            else {
                throw JobError(
                    code: .badFile, place: "the store of a shard", message: "It has other objects than the manifest.",
                    advice: "Remove the shard's folder in the scratch directory, and start the worker again.")
            }
            if let previous = listed.previous {
                replaced.add(previous.result, byteCount: previous.size)
                if digest == nil, previous.result.digest != nil,
                    ObjectRow.Result.keepsContent(object.state, result.reason)
                {
                    row.result?.chunkCount = previous.result.chunkCount
                    row.result?.tokenCount = previous.result.tokenCount
                    row.result?.digest = previous.result.digest
                    if let result = row.result { kept.add(result, byteCount: 0) }
                }
            }
            if let result = row.result { made.add(result, byteCount: object.size) }
            try rows?.write(row)
        }

        func finish(_ shard: Int, manifestDigest: String) throws(JobError) -> DoneFile {
            let digest = if let rows = rows.take() { try rows.finish() } else { "" }
            return DoneFile(
                shard: shard, manifestDigest: manifestDigest, resultDigest: digest, made: made,
                replaced: replaced == RowSums() ? nil : replaced, kept: kept == RowSums() ? nil : kept)
        }
    }
}

extension ObjectRow {
    fileprivate init(_ object: StoredObject, _ digest: [UInt8]?) {
        self.init(
            source: object.source,
            object: .init(
                key: .init(object.key), size: object.size, eTag: object.eTag, lastModified: object.lastModified,
                storageClass: object.storageClass),
            result: Result(
                // A worker that went on with a store has found there what it had indexed itself.
                state: (object.state == .unchanged ? .indexed : object.state).rawValue, reason: object.reason ?? "",
                chunkCount: object.chunkCount, tokenCount: object.tokenCount, digest: digest))
    }
}

extension DoneFile {
    /// For people: in what two results of one shard differ.
    fileprivate func difference(from other: DoneFile) -> String {
        func text(_ done: DoneFile) -> String {
            done.made.states.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        }
        if made.states != other.made.states { return "\(text(self)) there, \(text(other)) here" }
        let (there, here) = (made.tokenCount, other.made.tokenCount)
        if there != here { return "\(there) tokens there, \(here) here" }
        return "the same counts, and other content"
    }
}
