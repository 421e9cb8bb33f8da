internal import DredgeAWS
internal import Foundation
internal import GRDB

/// Tells organizations of the ends of their jobs: the endpoints, and what became of each delivery.
public struct Webhooks: Sendable {
    let database: ControlDatabase
    let configuration: ServiceConfiguration
    let sender: WebhookSender

    var now: Double { configuration.time.now().timeIntervalSince1970 }

    // MARK: Endpoints

    /// Makes an endpoint. The answer has its secret, this once.
    public func create(_ body: JSON, for caller: Caller) async throws -> JSON {
        var endpoint = WebhookEndpoint(now: now)
        try endpoint.read(body, isNew: true, configuration)
        let made = endpoint
        try await database.write { db in
            let count =
                try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM webhook_endpoint WHERE organization = ? AND environment = ?",
                    arguments: [caller.organization, caller.environment.rawValue]) ?? 0
            guard count < ServiceLimits.webhookEndpointCountMax else {
                throw ServiceError.refused(
                    .conflict, "too_many_endpoints",
                    "There are \(count) endpoints in this environment, which is the most. Delete one first.")
            }
            try db.execute(
                sql: """
                    INSERT INTO webhook_endpoint(id, organization, environment, url, description, filter, secret,
                        is_active, created, updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    made.id, caller.organization, caller.environment.rawValue, made.url, made.description,
                    try Self.text(made.filter), Data(made.secret.bytes), made.isActive, made.created, made.updated,
                ])
        }
        return .object(endpoint.json(now: now).merging(["secret": .string(endpoint.secret.text)]) { $1 })
    }

    /// All endpoints, in the order in which they were made.
    public func list(for caller: Caller) async throws -> JSON {
        let now = now
        let endpoints = try await database.read { db in
            try WebhookEndpoint.fetch(
                db, "WHERE organization = ? AND environment = ? ORDER BY created, id",
                [caller.organization, caller.environment.rawValue])
        }
        return .object([
            "endpoints": .array(endpoints.map { .object($0.json(now: now)) }), "total_count": .integer(endpoints.count),
        ])
    }

    /// One endpoint. Throws `notFound`.
    public func get(_ id: String, for caller: Caller) async throws -> JSON {
        .object(try await database.read { try Self.find($0, id, caller) }.json(now: now))
    }

    /// Changes what the request names. An endpoint that is made inactive gets nothing more: what waited for it fails,
    /// and can be recovered.
    public func update(_ id: String, _ body: JSON, for caller: Caller) async throws -> JSON {
        let now = now
        let endpoint = try await database.write { [configuration] db in
            var endpoint = try Self.find(db, id, caller)
            try endpoint.read(body, isNew: false, configuration)
            endpoint.updated = now
            try db.execute(
                sql: """
                    UPDATE webhook_endpoint SET url = ?, description = ?, filter = ?, is_active = ?,
                        disabled_reason = ?, updated = ? WHERE id = ?
                    """,
                arguments: [
                    endpoint.url, endpoint.description, try Self.text(endpoint.filter), endpoint.isActive,
                    endpoint.disabledReason, now, id,
                ])
            if !endpoint.isActive { try Self.failWaiting(db, id) }
            return endpoint
        }
        return .object(endpoint.json(now: now))
    }

    /// Deletes the endpoint with the log of its deliveries.
    public func delete(_ id: String, for caller: Caller) async throws {
        try await database.write { db in
            _ = try Self.find(db, id, caller)
            try db.execute(sql: "DELETE FROM webhook_endpoint WHERE id = ?", arguments: [id])
        }
    }

    /// Replaces the secret, and answers the new one this once. For a day both sign; the one before the old one ends at
    /// once.
    public func rotate(_ id: String, for caller: Caller) async throws -> JSON {
        let (now, secret) = (now, WebhookSecret.make())
        let until = now + ServiceLimits.webhookSecretOverlapSeconds
        try await database.write { db in
            _ = try Self.find(db, id, caller)
            try db.execute(
                sql: """
                    UPDATE webhook_endpoint SET old_secret = secret, old_secret_until = ?, secret = ?, updated = ?
                    WHERE id = ?
                    """, arguments: [until, Data(secret.bytes), now, id])
        }
        return .object([
            "endpoint_id": .string(id), "secret": .string(secret.text),
            "previous_secret_valid_until": .string(timeText(until)),
        ])
    }

    /// The caller's endpoint. Throws `notFound`.
    static func find(_ db: Database, _ id: String, _ caller: Caller) throws -> WebhookEndpoint {
        let found = try WebhookEndpoint.fetch(
            db, "WHERE id = ? AND organization = ? AND environment = ?",
            [id, caller.organization, caller.environment.rawValue])
        guard let endpoint = found.first else { throw ServiceError.notFound("webhook endpoint") }
        return endpoint
    }

    /// Nothing more is sent to the endpoint.
    static func failWaiting(_ db: Database, _ endpoint: String) throws {
        try db.execute(
            sql: """
                UPDATE webhook_delivery SET status = 'failed', next_attempt = NULL
                WHERE endpoint = ? AND next_attempt IS NOT NULL
                """, arguments: [endpoint])
    }

    private static func text(_ filter: WebhookFilter) throws -> String {
        String(decoding: try JSONEncoder().encode(filter), as: UTF8.self)
    }
}
