internal import GRDB

extension Webhooks {
    /// Writes down whom to tell of a job that has just ended. For the transaction that ends it: so nobody is told of
    /// what did not happen, and nothing that happened is left out.
    static func note(_ id: String, _ db: Database, now: Double) throws {
        guard let job = try JobRecord.fetch(db, "WHERE id = ?", [id]).first, let event = WebhookEvent(job) else {
            return
        }
        let endpoints = try WebhookEndpoint.fetch(
            db, "WHERE organization = ? AND environment = ? AND is_active", [job.organization, job.environment]
        ).filter { $0.filter.takes(event, of: job) }
        if endpoints.isEmpty { return }
        let body = body(of: event.rawValue, "evt_\(id)", now: now, data(job))
        for endpoint in endpoints {
            try insert(db, for: endpoint.id, event: "evt_\(id)", type: event.rawValue, job: id, body, now: now)
        }
    }

    /// A delivery that is due at once. The endpoint's log keeps its newest entries only, and those that are still to be
    /// sent, up to a limit of their own.
    @discardableResult
    static func insert(
        _ db: Database, for endpoint: String, event: String, type: String, job: String?, _ body: String, now: Double
    ) throws -> String {
        let id = RandomToken.identifier("whd")
        try db.execute(
            sql: """
                INSERT INTO webhook_delivery(id, endpoint, event, type, job, body, status, created, attempt_count,
                    round_count, next_attempt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'pending', ?7, 0, 0, ?7)
                """, arguments: [id, endpoint, event, type, job, body, now])
        try db.execute(
            sql: """
                DELETE FROM webhook_delivery WHERE endpoint = ?1 AND (created < ?2
                    OR status <> 'pending' AND number IN (
                        SELECT number FROM webhook_delivery WHERE endpoint = ?1 ORDER BY created DESC, number DESC
                        LIMIT -1 OFFSET ?3)
                    OR number IN (
                        SELECT number FROM webhook_delivery WHERE endpoint = ?1 AND status = 'pending'
                        ORDER BY created DESC, number DESC LIMIT -1 OFFSET ?4))
                """,
            arguments: [
                endpoint, now - ServiceLimits.webhookDeliverySeconds, ServiceLimits.webhookDeliveryCountMax,
                ServiceLimits.webhookPendingCountMax,
            ])
        return id
    }

    /// What is sent, in the shape that Standard Webhooks recommends.
    static func body(of type: String, _ event: String, now: Double, _ data: [String: JSON]) -> String {
        JSON.object([
            "id": .string(event), "type": .string(type), "timestamp": .string(timeText(now)), "data": .object(data),
        ]).text
    }

    private static func data(_ job: JobRecord) -> [String: JSON] {
        [
            "job_id": .string(job.id), "job_type": .string(job.request.kind.rawValue),
            "status": .string(job.status.rawValue), "collection_name": .string(job.collectionName),
            "environment": .string(job.environment), "source": .string(job.source.rawValue),
            "sync_id": .optional(job.request.sync?.id), "created_at": .string(timeText(job.created)),
            "started_at": .optional(job.started.map(timeText)), "completed_at": .optional(job.ended.map(timeText)),
            "result": job.result.map(Jobs.result) ?? .null,
            "error_code": .optional(job.errorCode), "error_message": .optional(job.errorMessage),
        ]
    }
}
