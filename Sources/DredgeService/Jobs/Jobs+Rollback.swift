internal import Dredge
internal import DredgeStore
internal import Foundation
internal import GRDB

extension Jobs {
    /// Removes the documents that the job wrote, with every trace in the collection's file. Throws `conflict` while the
    /// job, or another one of its collection, has not ended.
    public func rollBack(_ id: String, for caller: Caller) async throws -> JSON {
        guard let job = try await record(id, for: caller) else { throw ServiceError.notFound("job") }
        guard job.ended != nil else {
            throw ServiceError.refused(
                .conflict, "job_running", "The job has not ended. Cancel it, or wait for its end, and try again.")
        }
        let removed = try await stores.ifFree(job.collection) { () -> [JSON] in
            guard let reader = try stores.reader(job.collection), let run = try await reader.run(named: job.runName)
            else { return [] }
            var removed: [JSON] = []
            var last: ObjectID?
            while true {
                let page = try await reader.documents(of: run, after: last, limit: ServiceLimits.pageCountMax)
                if page.isEmpty { break }
                // The list is cut, the removal isn't.
                if removed.count < ServiceLimits.pageCountMax { removed += page.map { .string(Documents.uri($0)) } }
                last = page.last?.id
            }
            if !removed.isEmpty { try stores.forget(ForgetFilter(run: run), in: job.collection) }
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
            "files_removed": .array(Array(removed.prefix(ServiceLimits.pageCountMax))),
            "message": .string("The documents that the job wrote were removed."),
        ])
    }
}
