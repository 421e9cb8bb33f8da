internal import Dredge
internal import DredgeBase
internal import Foundation
internal import GRDB
internal import Logging

/// Accepts jobs, runs them in their turn, and knows where each stands. Jobs survive a restart: those that ran go on.
public actor Jobs {
    let database: ControlDatabase
    let stores: CollectionStores
    var collections: Collections { Collections(database: database, stores: stores) }
    private let search: SearchIndexes
    let engine: Engine
    private let integrations: Integrations
    private let webhooks: WebhookSender
    let configuration: ServiceConfiguration
    let logger: Logger
    let shows = Looks<ShowKey, Data>(
        age: .milliseconds(ServiceLimits.jobLookMilliseconds), countMax: ServiceLimits.jobLookCountMax)
    private var queue: JobQueue
    private var keys: [String: RequestKeys] = [:]
    private var runs: [String: ActiveJob] = [:]
    private var tasks: [String: Task<Void, Never>] = [:]
    private(set) var isStopping = false
    /// The wait for the end of what writes to a collection, and is no job.
    private var collectionWait: Task<Void, Never>?
    /// Between two tries to store where a job stands.
    private var pauses: [String: Task<Void, any Error>] = [:]

    /// A job that runs.
    struct ActiveJob {
        var run: Run?
        var progress = RunProgress.none
        var isCancelled = false
        var organization: String
        /// Bytes that it read in earlier processes.
        var byteCountBefore = 0
        /// Its organization's quota is used up.
        var isOverQuota = false

        /// Bytes that it read so far.
        var byteCount: Int { byteCountBefore + Int(clamping: progress.fetchedByteCount) }
    }
    /// What organizations' other jobs read in the last 24 hours, as far as it was looked up.
    private var byteCountsOfOthers: [String: Int] = [:]
    /// What jobs that ended did, in this process.
    private var endedWork = JobWork()

    init(
        database: ControlDatabase, stores: CollectionStores, search: SearchIndexes, engine: Engine,
        integrations: Integrations, webhooks: WebhookSender, configuration: ServiceConfiguration, logger: Logger
    ) {
        self.database = database
        self.stores = stores
        self.search = search
        self.engine = engine
        self.integrations = integrations
        self.webhooks = webhooks
        self.configuration = configuration
        self.logger = logger
        queue = JobQueue(
            runningCountMax: configuration.runningJobCount,
            runningCountMaxOfOrganization: configuration.runningJobCountOfOrganization)
    }

    // MARK: Life

    /// Takes up the jobs that had not ended when the server did. Those whose credentials came with the request fail:
    /// nothing on disk holds them.
    func restart() async throws {
        let open = try await database.write { [webhooks] db in
            let now = Date().timeIntervalSince1970
            let lost = try String.fetchAll(
                db,
                sql: """
                    UPDATE job SET status = 'failed', ended = ?1, updated = ?1, error_code = 'credentials_lost',
                        error_message = ?2 WHERE ended IS NULL AND has_keys RETURNING id
                    """,
                arguments: [
                    now,
                    "The server was restarted, and the job's access key was kept in memory only. Submit the job again; "
                        + "files that were indexed are skipped.",
                ])
            for id in lost { try Webhooks.note(id, db, now: webhooks.now) }
            return try JobRecord.fetch(db, "WHERE ended IS NULL ORDER BY number", [])
        }
        for job in open { queue.add(job.entry) }
        startJobs()
    }

    /// Stops all jobs where they are; the next start goes on with them. Returns when their stores are closed.
    func stop() async {
        isStopping = true
        for job in runs.values { job.run?.stop() }
        collectionWait?.cancel()
        for pause in pauses.values { pause.cancel() }
        for task in tasks.values { await task.value }
    }

    // MARK: Submission

    /// Accepts a job, or answers the one that the same idempotency key stands for.
    /// - Returns: the job's ID.
    public func submit(
        _ kind: IndexRequest.Kind, _ body: JSON, into collection: String, idempotencyKey: String?, for caller: Caller
    ) async throws -> String {
        let (request, requestKeys) = try IndexRequest.parse(
            kind, body, allowedEndpoints: configuration.allowedEndpoints)
        if let idempotencyKey,
            !(1...ServiceLimits.idempotencyKeyLengthMax).contains(idempotencyKey.utf8.count)
                || !idempotencyKey.utf8.allSatisfy({ 0x20...0x7E ~= $0 })
        {
            throw ServiceError.refused(
                .badRequest, "invalid_idempotency_key",
                "An Idempotency-Key has 1 to \(ServiceLimits.idempotencyKeyLengthMax) characters, all of them ASCII.")
        }
        if let problem = problem(of: request, requestKeys) {
            throw ServiceError.invalid(IndexRequest.field(problem.field), "\(problem.message) \(problem.advice)")
        }
        let sha256 = SHA256.hex(Array("\(kind.rawValue)\n\(collection)\n\(body.text)".utf8))
        let idempotency = idempotencyKey.map { (key: $0, sha256: sha256) }
        return try await accept(request, requestKeys, into: collection, idempotency, for: caller)
    }

    /// What can be seen to be wrong with the request's source.
    nonisolated func problem(of request: IndexRequest, _ keys: RequestKeys? = nil) -> SourceProblem? {
        request.source(configuration, keys: keys, sessionName: "check").problem(
            environment: engine.base.environment(engine.environment))
    }

    /// Accepts a job whose request is known to be sound.
    func accept(
        _ request: IndexRequest, _ requestKeys: RequestKeys?, into collection: String,
        _ idempotency: (key: String, sha256: String)? = nil, for caller: Caller
    ) async throws -> String {
        let id = RandomToken.identifier("job")
        let running = (ids: Set(runs.keys), byteCount: runningByteCount(of: caller.organization))
        let known = try await database.write { [self, integrations] db -> String? in
            let now = Date().timeIntervalSince1970
            if let idempotency, let known = try Self.known(idempotency, db, caller, now: now) { return known }
            guard let collection = try Collections.find(db, collection, caller) else {
                throw ServiceError.notFound("collection")
            }
            try integrations.authorize(request, db, organization: caller.organization)
            try requireRoom(db, caller)
            try requireQuota(db, of: caller.organization, running: running, now: now)
            try Self.insert(request, id, into: collection, hasKeys: requestKeys != nil, db, caller, now: now)
            if let idempotency {
                try db.execute(
                    sql: "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)",
                    arguments: [
                        caller.organization, caller.environment.rawValue, idempotency.key, idempotency.sha256, id, now,
                    ])
            }
            return nil
        }
        if let known { return known }
        guard let job = try await record(id, for: caller) else { throw ServiceError.notFound("job") }
        keys[id] = requestKeys
        queue.add(job.entry)
        startJobs()
        return id
    }

    private static func known(
        _ idempotency: (key: String, sha256: String), _ db: Database, _ caller: Caller, now: Double
    ) throws -> String? {
        try db.execute(
            sql: "DELETE FROM idempotency WHERE created < ?", arguments: [now - ServiceLimits.idempotencySeconds])
        let row = try Row.fetchOne(
            db,
            sql: "SELECT job, body_sha256 FROM idempotency WHERE organization = ? AND environment = ? AND key = ?",
            arguments: [caller.organization, caller.environment.rawValue, idempotency.key])
        guard let row else { return nil }
        guard row[1] == idempotency.sha256 else {
            throw ServiceError.refused(
                .conflict, "idempotency_conflict",
                "This Idempotency-Key was used for another request within the last 24 hours. Use a new one.")
        }
        return row[0]
    }

    private nonisolated func requireRoom(_ db: Database, _ caller: Caller) throws {
        let count =
            try Int.fetchOne(
                db, sql: "SELECT count(*) FROM job WHERE organization = ? AND ended IS NULL",
                arguments: [caller.organization]) ?? 0
        guard count < configuration.openJobCountOfOrganization else {
            throw ServiceError.refused(
                .tooManyRequests, "too_many_jobs",
                "\(count) jobs of this organization have not ended, which is the most. Wait for some of them.")
        }
    }

    private static func insert(
        _ request: IndexRequest, _ id: String, into collection: CollectionRecord, hasKeys: Bool, _ db: Database,
        _ caller: Caller, now: Double
    ) throws {
        let text = String(decoding: try JSONEncoder().encode(request), as: UTF8.self)
        try db.execute(
            sql: """
                INSERT INTO job(id, organization, environment, collection, collection_name, type, status, request,
                    has_keys, created, updated) VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?)
                """,
            arguments: [
                id, caller.organization, caller.environment.rawValue, collection.id, collection.name,
                request.kind.rawValue, text, hasKeys, now, now,
            ])
    }

    // MARK: What is asked of a job

    /// The job with this ID, of the caller's organization and environment; nil: there is none.
    func record(_ id: String, for caller: Caller) async throws -> JobRecord? {
        try database.readAtOnce { db in
            try JobRecord.fetch(
                db, "WHERE id = ? AND organization = ? AND environment = ?",
                [id, caller.organization, caller.environment.rawValue]
            ).first
        }
    }

    /// How far a running job is; nil: it does not run.
    func progress(of id: String) -> RunProgress? { runs[id]?.progress }

    /// Ends a job. One that has ended stays as it is.
    public func cancel(_ id: String, for caller: Caller) async throws {
        guard let job = try await record(id, for: caller) else { throw ServiceError.notFound("job") }
        if job.ended != nil { return }
        if runs[id] == nil {
            // It waits, or is just being submitted: then it may begin meanwhile.
            if queue.remove(id) { keys[id] = nil }
            try await end(id, .cancelled, cancelledBy: caller.keyID)
            if queue.remove(id) { keys[id] = nil }
        }
        guard runs[id] != nil else { return }
        runs[id]?.isCancelled = true
        runs[id]?.run?.stop()
        try await database.write { db in
            try db.execute(
                sql: "UPDATE job SET cancelled_by = ? WHERE id = ? AND ended IS NULL", arguments: [caller.keyID, id])
        }
    }

    /// Bytes that the organization's running jobs read.
    private func runningByteCount(of organization: String) -> Int {
        runs.values.reduce(0) { $1.organization == organization ? $0 + $1.byteCount : $0 }
    }

    /// Whether the organization's jobs have read more than they may.
    private func isOverQuota(_ organization: String) async -> Bool {
        guard let countMax = configuration.quotas.byteCountPerDay else { return false }
        if byteCountsOfOthers[organization] == nil {
            let running = Set(runs.keys)
            let count = try? await byteCountRead(of: organization, except: running)
            // What ended meanwhile is in neither of the two.
            if running == Set(runs.keys) { byteCountsOfOthers[organization] = count }
        }
        return (byteCountsOfOthers[organization] ?? 0) + runningByteCount(of: organization) > countMax
    }

    /// So that what was read counts though the process be killed.
    private func noteByteCount(_ id: String) async {
        guard let count = runs[id]?.byteCount else { return }
        try? await database.write { db in
            try db.execute(
                sql: "UPDATE job SET byte_count = ? WHERE id = ? AND ended IS NULL", arguments: [count, id])
        }
    }

    /// What jobs did in this process, and how many there are.
    public func work() -> JobWork {
        var work = endedWork
        for job in runs.values { work.add(job.progress) }
        (work.runningCount, work.waitingCount) = (runs.count, queue.waitingCount)
        return work
    }

    // MARK: Running

    private func startJobs() {
        while !isStopping, let entry = queue.next(except: stores.beingWritten) {
            runs[entry.id] = ActiveJob(organization: entry.organization)
            tasks[entry.id] = Task {
                await self.execute(entry)
                self.queue.end(entry.id)
                if let progress = self.runs.removeValue(forKey: entry.id)?.progress { self.endedWork.add(progress) }
                self.byteCountsOfOthers[entry.organization] = nil
                self.keys[entry.id] = nil
                self.tasks[entry.id] = nil
                self.startJobs()
            }
        }
        awaitCollection()
    }

    /// A job whose collection is written to by somebody else takes no place; it is looked at again afterwards.
    private func awaitCollection() {
        guard !isStopping, collectionWait == nil, let collection = queue.blocked(by: stores.beingWritten) else {
            return
        }
        collectionWait = Task {
            try? await self.stores.untilFree(collection)
            self.collectionWait = nil
            self.startJobs()
        }
    }

    private func execute(_ entry: JobQueue.Entry) async {
        do {
            guard let job = try await insist(entry.id, { try await begin(entry.id) }) ?? nil else { return }
            guard job.isReadable else {
                logger.error("what the control database has of a job can't be read", metadata: ["job": "\(job.id)"])
                return await fail(job.id, "server_error", JobRecord.unreadable)
            }
            let source = try source(of: job)
            let ending = try await stores.exclusively(job.collection) {
                let ending = try await self.run(job, source)
                await self.noteCount(job)
                await self.updateSearch(job)
                return ending
            }
            _ = try await insist(job.id) { try await finish(job, ending) }
        } catch ServiceError.refused(let refusal) {
            await fail(entry.id, refusal.code, refusal.message)
        } catch {
            logger.error("a job could not be run", metadata: ["job": "\(entry.id)", "error": "\(error)"])
            await fail(
                entry.id, "server_error", "The server could not run the job. Its operator finds the cause in its log.")
        }
    }

    /// Waits, but not while the server stops.
    func pause(_ id: String, seconds: Int) async {
        if isStopping { return }
        let pause = Task { try await Task.sleep(for: .seconds(seconds)) }
        pauses[id] = pause
        try? await pause.value
        pauses[id] = nil
    }

    /// Whether something could not be stored, and is tried again.
    var isPausing: Bool { !pauses.isEmpty }

    private func noteCount(_ job: JobRecord) async {
        do { try await collections.noteCount(of: job.collection) } catch {
            // The next job counts again.
            logger.error("a collection's count can't be noted", metadata: ["job": "\(job.id)", "error": "\(error)"])
        }
    }

    /// The job, which runs from now on; nil: it was cancelled. Throws what has come in its way since it was accepted.
    private func begin(_ id: String) async throws -> JobRecord? {
        try await database.write { [integrations] db in
            guard let job = try JobRecord.fetch(db, "WHERE id = ? AND ended IS NULL", [id]).first else { return nil }
            try integrations.authorize(job.request, db, organization: job.organization)
            let now = Date().timeIntervalSince1970
            try db.execute(
                sql: "UPDATE job SET status = 'running', started = ifnull(started, ?1), updated = ?1 WHERE id = ?2",
                arguments: [now, id])
            return try JobRecord.fetch(db, "WHERE id = ?", [id]).first
        }
    }

    private func source(of job: JobRecord) throws -> Source {
        guard job.request.roleARN != nil || keys[job.id] != nil else {
            throw ServiceError.refused(
                .conflict, "credentials_lost", "The job's access key is gone. Submit the job again.")
        }
        if let endpoint = job.request.endpoint, !configuration.allowedEndpoints.contains(where: { $0.url == endpoint })
        {
            throw ServiceError.refused(
                .forbidden, JobErrorCode.invalidSource.rawValue,
                "The operator of this server does not allow the endpoint any more. Submit the job without it.")
        }
        return job.request.source(
            configuration, keys: keys[job.id],
            sessionName: configuration.sessionName(organization: job.organization, job: job.runName))
    }

    /// How a run ended.
    private enum Ending: Sendable {
        /// It had ended before the server did.
        case done(JobResult, run: Int64)
        case report(RunReport, run: Int64?)
        case error(RunError, run: Int64?)
        case store(StoreError)
    }

    private func run(_ job: JobRecord, _ source: Source) async throws -> Ending {
        if let ending = try await completed(job) { return ending }
        runs[job.id]?.byteCountBefore = job.byteCount
        let (path, settings) = (stores.path(job.collection), stores.settings)
        let store: ChunkStore
        do {
            // Opening may verify the file: not on a thread that others need.
            store = try await WorkThreads.files.run { try ChunkStore.open(at: path, settings: settings) }
        } catch let error as StoreError {
            return .store(error)
        }
        let run = engine.run([source], into: store, named: job.runName)
        runs[job.id]?.run = run
        if isStopping || runs[job.id]?.isCancelled ?? true { run.stop() }
        let watcher = Task {
            var noted = ContinuousClock.now
            for await progress in run.progress {
                runs[job.id]?.progress = progress
                guard configuration.quotas.byteCountPerDay != nil else { continue }
                if await isOverQuota(job.organization) {
                    runs[job.id]?.isOverQuota = true
                    run.stop()
                }
                if noted.duration(to: .now) >= .seconds(ServiceLimits.byteCountNoteSeconds) {
                    noted = .now
                    await noteByteCount(job.id)
                }
            }
        }
        let result: Result<RunReport, RunError>
        do throws(RunError) { result = .success(try await run.report()) } catch { result = .failure(error) }
        await watcher.value
        try await WorkThreads.files.run { try store.close() }
        let row = try? await stores.read(job.collection) { try await $0?.run(named: job.runName)?.rawValue }
        switch result {
        case .success(let report): return .report(report, run: row)
        case .failure(let error): return .error(error, run: row)
        }
    }

    /// What the store has of a run that came to its end in a process that was killed before it could note the job's.
    private func completed(_ job: JobRecord) async throws -> Ending? {
        let known = try await stores.read(job.collection) { try await $0?.completeRun(named: job.runName) }
        guard let (run, totals) = known else { return nil }
        let seconds = Date().timeIntervalSince1970 - (job.started ?? job.created)
        return .done(JobResult(totals, durationSeconds: seconds), run: run.rawValue)
    }

    /// What the job stored can be found before its status says that it has ended. Where that fails, the next query
    /// tries again.
    private func updateSearch(_ job: JobRecord) async {
        do {
            try await search.update(job.collection, endedRun: job.runName)
        } catch is CancellationError {
            // The server stops. The first query after the next start goes on with it.
        } catch {
            stores.search.setCurrent(job.collection, false)
            logger.error(
                "a collection's search is behind", metadata: ["collection": "\(job.collection)", "error": "\(error)"])
        }
    }

    private func finish(_ job: JobRecord, _ ending: Ending) async throws {
        let isCancelled = runs[job.id]?.isCancelled ?? false
        switch ending {
        case .done(let result, let run):
            try await end(
                job.id, result.filesFailed > 0 ? .completedWithFailures : .completed, run: run, result: result)
        case .report(let report, let run):
            if report.outcome == .stopped, !isCancelled, runs[job.id]?.isOverQuota ?? false {
                let code = JobErrorCode.quotaExceeded
                return try await end(
                    job.id, .failed, run: run, result: JobResult(report), error: (code.rawValue, code.meaning))
            }
            if report.outcome == .stopped, !isCancelled { return try await putBack(job.id, run: run) }
            if job.request.kind == .file, report.outcome != .stopped, report.listed.objects == 0 {
                let code = JobErrorCode.objectNotFound
                return try await end(
                    job.id, .failed, run: run, result: JobResult(report), error: (code.rawValue, code.meaning))
            }
            let status: JobRecord.Status =
                report.outcome == .stopped
                ? .cancelled : report.failed.objects + report.changed.objects > 0 ? .completedWithFailures : .completed
            try await end(job.id, status, run: run, result: JobResult(report))
        case .error(let error, let run):
            let reason = isCancelled ? nil : JobErrorCode.of(error, hasRole: job.request.roleARN != nil)
            if !isCancelled {
                logger.notice("a job failed", metadata: ["job": "\(job.id)", "error": "\(error)"])
                do {
                    if error.isOfRevokedRole { try await integrations.noteRevoked(job.request, of: job.organization) }
                    if error.code == .overTrust {
                        try await integrations.noteOverTrust(job.request, of: job.organization)
                    }
                } catch {
                    logger.error("a role's state can't be noted", metadata: ["job": "\(job.id)", "error": "\(error)"])
                }
            }
            try await end(
                job.id, isCancelled ? .cancelled : .failed, run: run, result: error.report.map(JobResult.init),
                error: reason)
        case .store(let error):
            logger.error("a collection can't be opened", metadata: ["job": "\(job.id)", "error": "\(error.message)"])
            try await end(
                job.id, .failed,
                error: ("server_error", "The collection can't be written to. The operator finds the cause in the log."))
        }
    }

    /// The server stops: the job goes on with the next start.
    private func putBack(_ id: String, run: Int64?) async throws {
        let byteCount = runs[id].flatMap { $0.byteCount > 0 ? $0.byteCount : nil }
        try await database.write { db in
            try db.execute(
                sql: """
                    UPDATE job SET status = 'pending', run = ?, updated = ?, byte_count = ifnull(?, byte_count)
                    WHERE id = ?
                    """, arguments: [run, Date().timeIntervalSince1970, byteCount, id])
        }
    }

    func end(
        _ id: String, _ status: JobRecord.Status, run: Int64? = nil, result: JobResult? = nil,
        cancelledBy: String? = nil, error: (code: String, message: String)? = nil
    ) async throws {
        let resultText = try result.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
        let (code, message) = (error?.code, error?.message)
        let byteCount = runs[id].flatMap { $0.byteCount > 0 ? $0.byteCount : nil }
        let isEnd = try await database.write { [webhooks] db -> Bool in
            let now = Date().timeIntervalSince1970
            try db.execute(
                sql: """
                    UPDATE job SET status = ?1, ended = ?2, updated = ?2, run = ifnull(?3, run),
                        result = ifnull(?4, result), error_code = ?6,
                        cancelled_by = iif(?1 = 'cancelled', ifnull(?5, cancelled_by), NULL),
                        error_message = ?7, byte_count = ifnull(?9, byte_count) WHERE id = ?8 AND ended IS NULL
                    """,
                arguments: [status.rawValue, now, run, resultText, cancelledBy, code, message, id, byteCount])
            guard db.changesCount > 0 else { return false }
            try Webhooks.note(id, db, now: webhooks.now)
            return true
        }
        if isEnd { endedWork.endedCounts[status.rawValue, default: 0] += 1 }
        webhooks.wake()
    }
}

