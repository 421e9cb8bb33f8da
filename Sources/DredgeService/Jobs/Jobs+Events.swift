internal import Dredge
internal import DredgeBase
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
        let message = Self.message(job, progress)
        // Why it waits may be all that has changed.
        let digest = job.ended == nil ? [String(SHA256.hex(Array(message.utf8)).prefix(8))] : []
        return JobEvent(
            id: ([job.status.rawValue] + counts.map(String.init) + digest).joined(separator: "-"),
            name: job.status == .running ? "progress" : "state",
            data: .object([
                "job_id": .string(id), "status": .string(job.status.rawValue),
                "progress": Self.progress(job, progress), "progress_message": .string(message),
                "error_code": .optional(job.errorCode), "error_message": .optional(job.errorMessage),
            ]), isLast: job.ended != nil)
    }
}
