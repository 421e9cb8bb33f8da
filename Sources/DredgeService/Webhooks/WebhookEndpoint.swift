internal import DredgeBase
internal import Foundation
internal import GRDB

/// Where an organization wants to be told of its jobs.
struct WebhookEndpoint: Sendable {
    var id: String
    var url: String
    var description: String?
    var filter: WebhookFilter
    var secret: WebhookSecret
    var oldSecretUntil: Double?
    var isActive: Bool
    /// Why the server stopped sending there; nil: it didn't.
    var disabledReason: String?
    var created: Double
    var updated: Double

    /// A new one, with all defaults.
    init(now: Double) {
        id = RandomToken.identifier("whe")
        url = ""
        filter = WebhookFilter()
        secret = .make()
        isActive = true
        (created, updated) = (now, now)
    }

    private init(_ row: Row) throws {
        (id, url, description) = (row[0], row[1], row[2])
        filter = try JSONDecoder().decode(WebhookFilter.self, from: Data((row[3] as String).utf8))
        secret = WebhookSecret(bytes: Array(row[4] as Data))
        (oldSecretUntil, isActive, disabledReason, created, updated) = (row[5], row[6], row[7], row[8], row[9])
    }

    static func fetch(_ db: Database, _ condition: String, _ arguments: StatementArguments) throws -> [WebhookEndpoint]
    {
        try Row.fetchAll(
            db,
            sql: """
                SELECT id, url, description, filter, secret, old_secret_until, is_active, disabled_reason, created,
                    updated FROM webhook_endpoint \(condition)
                """, arguments: arguments
        ).map(WebhookEndpoint.init)
    }

    /// Reads what a request says of it; what it leaves out stays as it is. Throws everything that is wrong with it.
    mutating func read(_ body: JSON, isNew: Bool, _ configuration: ServiceConfiguration) throws {
        var fields = RequestFields(body)
        if let url = isNew ? fields.requiredString("url") : fields.string("url") {
            if isNew && url.isEmpty {
                // Complained of already.
            } else if let complaint = Self.complaint(ofURL: url, configuration) {
                fields.complain("url", complaint)
            }
            self.url = url
        }
        if let text = fields.string("description") {
            if text.utf8.count > ServiceLimits.webhookDescriptionByteCountMax {
                fields.complain(
                    "description", "There may be at most \(ServiceLimits.webhookDescriptionByteCountMax) bytes.",
                    "string_too_long")
            }
            description = text
        }
        filter.read(&fields)
        isActive = fields.bool("active", default: isActive)
        if isActive { disabledReason = nil }
        try fields.finish()
    }

    /// Where a name leads is looked at when it is connected to.
    private static func complaint(ofURL url: String, _ configuration: ServiceConfiguration) -> String? {
        guard url.utf8.count <= ServiceLimits.webhookURLByteCountMax, url.utf8.allSatisfy({ 0x21...0x7e ~= $0 }),
            let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty
        else {
            return "A URL of at most \(ServiceLimits.webhookURLByteCountMax) bytes is needed here, percent-encoded."
        }
        guard url.hasPrefix("https://") || configuration.allowsInsecureWebhooks && url.hasPrefix("http://") else {
            return "The URL must begin with https://\(configuration.allowsInsecureWebhooks ? " or http://" : "")."
        }
        if parts.user != nil || parts.password != nil || parts.fragment != nil {
            return "The URL may have no user, password or fragment. The signature tells who sends."
        }
        if !configuration.allowsPrivateWebhookAddresses, let address = address(host), !AddressRange.isPublic(address) {
            return "\(host) is no address of the public internet."
        }
        return nil
    }

    /// The bytes of an address that is written out; nil: it is a name.
    private static func address(_ host: String) -> [UInt8]? {
        let text = host.trimmingCharacters(in: ["[", "]"])
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
        var six = in6_addr()
        if inet_pton(AF_INET6, text, &six) == 1 { return withUnsafeBytes(of: &six) { Array($0) } }
        return nil
    }

    /// As the API shows it: without the secret.
    func json(now: Double) -> [String: JSON] {
        filter.json.merging(
            [
                "endpoint_id": .string(id), "url": .string(url), "description": .optional(description),
                "active": .bool(isActive), "disabled_reason": .optional(disabledReason),
                "previous_secret_valid_until": .optional(
                    oldSecretUntil.flatMap { $0 > now ? timeText($0) : nil }),
                "created_at": .string(timeText(created)), "updated_at": .string(timeText(updated)),
            ], uniquingKeysWith: { $1 })
    }
}
