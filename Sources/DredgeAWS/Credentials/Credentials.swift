import Synchronization

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Keys that sign requests.
///
/// A value of this type cannot print its secrets: description, interpolation, `dump` and `Mirror` show at most
/// `AKIA…1234`, and it is not `Codable`. The secret access key, the session token and the signing keys derived from
/// them live in memory of their own, which is overwritten when the last copy of the value goes. Copies are references:
/// making one costs nothing.
public struct Credentials: Sendable {
    let storage: CredentialStorage

    /// Copies the secrets into wiped memory. The strings given stay the caller's: they can't be overwritten from here.
    /// - Parameter expiration: when the service stops to accept them; nil for long-term keys.
    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiration: Date? = nil) {
        storage = CredentialStorage(
            accessKeyID: accessKeyID, secretAccessKey: .copying(secretAccessKey),
            sessionToken: sessionToken.map { .copying($0) },
            expiration: expiration, isProven: false)
    }

    /// - Parameter isProven: whether a service has just made them, so that the secret belongs to the access key.
    init(
        accessKeyID: String, secretAccessKey: SecretBytes, sessionToken: SecretBytes?, expiration: Date?,
        isProven: Bool = false
    ) {
        storage = CredentialStorage(
            accessKeyID: accessKeyID, secretAccessKey: secretAccessKey, sessionToken: sessionToken,
            expiration: expiration, isProven: isProven)
    }

    /// Not a secret: CloudTrail and error messages of AWS show it.
    public var accessKeyID: String { storage.accessKeyID }

    /// When the service stops to accept them; nil for long-term keys.
    public var expiration: Date? { storage.expiration }

    /// Whether these are temporary ones, of a session.
    public var isTemporary: Bool { storage.sessionToken != nil }

    /// Whether the secret is known to belong to the access key: a service gave them together, or took a request that
    /// they signed. All copies know it.
    package var isProven: Bool { storage.isProven.load(ordering: .relaxed) }

    /// A service took a request that they signed.
    package func prove() {
        // Each answer says so: most of them only look.
        if !isProven { storage.isProven.store(true, ordering: .relaxed) }
    }

    /// Whether both are copies of the same value. Says nothing of equal secrets in two values.
    package func isIdentical(to other: Credentials) -> Bool { storage === other.storage }
}

extension Credentials {
    /// Whether `text`, such as a service's message, repeats one of these secrets, or 16 bytes of one (texts are cut to
    /// a length). The secrets are not copied. For short texts: takes time in proportion to both lengths.
    package func isRepeated(in text: String) -> Bool {
        let text = Array(text.utf8)
        return [storage.secretAccessKey, storage.sessionToken].contains { secret in
            secret?.withUnsafeBytes { secret in
                // Any text has something of a secret this short. Real ones have 40 bytes and more.
                guard secret.count >= 8 else { return false }
                let count = min(secret.count, 16)
                guard text.count >= count else { return false }
                return (0...(text.count - count)).contains { start in
                    let part = text[start..<start + count]
                    return (0...(secret.count - count)).contains {
                        secret[$0] == part[start] && secret[$0..<$0 + count].elementsEqual(part)
                    }
                }
            } ?? false
        }
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `AKIA…1234`; an ID too short to be one of AWS's is left out.
    public var description: String {
        let id = accessKeyID
        guard id.utf8.count >= 16, id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return "Credentials(…)" }
        return "Credentials(\(id.prefix(4))…\(id.suffix(4)))"
    }

    /// The same as `description`.
    public var debugDescription: String { description }

    /// Without children, so that `dump` and test failures find nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
