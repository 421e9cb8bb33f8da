/// A URL that credentials may be asked of. Anything that two readers of URLs could read differently is none.
struct CredentialURL {
    let text: String
    /// Without port; IPv6 in brackets.
    let host: String
    let isHTTPS: Bool
    /// Whether the host is this machine, or one of those that containers have on their link: no proxy reaches it.
    let isNearby: Bool

    init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else { return nil }
        isHTTPS = text.hasPrefix("https://")
        guard isHTTPS || text.hasPrefix("http://") else { return nil }
        let authority = text.dropFirst(isHTTPS ? 8 : 7).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let isIPv6 = authority.hasPrefix("[")
        guard
            let end = isIPv6
                ? authority.firstIndex(of: "]").map(authority.index(after:))
                : authority.firstIndex(of: ":") ?? authority.endIndex
        else { return nil }
        let host = authority[..<end].lowercased()
        let inner = isIPv6 ? host.dropFirst().dropLast() : host[...]
        let allowed = isIPv6 ? "0123456789abcdef:" : "0123456789abcdefghijklmnopqrstuvwxyz.-"
        guard !inner.isEmpty, inner.allSatisfy(allowed.contains) else { return nil }
        let port = authority[end...]
        guard port.isEmpty || port.first == ":" && Self.isPort(port.dropFirst()) else { return nil }
        self.text = text
        self.host = host
        isNearby =
            ["localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"].contains(host)
            || Self.isLoopback(host)
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { ("0"..."9").contains(Unicode.Scalar($0)) } && UInt16(text) ?? 0 > 0
    }

    /// 127.0.0.0/8 in its usual form.
    private static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0).map(String.init) == String($0) }
    }
}
