internal import GRDB
internal import Logging

extension Jobs {
    /// What `body` stores of a job, tried again until the control database takes it: a disk that is full for a while
    /// leaves no job behind that seems to run for ever. Throws what is no fault of the database.
    /// - Returns: nil when the server stops before: the next start takes the job up again.
    func insist<T: Sendable>(_ id: String, _ body: () async throws -> T) async throws -> T? {
        var seconds = ServiceLimits.storeRetrySecondsMin
        while true {
            do { return try await body() } catch let error where error.isOfDatabase {
                logger.error(
                    "where a job stands can't be stored; it is tried again",
                    metadata: ["job": "\(id)", "seconds": "\(seconds)", "error": "\(error)"])
            }
            await pause(id, seconds: seconds)
            if isStopping { return nil }
            seconds = min(2 * seconds, ServiceLimits.storeRetrySecondsMax)
        }
    }

    /// Ends the job, whatever it costs in time.
    func fail(_ id: String, _ code: String, _ message: String) async {
        do { _ = try await insist(id) { try await end(id, .failed, error: (code, message)) } } catch {
            logger.error("a job's end can't be stored", metadata: ["job": "\(id)", "error": "\(error)"])
        }
    }
}

extension Error {
    fileprivate var isOfDatabase: Bool { self is DatabaseError || (self as? ServiceError)?.isOfStorage ?? false }
}
