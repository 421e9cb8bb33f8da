/// One HTTP/1.1 request. No redirect is followed, no cookie kept, no compression asked for, nothing sent again: what to
/// do about an answer is the caller's decision.
public struct HTTPRequest: Sendable {
    /// The methods that S3 and STS need.
    public enum Method: String, Sendable {
        /// Fetches a body.
        case get = "GET"
        /// Fetches the head alone.
        case head = "HEAD"
        /// Sends a body.
        case post = "POST"
        /// Sends a body to be kept.
        case put = "PUT"
        /// Has something taken away.
        case delete = "DELETE"
    }

    /// The method; decides whether `body` may be there.
    public var method: Method
    /// Absolute, `http` or `https`, already percent-encoded; path and query are sent byte for byte (no dot-segment
    /// squashing). A fragment is not sent.
    public var url: String
    /// Sent in this order. `Host`, `Content-Length` and `Accept: */*` are added; naming them here replaces them.
    public var headers: [(name: String, value: String)]
    /// The body of a `post` or `put`; nil is an empty one. The other methods have none. It is sent from where it lies,
    /// without another copy of it.
    public var body: [UInt8]?
    /// The longest time from the start to the last byte of the answer, beside the loop's own limits; nil: those alone.
    public var timeout: Duration?
    /// Whether `TransferLimits.floorByteCount` holds. Not for an answer that a service begins at once and then keeps
    /// alive, a blank now and then, while it works; `timeout` has to bound such a one.
    public var isHeldToFloor = true
    /// Whether it goes to its host straight, whatever proxies the loop has: for addresses of this machine and
    /// its link.
    public var bypassesProxy = false
    /// Whether only addresses of the public internet are connected to (`AddressRange`), whatever name leads there, and
    /// no proxy, which would look names up by itself: for URLs that others may choose. A connection that another
    /// request opened is used all the same: a host is to be asked with this, or without it.
    public var refusesPrivateAddresses = false

    /// A request as it will be sent. What is wrong with it is said when it is performed.
    public init(method: Method = .get, url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil)
    {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

extension HTTPRequest {
    /// What makes the request impossible to send, or nil. A line break in a header would smuggle in a second one.
    var problem: String? {
        if !url.hasPrefix("https://") && !url.hasPrefix("http://") {
            return "the URL does not begin with http:// or https://"
        }
        if body != nil && method != .post && method != .put { return "a \(method.rawValue) request has no body" }
        for (name, value) in headers {
            if !name.utf8.allSatisfy(\.isFieldNameByte) || name.isEmpty { return "a header's name is not a valid one" }
            if value.utf8.contains(where: { $0 == 0 || $0 == 0x0A || $0 == 0x0D }) {
                return "the value of the header \(name) has a line break or a NUL in it"
            }
        }
        return nil
    }

    /// host:port of the URL, with the scheme's port when the URL names none: where a message may say that it happened.
    var authority: String {
        let schemeByteCount = url.hasPrefix("https://") ? 8 : 7
        var authority = Substring(url.utf8.dropFirst(schemeByteCount)).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        let port = authority.lastIndex(of: ":").map { authority[authority.index(after: $0)...] }
        if let port, !port.isEmpty, port.allSatisfy(\.isWholeNumber) { return String(authority) }
        return "\(authority):\(url.hasPrefix("https://") ? 443 : 80)"
    }

    /// What stands behind the `?`: may be secret (a presigned URL is), so that no message may show it.
    var query: Substring? {
        url.firstIndex(of: "?").map { url[url.index(after: $0)...] }
    }
}

extension UInt8 {
    /// `tchar` of RFC 9110, section 5.6.2.
    fileprivate var isFieldNameByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }
}
