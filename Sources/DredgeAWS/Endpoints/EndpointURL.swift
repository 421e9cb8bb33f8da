#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An endpoint that somebody named, for a service that stands in for AWS's: scheme, host, perhaps port and path.
package struct EndpointURL: Sendable, Hashable {
    /// `http` or `https`.
    package let scheme: String
    /// Host, in lower case, with its port if it has one.
    package let authority: String
    /// Empty, or begins with a slash and ends without one.
    package let basePath: String

    /// Without a slash at the end.
    package var text: String { "\(scheme)://\(authority)\(basePath)" }

    /// Reads `text`. `place`: where it comes from, for the error.
    package init(_ text: String, from place: String? = nil) throws(EndpointProblem) {
        if let complaint = Self.complaint(text) {
            let shown = Self.mayHoldSecret(text) ? "the endpoint URL" : "\"\(text.printable)\""
            throw EndpointProblem(
                message: (place.map { "\($0): " } ?? "") + "\(shown) \(complaint)",
                advice: "Write scheme, host, port and path only; keys belong into the source's auth.")
        }
        let url = URLComponents(string: text)
        var path = url?.percentEncodedPath ?? ""
        while path.hasSuffix("/") { path.removeLast() }
        scheme = url?.scheme?.lowercased() ?? ""
        authority = (url?.percentEncodedHost?.lowercased() ?? "") + (url?.port.map { ":\($0)" } ?? "")
        basePath = path
    }

    /// Whether the host is an IPv4 or IPv6 address, before which no bucket can stand.
    package var isAddress: Bool {
        authority.hasPrefix("[")
            || authority.prefix { $0 != ":" }.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
                .filter { $0 != nil }.count == 4
    }

    /// What is wrong with `text`, as the end of a sentence that begins with it; nil: nothing.
    package static func complaint(_ text: String) -> String? {
        if hasUserInfo(text) {
            return "has a user name or password in it; an endpoint has none"
        }
        guard text.utf8.allSatisfy({ (0x21..<0x7F).contains($0) }), let url = URLComponents(string: text),
            let scheme = url.scheme?.lowercased(), scheme == "http" || scheme == "https",
            let host = url.percentEncodedHost, !host.isEmpty
        else { return "is not a URL, which looks like https://s3.example.com or http://127.0.0.1:9000" }
        if let port = url.port, !(1...65_535).contains(port) { return "has a port that is none; ports are 1 to 65535" }
        if url.percentEncodedQuery != nil || url.percentEncodedFragment != nil {
            return "has a query or a fragment; an endpoint has none"
        }
        return nil
    }

    /// Whether there may be a secret in `text`, before an `@` or in a query: then it is not for messages.
    package static func mayHoldSecret(_ text: String) -> Bool { text.contains { "@?#".contains($0) } }

    private static func hasUserInfo(_ text: String) -> Bool {
        guard let url = URLComponents(string: text) else {
            return text.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first?.contains("@") ?? false
        }
        return url.user != nil || url.password != nil
    }
}

/// Why settings lead to no endpoint.
package struct EndpointProblem: Error {
    package var message: String
    package var advice: String

    package init(message: String, advice: String) {
        self.message = message
        self.advice = advice
    }
}
