internal import Dredge
internal import DredgeStore
public import Foundation
internal import GRDB

extension Jobs {
    /// What is asked when a job is shown.
    struct ShowKey: Hashable, Sendable {
        var job: String
        var filesLimit: Int
        var organization: String
        var environment: APIEnvironment
    }

    /// The text of `show`. Clients that wait for a job ask for it again and again: they get the same text within
    /// `ServiceLimits.jobLookMilliseconds`, unless the service stored something meanwhile. Pages that nobody asks for
    /// often are looked at each time.
    public nonisolated func shown(
        _ id: String, filesLimit: Int, filesCursor: String?, for caller: Caller
    ) async throws -> Data {
        guard filesCursor == nil, filesLimit <= ServiceLimits.jobLookFileCountMax, let change = database.writeCount
        else { return try await show(id, filesLimit: filesLimit, filesCursor: filesCursor, for: caller).data }
        let key = ShowKey(
            job: id, filesLimit: filesLimit, organization: caller.organization, environment: caller.environment)
        return try await shows.value(of: key, change: change) {
            try await self.show(id, filesLimit: filesLimit, filesCursor: nil, for: caller).data
        }
    }

    /// A job with a page of its files, as the API shows it.
    public func show(_ id: String, filesLimit: Int, filesCursor: String?, for caller: Caller) async throws -> JSON {
        guard let job = try await record(id, for: caller) else { throw ServiceError.notFound("job") }
        var after: ObjectID?
        if let filesCursor {
            guard let number = Int64(filesCursor) else {
                throw ServiceError.invalid([
                    FieldProblem(
                        location: ["query", "files_cursor"], message: "This is no cursor of this job.",
                        type: "value_error")
                ])
            }
            after = ObjectID(rawValue: number)
        }
        let progress = progress(of: id)
        // A job that does not run and came to no result may have stored something before its server ended.
        let (files, stored) = try await files(
            of: job, after: after, limit: filesLimit,
            withTotals: job.result == nil && (progress == nil || job.ended != nil))
        var members = Self.summary(job)
        members.merge(
            [
                "progress": Self.progress(job, progress, stored: stored),
                "progress_message": .string(Self.message(job, progress)),
                "files": .array(files.map { Self.file($0, of: job) }),
                "files_page": .object([
                    "limit": .integer(filesLimit),
                    "next_cursor": files.count == filesLimit
                        ? .optional(files.last.map { String($0.id.rawValue) }) : .null,
                    "total_estimated": .integer(
                        (job.result ?? stored)?.filesTotal ?? progress?.listedCount ?? 0),
                ]),
                "result": job.result.map(Self.result) ?? .null,
                "error_code": .optional(job.errorCode), "error_message": .optional(job.errorMessage),
                "cancelled_by": .optional(job.cancelledBy),
                "cancelled_at": job.status == .cancelled ? .optional(job.ended.map(timeText)) : .null,
                "rolled_back_at": .optional(job.rolledBack.map(timeText)), "billing": .null,
            ], uniquingKeysWith: { $1 })
        return .object(members)
    }

    /// A page of the caller's jobs, the newest first.
    /// - Parameter environment: those of this environment: none where the caller's key is of another one.
    public func list(
        status: String?, collection: String?, sync: String? = nil, environment: String? = nil, limit: Int, offset: Int,
        for caller: Caller
    ) async throws -> JSON {
        let (jobs, total) = try await database.read { db in
            let condition = """
                WHERE organization = ?1 AND environment = ?2 AND status = ifnull(?3, status)
                    AND collection_name = ifnull(?4, collection_name) AND (?5 IS NULL OR sync = ?5)
                    AND environment = ifnull(?6, environment)
                """
            let scope: StatementArguments = [
                caller.organization, caller.environment.rawValue, status, collection, sync, environment,
            ]
            let total = try Int.fetchOne(db, sql: "SELECT count(*) FROM job \(condition)", arguments: scope) ?? 0
            let jobs = try JobRecord.fetch(
                db, "\(condition) ORDER BY number DESC LIMIT ?7 OFFSET ?8", scope + [limit, offset])
            return (jobs, total)
        }
        let rows = jobs.map { job -> JSON in
            let progress = progress(of: job.id)
            var members = Self.summary(job)
            members["files_total"] = .integer(job.result?.filesTotal ?? progress?.listedCount ?? 0)
            members["files_indexed"] = .integer(job.result?.filesIndexed ?? progress?.indexedCount ?? 0)
            members["files_failed"] = .integer(job.result?.filesFailed ?? progress?.failedCount ?? 0)
            members["error_code"] = .optional(job.errorCode)
            members["error"] = .optional(job.errorMessage)
            return .object(members)
        }
        return .object([
            "jobs": .array(rows), "total_count": .integer(total), "limit": .integer(limit),
            "offset": .integer(offset),
        ])
    }

    private func files(
        of job: JobRecord, after: ObjectID?, limit: Int, withTotals: Bool
    ) async throws -> ([StoredObject], JobResult?) {
        try await stores.read(job.collection) { reader in
            guard let reader,
                let (run, files) = try await reader.files(ofRunNamed: job.runName, after: after, limit: limit)
            else { return ([], nil) }
            guard withTotals else { return (files, nil) }
            return (files, JobResult(try await reader.totals(of: run), durationSeconds: 0))
        }
    }

