import Foundation
import Testing

/// Secrets that stand out, and all forms in which one could get somewhere.
struct Canary {
    let secretAccessKey: String
    let sessionToken: String

    /// With the characters that real ones have, so that every encoding of them is another text.
    init(_ name: String) {
        secretAccessKey = "canary/\(name)+wJalrXUtnFEMI/K7MDENG/q8Zt"
        sessionToken = "canary//\(name)+IQoJb3JpZ2luX2VjEJr/wEaCXVzLWVhc3QtMSJHMEUCIQDx+Kq=="
    }

    var secrets: [String] { [secretAccessKey, sessionToken] }

    /// As it is, escaped as in a URL, in hexadecimal, and in base64 at each of the three places that it can begin at.
    static func forms(of secret: String) -> [String] {
        let bytes = Array(secret.utf8)
        var forms = [
            secret, secret.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? secret,
            secret.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? secret,
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(),
        ]
        for lead in 0..<3 {
            // What stands before and behind decides the characters at the ends.
            let whole = Data([UInt8](repeating: 0, count: lead) + bytes).base64EncodedString()
            forms.append(String(whole.dropFirst(4).dropLast(4)))
        }
        return forms
    }

    /// Requires that none of the secrets is in `bytes`, in any form.
    func expectAbsent(from bytes: Data, _ place: String, sourceLocation: SourceLocation = #_sourceLocation) {
        Self.expectAbsent(secrets, from: bytes, place, sourceLocation: sourceLocation)
    }

    static func expectAbsent(
        _ secrets: [String], from bytes: Data, _ place: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for (index, secret) in secrets.enumerated() {
            for form in forms(of: secret) where bytes.range(of: Data(form.utf8)) != nil {
                Issue.record("secret \(index) is in \(place), as \(form)", sourceLocation: sourceLocation)
            }
        }
    }
}
