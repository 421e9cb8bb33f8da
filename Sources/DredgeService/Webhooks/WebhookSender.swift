internal import Dredge
internal import DredgeAWS
internal import DredgeTransfer
internal import Foundation
internal import GRDB
internal import Logging

/// Sends deliveries when they are due. What was not recorded as sent when the process ended is sent again: receivers
/// know an event by its `webhook-id`.
///
/// Fair: an endpoint has one request in flight, an organization a few, so that receivers that don't answer hold up
/// nobody else.
actor WebhookSender {
    private let database: ControlDatabase
    private let time: TimeSource
    private let logger: Logger
    private let loop: TransferLoop
    private let allowsPrivateAddresses: Bool
    private let buffers: BufferPool
    private let wakes: AsyncStream<Void>
    private let waking: AsyncStream<Void>.Continuation
    private var tasks: [Task<Void, Never>] = []
    /// By endpoint.
    private var sending: [String: (organization: String, task: Task<Void, Never>)] = [:]
    private var isStopping = false

    /// - Parameter environment: where proxies are looked up, and certificate authorities.
    ///
    /// Throws `RunError` where this machine gives no thread.
    init(
        database: ControlDatabase, configuration: ServiceConfiguration, environment: [String: String], logger: Logger
    ) throws {
        self.database = database
        time = configuration.time
        self.logger = logger
        var limits = TransferLimits(environment: environment)
        limits.connectionCountMax = ServiceLimits.webhookRequestCountMax
        limits.errorBodyByteCountMax = 0
        limits.headByteCountMax = ServiceLimits.webhookHeadByteCountMax
        allowsPrivateAddresses = configuration.allowsPrivateWebhookAddresses
        loop = try TransferLoop.start(limits)
        // Nobody reads the bodies of answers; a long one is cut.
        buffers = BufferPool(
            byteLimit: ServiceLimits.webhookRequestCountMax * ServiceLimits.webhookAnswerByteCount * 2,
            faultsInPages: false)
        (wakes, waking) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: Life

    /// Begins to send.
    func start() {
        tasks = [
            Task {
                for await _ in wakes {
                    do { try await sendDue() } catch {
                        logger.error("webhooks can't be sent", metadata: ["error": "\(error)"])
                    }
                }
            },
            Task { [time, waking] in
                repeat {
                    waking.yield()
                    do { try await time.sleep(.seconds(ServiceLimits.webhookLookSeconds)) } catch { return }
                } while !Task.isCancelled
            },
        ]
    }

    /// Ends what is in flight; it is sent again after the next start.
    func stop() async {
        isStopping = true
        waking.finish()
        for task in tasks + sending.values.map(\.task) { task.cancel() }
        for task in tasks + sending.values.map(\.task) { await task.value }
        await loop.shutDown()
    }

    /// Seconds since 1970, by the clock that tells what is due.
    nonisolated var now: Double { time.now().timeIntervalSince1970 }

    /// Something new may be due.
    nonisolated func wake() { waking.yield() }

    // MARK: Sending

    private struct Due: Sendable {
        var number: Int64
        var endpoint: String
        var organization: String
        var event: String
        var type: String
        var body: String
        var url: String
        var secrets: [WebhookSecret]
    }

    /// Begins to send what is due, as far as there is room.
    private func sendDue() async throws {
        let now = time.now().timeIntervalSince1970
        // Whoever ends meanwhile may be read as due still.
        let busy = sending.mapValues(\.organization)
        let due = try await database.read { try Self.due($0, now: now, busy: busy) }
        for delivery in due where !isStopping && sending[delivery.endpoint] == nil {
            let task = Task {
                await self.send(delivery)
                self.sending[delivery.endpoint] = nil
                self.wake()
            }
            sending[delivery.endpoint] = (delivery.organization, task)
        }
    }

    private static func due(_ db: Database, now: Double, busy: [String: String]) throws -> [Due] {
        var load = Dictionary(grouping: busy.values, by: \.self).mapValues(\.count)
        var room = ServiceLimits.webhookRequestCountMax - busy.count
        var due: [Due] = []
        let endpoints = try Row.fetchCursor(
            db,
            sql: """
                SELECT endpoint, organization, min(next_attempt) AS first FROM webhook_delivery
                JOIN webhook_endpoint ON webhook_endpoint.id = endpoint
                WHERE next_attempt <= ? GROUP BY endpoint ORDER BY first, endpoint
                """, arguments: [now])
        while room > 0, let row = try endpoints.next() {
            let (endpoint, organization): (String, String) = (row[0], row[1])
            guard busy[endpoint] == nil, load[organization, default: 0] < ServiceLimits.webhookOrganizationRequestMax
            else { continue }
            guard let delivery = try first(db, endpoint, now: now) else { continue }
            due.append(delivery)
            load[organization, default: 0] += 1
            room -= 1
        }
        return due
    }

    private static func first(_ db: Database, _ endpoint: String, now: Double) throws -> Due? {
        try Row.fetchOne(
            db,
            sql: """
                SELECT number, organization, event, type, body, url, secret,
                    iif(old_secret_until > ?2, old_secret, NULL)
                FROM webhook_delivery JOIN webhook_endpoint ON webhook_endpoint.id = endpoint
                WHERE endpoint = ?1 AND next_attempt <= ?2 ORDER BY next_attempt, number LIMIT 1
                """, arguments: [endpoint, now]
        ).map { row in
            Due(
                number: row[0], endpoint: endpoint, organization: row[1], event: row[2], type: row[3], body: row[4],
                url: row[5],
                secrets: [row[6] as Data?, row[7] as Data?].compactMap { $0.map { WebhookSecret(bytes: Array($0)) } })
        }
    }

    private func send(_ delivery: Due) async {
        guard let attempt = await attempt(delivery), !isStopping else { return }
        do { try await record(attempt, of: delivery) } catch {
            logger.error("a webhook's delivery can't be recorded", metadata: ["error": "\(error)"])
            // Not again at once.
            try? await time.sleep(.seconds(ServiceLimits.webhookLookSeconds))
        }
    }

    /// nil: the service stops.
    private func attempt(_ delivery: Due) async -> WebhookAttempt? {
        let now = time.now().timeIntervalSince1970
        let timestamp = Int(now)
        let signatures = delivery.secrets.map {
            $0.signature(id: delivery.event, timestamp: timestamp, body: delivery.body)
        }
        var request = HTTPRequest(
            method: .post, url: delivery.url,
            headers: [
                ("Content-Type", "application/json"), ("User-Agent", "dredge-webhooks"),
                ("webhook-id", delivery.event), ("webhook-timestamp", String(timestamp)),
                ("webhook-signature", signatures.joined(separator: " ")),
            ], body: Array(delivery.body.utf8))
        request.timeout = .seconds(ServiceLimits.webhookTimeoutSeconds)
        request.refusesPrivateAddresses = !allowsPrivateAddresses
        guard let buffer = try? await buffers.buffer(byteCount: ServiceLimits.webhookAnswerByteCount) else {
            return nil
        }
        let began = ContinuousClock.now
        let result: Result<HTTPResponse, TransferError>
        do throws(TransferError) {
            result = .success(try await loop.perform(request, into: buffer))
        } catch {
            result = .failure(error)
        }
        return WebhookAttempt(at: now, duration: (ContinuousClock.now - began) / .seconds(1), result)
    }

    private func record(_ attempt: WebhookAttempt, of delivery: Due) async throws {
        let jitter = time.random(0...1)
        try await database.write { db in
            // The endpoint may have been deleted meanwhile, or made inactive.
            guard
                let row = try Row.fetchOne(
                    db, sql: "SELECT attempt_count, round_count, status FROM webhook_delivery WHERE number = ?",
                    arguments: [delivery.number])
            else { return }
            let (count, round): (Int, Int) = (row[0] + 1, row[1] + 1)
            let isWaiting = row[2] == "pending"
            try db.execute(
                sql: "INSERT INTO webhook_attempt VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    delivery.number, count, attempt.time, attempt.statusCode, attempt.error, attempt.duration,
                ])
            try db.execute(
                sql: "DELETE FROM webhook_attempt WHERE delivery = ? AND number <= ?",
                arguments: [delivery.number, count - ServiceLimits.webhookAttemptCountMax])
            var delay: Double?
            if isWaiting, !attempt.isSuccess, !attempt.isGone, delivery.type != Webhooks.testType {
                delay = WebhookAttempt.delay(after: round, retryAfter: attempt.retryAfter, jitter: jitter)
            }
            let status = attempt.isSuccess ? "succeeded" : delay == nil ? "failed" : "pending"
            try db.execute(
                sql: """
                    UPDATE webhook_delivery SET attempt_count = ?, round_count = ?, status = ?, next_attempt = ?
                    WHERE number = ?
                    """, arguments: [count, round, status, delay.map { attempt.time + $0 }, delivery.number])
            if attempt.isGone { try Self.disable(db, delivery.endpoint, now: attempt.time) }
        }
    }

    /// The receiver has said that it wants nothing more.
    private static func disable(_ db: Database, _ endpoint: String, now: Double) throws {
        try db.execute(
            sql: """
                UPDATE webhook_endpoint SET is_active = 0, updated = ?,
                    disabled_reason = 'The receiver answered 410 Gone.' WHERE id = ?
                """, arguments: [now, endpoint])
        try Webhooks.failWaiting(db, endpoint)
    }
}
