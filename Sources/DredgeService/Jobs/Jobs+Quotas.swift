internal import Dredge
internal import Foundation
internal import GRDB

extension Jobs {
    /// Refuses an organization that has done in the last 24 hours what its quotas allow.
    nonisolated func requireQuota(
        _ db: Database, of organization: String, runningByteCount: Int, now: Double
    ) throws {
        let since = now - ServiceLimits.quotaSeconds
        if let countMax = configuration.quotas.jobCountPerDay {
            let row = try Row.fetchOne(
                db, sql: "SELECT count(*), min(created) FROM job WHERE organization = ? AND created > ?",
                arguments: [organization, since])
            if let count = row?[0] as Int?, count >= countMax {
                throw Self.exceeded("submitted \(count) jobs", first: row?[1], now: now)
            }
        }
        if let countMax = configuration.quotas.byteCountPerDay {
            let row = try Row.fetchOne(db, sql: Self.bytesRead, arguments: [organization, since])
            if let count = row?[0] as Int?, count + runningByteCount >= countMax {
                throw Self.exceeded("read \(count + runningByteCount) bytes from buckets", first: row?[1], now: now)
            }
        }
    }

    private static let bytesRead = """
        SELECT ifnull(sum(byte_count), 0), min(updated) FROM job
        WHERE organization = ?1 AND updated > ?2 AND byte_count > 0
        """

    private static func exceeded(_ what: String, first: Double?, now: Double) -> ServiceError {
        var refusal = Refusal(
            kind: .tooManyRequests, code: JobErrorCode.quotaExceeded.rawValue,
            message: "This organization has \(what) within 24 hours, which is its quota. Try again later, or ask the "
                + "operator of this server for more.")
        // From then on the first of them does not count any more.
        refusal.retryAfterSeconds = max(1, Int(((first ?? now) + ServiceLimits.quotaSeconds - now).rounded(.up)))
        return .refused(refusal)
    }

    /// What the organization's jobs that don't run have read in the last 24 hours.
    nonisolated func byteCountRead(of organization: String) async throws -> Int {
        try await database.read { db in
            let since = Date().timeIntervalSince1970 - ServiceLimits.quotaSeconds
            return try Int.fetchOne(db, sql: Self.bytesRead, arguments: [organization, since]) ?? 0
        }
    }
}
