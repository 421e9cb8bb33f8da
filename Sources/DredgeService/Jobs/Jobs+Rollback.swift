internal import Dredge
internal import DredgeStore
internal import Foundation
internal import GRDB

extension Jobs {
    /// Removes the documents that the job wrote, with every trace in the collection's file. Throws `conflict` while the
    /// job, or another one of its collection, has not ended.
    public func rollBack(_ id: String, for caller: Caller) async throws -> JSON {
        guard let job = try await record(id, for: caller) else { throw ServiceError.notFound("job") }
        guard job.ended != nil else { throw ServiceError.jobRunning }
        let isThere = try await database.read { db in
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT * FROM collection WHERE id = ?)", arguments: [job.collection]) ?? false
        }
        guard isThere else {
            throw ServiceError.refused(
                .notFound, "collection_deleted",
                "The job's collection was deleted, with everything that the job had indexed.")
        }
        let removed = try await stores.ifFree(job.collection) { () -> [String] in
            let (run, removed) = try await documents(of: job)
            if let run, !removed.isEmpty {
                try await stores.forget(ForgetFilter(run: run), in: job.collection) { _, found in
                    found == run.rawValue
                }
                try await collections.noteCount(of: job.collection)
            }
            return removed
        }
        let now = Date().timeIntervalSince1970
        try await database.write { db in
            try db.execute(
                sql: "UPDATE job SET status = 'rolled_back', rolled_back = ?1, updated = ?1 WHERE id = ?2",
                arguments: [now, id])
        }
        return .object([
            "job_id": .string(id), "status": "rolled_back", "rolled_back_at": .string(timeText(now)),
            "files_removed": .array(removed.map { .string($0) }),
            "message": .string("The documents that the job wrote were removed."),
        ])
    }

    /// The job's run, and where its documents came from: the first of them, at most a page.
    private func documents(of job: JobRecord) async throws -> (RunID?, [String]) {
        try await stores.read(job.collection) { reader in
            guard let reader, let run = try await reader.run(named: job.runName) else { return (nil, []) }
            let documents = try await reader.documents(of: run, after: nil, limit: ServiceLimits.pageCountMax)
            return (run, documents.map(Documents.uri))
        }
    }
}
