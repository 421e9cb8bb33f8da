import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What all copies of one `Credentials` value share: the secrets, and the signing keys derived from them. All of it is
/// wiped with it.
final class CredentialStorage: Sendable {
    let accessKeyID: String
    let secretAccessKey: SecretBytes
    let sessionToken: SecretBytes?
    let expiration: Date?
    /// See `Credentials.isProven`.
    let isProven: Atomic<Bool>

    private struct DerivedKey {
        var day: Int
        var region: String
        var service: String
        var key: HMACSHA256
    }

    /// Newest last. A run signs for one or two services in one or two regions, and for two days around midnight.
    private let derivedKeys = Mutex<[DerivedKey]>([])
    private static let derivedKeyCountMax = 8

    init(
        accessKeyID: String, secretAccessKey: SecretBytes, sessionToken: SecretBytes?, expiration: Date?, isProven: Bool
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiration = expiration
        self.isProven = Atomic(isProven)
    }

    /// The key that signs for a day (as yyyymmdd), region and service: four HMACs the first time, a look-up afterwards.
    /// See "Calculate the signature" in the IAM User Guide's "Create a signed AWS API request".
    func signingKey(day: Int, region: String, service: String) -> HMACSHA256 {
        derivedKeys.withLock { keys in
            if let known = keys.last(where: { $0.day == day && $0.service == service && $0.region == region }) {
                return known.key
            }
            let key = deriveKey(day: day, region: region, service: service)
            if keys.count >= Self.derivedKeyCountMax { keys.removeFirst() }
            keys.append(DerivedKey(day: day, region: region, service: service, key: key))
            return key
        }
    }

    private func deriveKey(day: Int, region: String, service: String) -> HMACSHA256 {
        secretAccessKey.withUnsafeBytes { secret in
            let prefix = [UInt8]("AWS4".utf8)
            return withUnsafeTemporaryAllocation(byteCount: prefix.count + secret.count, alignment: 16) { first in
                first.copyBytes(from: prefix)
                UnsafeMutableRawBufferPointer(rebasing: first[prefix.count...]).copyMemory(from: secret)
                var key = HMACSHA256(key: UnsafeRawBufferPointer(first))
                SecretBytes.wipe(first)
                withUnsafeTemporaryAllocation(byteCount: HMACSHA256.byteCount, alignment: 16) { code in
                    for step in [String(day), region, service, "aws4_request"] {
                        [UInt8](step.utf8).withUnsafeBytes { key.authenticate($0, into: code) }
                        key = HMACSHA256(key: UnsafeRawBufferPointer(code))
                    }
                    SecretBytes.wipe(code)
                }
                return key
            }
        }
    }
}

extension CredentialStorage: CustomReflectable {
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
