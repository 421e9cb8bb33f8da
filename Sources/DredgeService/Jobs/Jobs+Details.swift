internal import Dredge
internal import DredgeStore

/// What a person asks of a job.
extension Jobs {
    /// What was asked to be indexed.
    public func request(of id: String, for caller: Caller) async throws -> IndexRequest {
        guard let job = try await record(id, for: caller) else { throw ServiceError.notFound("job") }
        return job.request
    }

    /// A page of those of the job's files that failed, in the form of `show`. Costs a look at all files of the
    /// collection.
    public func failedFiles(of id: String, limit: Int, cursor: String?, for caller: Caller) async throws -> JSON {
        guard let job = try await record(id, for: caller) else { throw ServiceError.notFound("job") }
        let after = cursor.flatMap { Int64($0) }.map { ObjectID(rawValue: $0) }
        let files = try await stores.read(job.collection) { reader -> [StoredObject] in
            guard let reader, let run = try await reader.run(named: job.runName) else { return [] }
            return try await reader.failedFiles(of: run, after: after, limit: limit)
        }
        let next = files.count == limit ? files.last.map { String($0.id.rawValue) } : nil
        return .object([
            "files": .array(files.map { Self.file($0, of: job) }),
            "files_page": .object(["limit": .integer(limit), "next_cursor": .optional(next)]),
        ])
    }
}
