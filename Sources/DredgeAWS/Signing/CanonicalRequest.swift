import DredgeTransfer

/// The canonical form of a request that SigV4 hashes: method, path, query, headers, their names, and the payload's
/// digest.
struct CanonicalRequest {
    private(set) var bytes: [UInt8] = []
    /// Names of the signed headers, with `;` between them.
    private(set) var signedHeaders: [UInt8] = []

    /// Headers that proxies and HTTP libraries add or change, so that signing them would break good requests. The list
    /// is botocore's.
    private static let unsignedHeaders: Set<String> = [
        "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade",
        "user-agent", "x-amzn-trace-id",
    ]

    /// - Parameter encodesPathAgain: normalise the path and encode it a second time, as every service but S3 wants it.
    init(_ request: HTTPRequest, payloadDigest: String, encodesPathAgain: Bool) {
        let url = RequestURL(request.url)
        bytes.reserveCapacity(
            256 + request.url.utf8.count
                + request.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 2 })
        bytes.append(contentsOf: request.method.rawValue.utf8)
        bytes.append(UInt8(ascii: "\n"))
        if encodesPathAgain {
            URIEncoding.append(Self.normalised(url.path), keepsSlash: true, to: &bytes)
        } else if url.path.isEmpty {
            bytes.append(UInt8(ascii: "/"))
        } else {
            bytes.append(contentsOf: url.path)
        }
        bytes.append(UInt8(ascii: "\n"))
        appendQuery(url.query)
        bytes.append(UInt8(ascii: "\n"))
        appendHeaders(request.headers, host: url.host)
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: signedHeaders)
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: payloadDigest.utf8)
    }

    /// Names and values as they are (encoded already), sorted by name, then by value; a name without `=` gets one.
    private mutating func appendQuery(_ query: ArraySlice<UInt8>) {
        guard !query.isEmpty else { return }
        var pairs = query.split(separator: UInt8(ascii: "&")).map { pair in
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            return (name: pair[..<equals], value: pair[equals...].dropFirst())
        }
        pairs.sort {
            $0.name.elementsEqual($1.name)
                ? $0.value.lexicographicallyPrecedes($1.value) : $0.name.lexicographicallyPrecedes($1.name)
        }
        for (index, pair) in pairs.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: "&")) }
            bytes.append(contentsOf: pair.name)
            bytes.append(UInt8(ascii: "="))
            bytes.append(contentsOf: pair.value)
        }
    }

    private mutating func appendHeaders(_ headers: [(name: String, value: String)], host: String) {
        var signed: [(name: String, value: String)] = []
        signed.reserveCapacity(headers.count + 1)
        signed.append(("host", host))
        for header in headers {
            let name = header.name.lowercased()
            if name == "host" {
                signed[0].value = header.value
            } else if !Self.unsignedHeaders.contains(name) {
                signed.append((name, header.value))
            }
        }
        // Stable, so that several values of one name keep their order.
        signed.sort { $0.name < $1.name }
        for (index, header) in signed.enumerated() {
            if index > 0, header.name == signed[index - 1].name {
                bytes[bytes.count - 1] = UInt8(ascii: ",")
            } else {
                if !signedHeaders.isEmpty { signedHeaders.append(UInt8(ascii: ";")) }
                signedHeaders.append(contentsOf: header.name.utf8)
                bytes.append(contentsOf: header.name.utf8)
                bytes.append(UInt8(ascii: ":"))
            }
            appendTrimmed(header.value)
            bytes.append(UInt8(ascii: "\n"))
        }
    }

    /// Without blanks at both ends, and with one space for each run of them inside.
    private mutating func appendTrimmed(_ value: String) {
        let start = bytes.count
        bytes.append(contentsOf: value.utf8)
        // Hardly a value has a blank, and a session token of a kilobyte comes through here with every request: a loop
        // that vectorises says whether there is anything to do.
        var blankCount = 0
        for byte in bytes[start...] {
            blankCount &+= (byte == UInt8(ascii: " ") ? 1 : 0) &+ (byte == UInt8(ascii: "\t") ? 1 : 0)
        }
        guard blankCount > 0 else { return }
        let end = bytes.withUnsafeMutableBufferPointer { bytes in
            var write = start
            var isBehindBlank = true
            for read in start..<bytes.count {
                let byte = bytes[read]
                let isBlank = byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
                if isBlank, isBehindBlank { continue }
                bytes[write] = isBlank ? UInt8(ascii: " ") : byte
                write += 1
                isBehindBlank = isBlank
            }
            return isBehindBlank && write > start ? write - 1 : write
        }
        bytes.removeLast(bytes.count - end)
    }

    /// RFC 3986, section 5.2.4, and without empty segments.
    private static func normalised(_ path: ArraySlice<UInt8>) -> [UInt8] {
        var segments: [ArraySlice<UInt8>] = []
        let slash = UInt8(ascii: "/")
        for segment in path.split(separator: slash) {
            if segment.elementsEqual(".".utf8) { continue }
            if segment.elementsEqual("..".utf8) { _ = segments.popLast() } else { segments.append(segment) }
        }
        var output: [UInt8] = []
        for segment in segments {
            output.append(slash)
            output.append(contentsOf: segment)
        }
        let endsInSlash = path.last == slash || path.isEmpty
        if output.isEmpty || endsInSlash { output.append(slash) }
        return output
    }
}

/// The parts of an absolute http or https URL, byte for byte.
struct RequestURL {
    let isHTTPS: Bool
    /// `host`, or `host:port` where the port isn't the scheme's own: what curl sends as the `Host` header.
    let host: String
    let path: ArraySlice<UInt8>
    let query: ArraySlice<UInt8>

    init(_ url: String) {
        let bytes = [UInt8](url.utf8)
        isHTTPS = bytes.starts(with: "https:".utf8)
        let authorityStart = isHTTPS ? 8 : 7  // "https://", "http://"
        let rest = bytes.dropFirst(authorityStart)
        let authorityEnd =
            rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
            ?? rest.endIndex
        var authority = rest[..<authorityEnd]
        let ownPort = isHTTPS ? ":443" : ":80"
        if authority.count > ownPort.utf8.count, authority.suffix(ownPort.utf8.count).elementsEqual(ownPort.utf8) {
            authority = authority.dropLast(ownPort.utf8.count)
        }
        host = String(decoding: authority, as: UTF8.self)
        let tail = rest[authorityEnd...]
        let fragment = tail.firstIndex(of: UInt8(ascii: "#")) ?? tail.endIndex
        let mark = tail[..<fragment].firstIndex(of: UInt8(ascii: "?")) ?? fragment
        path = tail[..<mark]
        query = tail[mark..<fragment].dropFirst()
    }
}