    private static func summary(_ job: JobRecord) -> [String: JSON] {
        [
            "job_id": .string(job.id), "collection_name": .string(job.collectionName),
            "job_type": .string(job.request.kind.rawValue), "status": .string(job.status.rawValue),
            "environment": .string(job.environment), "source": .string(job.source.rawValue),
            "sync_id": .optional(job.request.sync?.id), "created_at": .string(timeText(job.created)),
            "updated_at": .string(timeText(job.updated)), "started_at": .optional(job.started.map(timeText)),
            "completed_at": .optional(job.ended.map(timeText)),
        ]
    }

    /// - Parameter stored: what the collection has of a job that does not run.
    static func progress(_ job: JobRecord, _ progress: RunProgress?, stored: JobResult? = nil) -> JSON {
        let end = job.ended ?? Date().timeIntervalSince1970
        let elapsed = job.started.map { max(0, end - $0) } ?? 0
        let stage = stage(job, progress)
        if let result = job.result ?? stored {
            return .object([
                "current_stage": .string(stage), "stage_description": .string(message(job, nil)),
                "files_total": .integer(result.filesTotal),
                "files_processed": .integer(result.filesIndexed), "files_failed": .integer(result.filesFailed),
                "files_skipped": .integer(result.filesSkipped + result.filesUnchanged),
                "chunks_processed": .integer(result.chunkCount), "tokens_used": .integer(result.tokenCount),
                "elapsed_seconds": .number(elapsed),
            ])
        }
        let now = progress ?? .none
        return .object([
            "current_stage": .string(stage), "stage_description": .string(message(job, progress)),
            "files_total": .integer(now.listedCount), "files_processed": .integer(now.indexedCount),
            "files_failed": .integer(now.failedCount),
            "files_skipped": .integer(max(0, now.doneCount - now.indexedCount - now.failedCount)),
            "chunks_processed": .integer(now.chunkCount), "tokens_used": .integer(now.tokenCount),
            "elapsed_seconds": .number(elapsed),
        ])
    }

    private static func stage(_ job: JobRecord, _ progress: RunProgress?) -> String {
        switch job.status {
        case .pending: "scanning"
        case .cancelled: "cancelled"
        case .completed, .completedWithFailures, .failed, .rolledBack: "finalizing"
        case .running: progress?.isListingComplete ?? false ? "chunking" : "scanning"
        }
    }

    static func message(_ job: JobRecord, _ progress: RunProgress?) -> String {
        switch job.status {
        case .pending: return "The job waits for its turn."
        case .running:
            guard let progress else { return "The job begins." }
            if let wait = progress.waits.first { return "The bucket is waited for: \(wait.reason)" }
            return "\(progress.doneCount) of \(progress.listedCount) files are done."
        case .completed: return "All files are done."
        case .completedWithFailures: return "All files are done; some could not be indexed."
        case .failed: return job.errorMessage ?? "The job failed."
        case .cancelled: return "The job was cancelled. What was indexed stays, until the job is rolled back."
        case .rolledBack: return "What the job indexed was removed."
        }
    }

    static func result(_ result: JobResult) -> JSON {
        .object([
            "files_indexed": .integer(result.filesIndexed), "files_failed": .integer(result.filesFailed),
            "files_skipped": .integer(result.filesSkipped + result.filesUnchanged),
            "chunks_processed": .integer(result.chunkCount), "tokens_used": .integer(result.tokenCount),
            "files_removed": .integer(result.filesRemoved ?? 0), "files_archived": .integer(result.filesArchived ?? 0),
            "removals_withheld": .integer(result.filesWithheld ?? 0),
            "duration_seconds": .number((result.durationSeconds * 1_000).rounded() / 1_000),
            "warnings": .array(result.warnings.map { .string($0) }),
        ])
    }

    static func file(_ object: StoredObject, of job: JobRecord) -> JSON {
        let error = FileErrorCode.of(object)
        let (status, stage, message) =
            switch object.state {
            case .pending where job.ended == nil: ("queued", "scanning", "The file waits for its turn.")
            case .pending: ("cancelled", "cancelled", "The job ended before it came to the file.")
            case .indexed: ("completed", "finalizing", "The file is indexed.")
            case .unchanged: ("skipped", "finalizing", "Its present version was in the collection already.")
            case .skipped, .vanished: ("skipped", "scanning", "The file was left out.")
            case .failed, .changed: ("failed", "chunking", "The file could not be indexed.")
            }
        return .object([
            "uri": .string(Documents.uri(object)), "status": .string(status), "stage": .string(stage),
            "progress_message": .string(message), "updated_at": .string(timeText(job.ended ?? job.updated)),
            "document_id": object.content == nil ? .null : .string(Documents.identifier(object)),
            "chunk_count": .integer(object.chunkCount),
            "error_code": .optional(error?.code.rawValue), "error_message": .optional(error?.message),
        ])
    }
}
