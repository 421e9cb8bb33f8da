internal import Foundation

extension Jobs {
    /// Accepts a new job for what a job that has ended left undone: the files that failed, and those that it did not
    /// come to. What is stored in its present version is skipped. Throws `conflict` where nothing is left, and where
    /// the job's access key is gone.
    /// - Returns: the new job's ID.
    public func retry(_ id: String, for caller: Caller) async throws -> String {
        guard let job = try await record(id, for: caller) else { throw ServiceError.notFound("job") }
        guard job.ended != nil else { throw ServiceError.jobRunning }
        guard !job.hasKeys else {
            throw ServiceError.refused(
                .conflict, "credentials_lost",
                "The job's access key was kept until the job's end only. Submit the request again with the key: files "
                    + "that were indexed are skipped.")
        }
        guard job.status != .completed, job.status != .rolledBack else {
            throw ServiceError.refused(
                .conflict, "nothing_to_retry",
                job.status == .completed
                    ? "No file of the job failed." : "The job was rolled back. Submit its request again.")
        }
        var request = job.request
        request.skipsExisting = true
        return try await accept(request, nil, into: job.collectionName, for: caller)
    }
}

extension ServiceError {
    static let jobRunning = ServiceError.refused(
        .conflict, "job_running", "The job has not ended. Cancel it, or wait for its end, and try again.")
}
