#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What curl says of proxies, which it takes from the environment (libcurl-env(3)).
enum Proxy {
    /// The proxy that `message` says could not be reached, as host or host:port; nil: it speaks of the host itself.
    ///
    /// curl's words (lib/connect.c, lib/hostip.c): "Failed to connect to HOST port PORT after …" names the proxy where
    /// there is one, or in later versions the host, with "via PROXY" behind it; "Could not resolve proxy: PROXY".
    static func unreached(_ message: String, besides authority: String) -> String? {
        guard isNamed else { return nil }
        let words = message.split(separator: " ")
        if message.hasPrefix("Could not resolve proxy: "), words.count > 4 { return String(words[4]) }
        guard message.hasPrefix("Failed to connect to "), words.count > 6, words[5] == "port" else { return nil }
        if words.count > 8, words[7] == "via" { return String(words[8]) }
        let host = words[4].contains(":") ? "[\(words[4])]" : words[4]
        let place = "\(host):\(words[6])"
        return place.lowercased() == authority.lowercased() ? nil : place
    }

    /// Whether the environment names any proxy.
    private static var isNamed: Bool {
        ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].contains { (name: String) in
            getenv(name) != nil
        }
    }
}
