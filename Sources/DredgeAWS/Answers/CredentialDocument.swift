import DredgeBase

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The JSON in which a provider gives credentials: an answer, a program's output, a file.
struct CredentialDocument: Sendable {
    /// Where it comes from, for a person.
    let place: String
    private let members: [String: SecretJSON]

    /// Reads `bytes`, which it wipes.
    init(_ bytes: inout [UInt8], place: String) throws(AWSError) {
        defer { bytes.withUnsafeMutableBytes { SecretBytes.wipe($0) } }
        self.place = place
        let value: SecretJSON
        do throws(SecretJSONError) {
            value = try .read(bytes)
        } catch {
            throw .provider(
                .malformedAnswer, "\(place) is not JSON: \(error.message) at byte \(error.offset)", advice: Self.advice)
        }
        guard case .object(let members) = value else {
            throw .provider(.malformedAnswer, "\(place) is \(value), not an object", advice: Self.advice)
        }
        self.members = members
    }

    private init(_ members: [String: SecretJSON], place: String) {
        self.members = members
        self.place = place
    }

    /// The document, with `changes` in the place of its members of these names, or beside them.
    func with(_ changes: [String: SecretJSON]) -> CredentialDocument {
        CredentialDocument(members.merging(changes) { $1 }, place: place)
    }

    /// All of it. Who gets it wipes it.
    var json: [UInt8] { SecretJSON.object(members).bytes }

    private static let advice = "Something else than a source of credentials seems to answer there."

    /// A member that must be an object.
    func object(_ name: String) throws(AWSError) -> CredentialDocument {
        guard case .object(let members) = try required(name) else { throw wrongType(name, "an object") }
        return CredentialDocument(members, place: "\(name) of \(place)")
    }

    /// A member that isn't secret; nil: it isn't there, or null.
    func text(_ name: String) throws(AWSError) -> String? {
        try secret(name)?.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// A secret member; nil: it isn't there, or null.
    func secret(_ name: String) throws(AWSError) -> SecretBytes? {
        switch members[name] {
        case nil, .null: return nil
        case .text(let text): return text
        default: throw wrongType(name, "a text")
        }
    }

    /// A member that must be a number.
    func number(_ name: String) throws(AWSError) -> Double {
        guard case .number(let number) = try required(name) else { throw wrongType(name, "a number") }
        return number
    }

    /// A moment in ISO 8601; nil: it isn't there.
    func moment(_ name: String) throws(AWSError) -> Date? {
        guard let text = try text(name) else { return nil }
        guard let date = Timestamp.iso8601(text) else {
            throw .provider(
                .malformedAnswer, "\(name) of \(place) is not a moment in ISO 8601",
                advice: "It has to be like 2025-01-31T12:34:56Z.")
        }
        return date
    }

    /// Access key, secret and token by these names.
    /// - Parameter needsToken: whether a service gives them, so that they are sessions; without it a missing token is
    ///   that of a long-term key.
    func credentials(
        id idName: String = "AccessKeyId", secret secretName: String = "SecretAccessKey", token tokenName: String,
        needsToken: Bool, expiration: Date?
    ) throws(AWSError) -> Credentials {
        guard let id = try text(idName), !id.isEmpty else { throw missing(idName) }
        guard let secret = try secret(secretName), secret.byteCount > 0 else { throw missing(secretName) }
        let token = try self.secret(tokenName).flatMap { $0.byteCount > 0 ? $0 : nil }
        if needsToken, token == nil { throw missing(tokenName) }
        return try Credentials(
            checkedID: id, secretAccessKey: secret, sessionToken: token, expiration: expiration, isProven: needsToken,
            place: place)
    }

    /// `expiration`, which must be to come.
    func valid(_ expiration: Date?, now: Date) throws(AWSError) -> Date? {
        if let expiration, expiration <= now {
            throw .provider(
                .expiredBaseCredentials, "the credentials of \(place) ended at \(Timestamp.iso8601(expiration))",
                advice: "Let whoever gives them give new ones; also check this machine's clock.")
        }
        return expiration
    }

    /// The error for a member that has to be there.
    func missing(_ name: String) -> AWSError {
        .provider(
            .malformedAnswer, "\(place) has no \(name)", advice: "Credentials without it can't sign anything.")
    }

    private func required(_ name: String) throws(AWSError) -> SecretJSON {
        guard let value = members[name] else { throw missing(name) }
        return value
    }

    private func wrongType(_ name: String, _ right: String) -> AWSError {
        .provider(
            .malformedAnswer, "\(name) of \(place) is \(members[name]?.description ?? "missing"), not \(right)",
            advice: Self.advice)
    }
}

extension Credentials {
    /// Keys travel in headers: what can't stand there is a mistake of copying, and better found here than as a refused
    /// signature.
    init(
        checkedID id: String, secretAccessKey: SecretBytes, sessionToken: SecretBytes?, expiration: Date? = nil,
        isProven: Bool = false, place: String
    ) throws(AWSError) {
        let isIDClean = id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        let parts = [
            ("access key ID", isIDClean), ("secret access key", secretAccessKey.isVisibleASCII),
            ("session token", sessionToken?.isVisibleASCII ?? true),
        ]
        for (name, isClean) in parts where !isClean {
            throw .provider(
                "the \(name) of \(place) has a blank or a character beyond ASCII in it", advice: "Copy it again.")
        }
        self.init(
            accessKeyID: id, secretAccessKey: secretAccessKey, sessionToken: sessionToken, expiration: expiration,
            isProven: isProven)
    }

    /// The same keys, which are said to end at another time.
    func ending(at expiration: Date) -> Credentials {
        Credentials(
            accessKeyID: accessKeyID, secretAccessKey: storage.secretAccessKey, sessionToken: storage.sessionToken,
            expiration: expiration, isProven: isProven)
    }
}

extension SecretBytes {
    /// Whether it can stand in a header as it is.
    var isVisibleASCII: Bool { withUnsafeBytes { $0.allSatisfy { $0 > 0x20 && $0 < 0x7F } } }
}
