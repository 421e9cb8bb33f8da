internal import Dredge
internal import Foundation
internal import GRDB

extension Jobs {
    /// Refuses an organization that has done in the last 24 hours what its quotas allow.
    nonisolated func requireQuota(
        _ db: Database, of organization: String, running: (ids: Set<String>, byteCount: Int), now: Double
    ) throws {
        let since = now - ServiceLimits.quotaSeconds
        if let countMax = configuration.quotas.jobCountPerDay {
            let row = try Row.fetchOne(
                db, sql: "SELECT count(*), min(created) FROM job WHERE organization = ? AND created > ?",
                arguments: [organization, since])
            if let count = row?[0] as Int?, count >= countMax {
                throw Self.exceeded("had \(count) jobs", of: "\(countMax)", first: row?[1], now: now)
            }
        }
        if let countMax = configuration.quotas.byteCountPerDay {
            let (count, first) = try Self.bytesRead(db, by: organization, since: since, except: running.ids)
            if count + running.byteCount >= countMax {
                throw Self.exceeded(
                    "read \(count + running.byteCount) bytes from buckets", of: "\(countMax)", first: first, now: now)
            }
        }
    }

    /// Bytes that the organization's jobs read, and when the first of them was seen last.
    private static func bytesRead(
        _ db: Database, by organization: String, since: Double, except ids: Set<String>
    ) throws -> (count: Int, first: Double?) {
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT ifnull(sum(byte_count), 0), min(updated) FROM job
                WHERE organization = ?1 AND updated > ?2 AND byte_count > 0
                    AND id NOT IN (SELECT value FROM json_each(?3))
                """, arguments: [organization, since, JSON.array(ids.map { .string($0) }).text])
        return (row?[0] ?? 0, row?[1])
    }

    private static func exceeded(_ what: String, of limit: String, first: Double?, now: Double) -> ServiceError {
        var refusal = Refusal(
            kind: .tooManyRequests, code: JobErrorCode.quotaExceeded.rawValue,
            message: "This organization has \(what) within 24 hours; its quota is \(limit). Try again later, or ask "
                + "the operator of this server for more.")
        // From then on the first of them does not count any more.
        refusal.retryAfterSeconds = max(1, Int(((first ?? now) + ServiceLimits.quotaSeconds - now).rounded(.up)))
        return .refused(refusal)
    }

    /// What the organization's jobs read in the last 24 hours, but for these.
    nonisolated func byteCountRead(of organization: String, except ids: Set<String>) async throws -> Int {
        try await database.read { db in
            let since = Date().timeIntervalSince1970 - ServiceLimits.quotaSeconds
            return try Self.bytesRead(db, by: organization, since: since, except: ids).count
        }
    }
}