extension JobRecord {
    var entry: JobQueue.Entry {
        JobQueue.Entry(id: id, number: number, organization: organization, collection: collection)
    }
}

extension JobResult {
    /// What the store tells of a run.
    init(_ totals: RunTotals, durationSeconds: Double) {
        func count(_ states: ObjectState...) -> Int { states.reduce(0) { $0 + (totals.states[$1]?.objects ?? 0) } }
        filesTotal = totals.states.values.reduce(0) { $0 + $1.objects }
        filesIndexed = count(.indexed)
        filesUnchanged = count(.unchanged)
        filesSkipped = count(.skipped, .vanished)
        filesFailed = count(.failed, .changed)
        (chunkCount, tokenCount) = (totals.chunkCount, totals.tokenCount)
        self.durationSeconds = durationSeconds
    }

    init(_ report: RunReport) {
        filesTotal = report.listed.objects
        filesIndexed = report.indexed.objects
        filesUnchanged = report.unchanged.objects
        filesSkipped = report.skipped.objects + report.vanished.objects
        filesFailed = report.failed.objects + report.changed.objects
        chunkCount = report.chunkCount
        tokenCount = report.tokenCount
        durationSeconds = report.elapsedSeconds
        (filesRemoved, filesArchived, filesWithheld) = (report.removedCount, report.markedCount, report.withheldCount)
        warnings = report.withheld.map(Syncs.warning)
    }
}
