internal import DredgeBase
internal import Foundation
internal import GRDB

extension Webhooks {
    /// The type of an event that only shows whether an endpoint is reached.
    static let testType = "webhook.test"

    /// Sends a test event, once: its delivery tells how that went.
    public func test(_ id: String, for caller: Caller) async throws -> JSON {
        let now = now
        let event = RandomToken.identifier("evt_test")
        let body = Self.body(
            of: Self.testType, event, now: now, ["endpoint_id": .string(id), "message": "This is a test."])
        let delivery = try await database.write { db in
            try Self.requireActive(try Self.find(db, id, caller))
            return try Self.insert(db, for: id, event: event, type: Self.testType, job: nil, body, now: now)
        }
        sender.wake()
        return .object([
            "delivery_id": .string(delivery), "event_id": .string(event), "status": "pending",
        ])
    }

    /// A page of an endpoint's deliveries, the newest first.
    public func deliveries(
        _ id: String, status: String?, limit: Int, offset: Int, for caller: Caller
    ) async throws -> JSON {
        let (deliveries, total) = try await database.read { db in
            _ = try Self.find(db, id, caller)
            let condition = "WHERE endpoint = ?1 AND status = ifnull(?2, status)"
            let total =
                try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM webhook_delivery \(condition)", arguments: [id, status]) ?? 0
            let rows = try Self.rows(
                db, "\(condition) ORDER BY created DESC, number DESC LIMIT ?3 OFFSET ?4", [id, status, limit, offset])
            return (rows, total)
        }
        return .object([
            "deliveries": .array(deliveries.map { .object($0) }), "total_count": .integer(total),
            "limit": .integer(limit), "offset": .integer(offset),
        ])
    }

    /// A delivery with what is sent.
    public func delivery(_ id: String, _ delivery: String, for caller: Caller) async throws -> JSON {
        .object(
            try await database.read { db in
                let number = try Self.find(db, delivery, of: id, caller)
                var members = try Self.rows(db, "WHERE number = ?", [number]).first ?? [:]
                let body = try String.fetchOne(
                    db, sql: "SELECT body FROM webhook_delivery WHERE number = ?", arguments: [number])
                members["payload"] = try JSON(parsing: Data((body ?? "null").utf8))
                return members
            })
    }

    /// What became of each attempt of a delivery, the newest first.
    public func attempts(_ id: String, _ delivery: String, for caller: Caller) async throws -> JSON {
        let attempts = try await database.read { db in
            let number = try Self.find(db, delivery, of: id, caller)
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT number, time, status_code, error, duration FROM webhook_attempt WHERE delivery = ?
                    ORDER BY number DESC
                    """, arguments: [number]
            ).map { row -> JSON in
                .object([
                    "attempt": .integer(row[0]), "attempted_at": .string(timeText(row[1])),
                    "status_code": (row[2] as Int?).map { .integer($0) } ?? .null, "error": .optional(row[3]),
                    "duration_ms": .integer(Int(((row[4] as Double) * 1_000).rounded())),
                ])
            }
        }
        return .object(["attempts": .array(attempts), "total_count": .integer(attempts.count)])
    }

    /// Sends a delivery again, now, and as often as a new one.
    public func resend(_ id: String, _ delivery: String, for caller: Caller) async throws -> JSON {
        let now = now
        try await database.write { db in
            let number = try Self.find(db, delivery, of: id, caller)
            try Self.requireActive(try Self.find(db, id, caller))
            try Self.restart(db, "number = ?2", [now, number])
        }
        sender.wake()
        return .object(["delivery_id": .string(delivery), "status": "pending"])
    }

    /// Sends all failed deliveries again that were made since a time of the last seven days.
    public func recover(_ id: String, _ body: JSON, for caller: Caller) async throws -> JSON {
        let now = now
        var fields = RequestFields(body)
        let text = fields.requiredString("since")
        let since = Timestamp.iso8601(text)?.timeIntervalSince1970
        if !text.isEmpty {
            let days = Int(ServiceLimits.webhookRecoverySeconds / 86_400)
            if let since {
                if since < now - ServiceLimits.webhookRecoverySeconds || since > now {
                    fields.complain("since", "A time of the last \(days) days is needed here.", "value_range")
                }
            } else {
                fields.complain("since", "A time like 2025-01-31T12:34:56Z is needed here.", "datetime_parsing")
            }
        }
        try fields.finish()
        let count = try await database.write { db in
            try Self.requireActive(try Self.find(db, id, caller))
            try Self.restart(
                db, "endpoint = ?2 AND status = 'failed' AND created >= ?3 AND type != ?4",
                [now, id, since, Self.testType])
            return db.changesCount
        }
        sender.wake()
        return .object(["endpoint_id": .string(id), "recovered_count": .integer(count)])
    }

    private static func restart(_ db: Database, _ condition: String, _ arguments: StatementArguments) throws {
        try db.execute(
            sql: """
                UPDATE webhook_delivery SET status = 'pending', next_attempt = ?1, round_count = 0 WHERE \(condition)
                """, arguments: arguments)
    }

    private static func requireActive(_ endpoint: WebhookEndpoint) throws {
        guard endpoint.isActive else {
            throw ServiceError.refused(
                .conflict, "endpoint_inactive", "The endpoint is not active. PATCH it with {\"active\": true} first.")
        }
    }

    /// The number of a delivery of the caller's endpoint. Throws `notFound`.
    private static func find(_ db: Database, _ delivery: String, of id: String, _ caller: Caller) throws -> Int64 {
        _ = try find(db, id, caller)
        guard
            let number = try Int64.fetchOne(
                db, sql: "SELECT number FROM webhook_delivery WHERE id = ? AND endpoint = ?", arguments: [delivery, id])
        else { throw ServiceError.notFound("delivery") }
        return number
    }

    /// Deliveries as the API shows them.
    private static func rows(
        _ db: Database, _ condition: String, _ arguments: StatementArguments
    ) throws -> [[String: JSON]] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT id, event, type, job, status, created, attempt_count, next_attempt,
                    (SELECT status_code FROM webhook_attempt WHERE delivery = webhook_delivery.number
                        ORDER BY webhook_attempt.number DESC LIMIT 1),
                    (SELECT error FROM webhook_attempt WHERE delivery = webhook_delivery.number
                        ORDER BY webhook_attempt.number DESC LIMIT 1)
                FROM webhook_delivery \(condition)
                """, arguments: arguments
        ).map { row in
            [
                "delivery_id": .string(row[0]), "event_id": .string(row[1]), "event_type": .string(row[2]),
                "job_id": .optional(row[3]), "status": .string(row[4]), "created_at": .string(timeText(row[5])),
                "attempt_count": .integer(row[6]),
                "next_attempt_at": .optional((row[7] as Double?).map(timeText)),
                "last_status_code": (row[8] as Int?).map { .integer($0) } ?? .null, "last_error": .optional(row[9]),
            ]
        }
    }
}
