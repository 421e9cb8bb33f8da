/// Which proxy a request goes through, by the variables that curl knows (libcurl-env(3)): `http_proxy`, `https_proxy`
/// or `HTTPS_PROXY`, `all_proxy` or `ALL_PROXY`, and `no_proxy` or `NO_PROXY`. curl is never left to look them up in
/// the process's environment.
public struct ProxySettings: Sendable {
    private let http: String?
    private let https: String?
    /// Hosts to which no proxy leads; empty: there are none.
    let exceptions: String

    /// - Parameter environment: where the variables are looked up; empty: no proxy is used.
    public init(_ environment: [String: String] = [:]) {
        // An empty variable is none.
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        // HTTP_PROXY is not looked at: in a CGI program a client's header sets it.
        http = value("http_proxy", "all_proxy", "ALL_PROXY")
        https = value("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        exceptions = value("no_proxy", "NO_PROXY") ?? ""
    }

    /// The proxy for `request`, unless its host is one of the exceptions; nil: it goes straight.
    func proxy(for request: HTTPRequest) -> String? {
        if request.bypassesProxy || request.refusesPrivateAddresses { return nil }
        return request.url.prefix(6).lowercased() == "https:" ? https : http
    }

    /// The proxy that `message` says could not be reached, as host or host:port; nil: it speaks of the host itself.
    ///
    /// curl's words (lib/connect.c, lib/hostip.c): "Failed to connect to HOST port PORT after …" names the proxy where
    /// there is one, or in later versions the host, with "via PROXY" behind it; "Could not resolve proxy: PROXY".
    func unreached(_ message: String, by request: HTTPRequest) -> String? {
        guard proxy(for: request) != nil else { return nil }
        let words = message.split(separator: " ")
        if message.hasPrefix("Could not resolve proxy: "), words.count > 4 { return String(words[4]) }
        guard message.hasPrefix("Failed to connect to "), words.count > 6, words[5] == "port" else { return nil }
        if words.count > 8, words[7] == "via" { return String(words[8]) }
        let host = words[4].contains(":") ? "[\(words[4])]" : words[4]
        let place = "\(host):\(words[6])"
        return place.lowercased() == request.authority.lowercased() ? nil : place
    }
}
