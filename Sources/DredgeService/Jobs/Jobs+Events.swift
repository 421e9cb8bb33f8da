internal import Dredge
internal import Foundation

/// Where a job stands, as an event of a stream.
public struct JobEvent: Sendable, Hashable {
    /// The same for the same standing: a client that has seen it need not see it again.
    public var id: String
    /// `state` of a job that waits or has ended, `progress` of one that runs.
    public var name: String
    /// The job's state and progress.
    public var data: JSON
    /// Whether no other event follows: the job has ended.
    public var isLast: Bool
}

extension Jobs {
    /// Where the job stands now. Costs no look into the collection.
    public func event(_ id: String, for caller: Caller) async throws -> JobEvent {
        guard let job = try await record(id, for: caller) else { throw ServiceError.notFound("job") }
        let progress = progress(of: id)
        let now = progress ?? .none
        let counts = job.ended == nil ? [now.listedCount, now.doneCount, now.chunkCount] : []
        return JobEvent(
            id: ([job.status.rawValue] + counts.map(String.init)).joined(separator: "-"),
            name: job.status == .running ? "progress" : "state",
            data: .object([
                "job_id": .string(id), "status": .string(job.status.rawValue),
                "progress": Self.progress(job, progress), "progress_message": .string(Self.message(job, progress)),
                "error_code": .optional(job.errorCode), "error_message": .optional(job.errorMessage),
            ]), isLast: job.ended != nil)
    }
}
