internal import DredgeAWS
internal import Foundation

/// What signs the events of an endpoint, by Standard Webhooks (github.com/standard-webhooks/standard-webhooks, version
/// 1.0.0): HMAC-SHA256 with 24 to 64 random bytes.
struct WebhookSecret: Sendable {
    let bytes: [UInt8]

    /// A new one.
    static func make() -> WebhookSecret {
        var generator = SystemRandomNumberGenerator()
        let count = ServiceLimits.webhookSecretByteCount
        return WebhookSecret(bytes: (0..<count).map { _ in .random(in: .min ... .max, using: &generator) })
    }

    /// As the receiver gets it.
    var text: String { "whsec_\(Data(bytes).base64EncodedString())" }

    /// `v1,` and the code of the event's identifier, the time and the body.
    func signature(id: String, timestamp: Int, body: String) -> String {
        let key = bytes.withUnsafeBytes { HMACSHA256(key: $0) }
        return "v1,\(Data(key.authenticate(Array("\(id).\(timestamp).\(body)".utf8))).base64EncodedString())"
    }
}
