#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The head of an answer, and the body of one that is not 2xx. A 2xx body goes into the caller's buffer.
public struct HTTPResponse: Sendable {
    /// The status code, 200...599.
    public let status: Int
    /// The body of an answer that is not 2xx, cut at `TransferLimits.errorBodyByteCountMax`.
    public let errorBody: [UInt8]
    /// From the request's start on a connection that was ready to the first byte of the answer. Zero for an answer that
    /// no server gave.
    public internal(set) var firstByteTime: Duration = .zero
    /// Likewise, to the last byte of the answer.
    public internal(set) var duration: Duration = .zero
    /// The head's lines as they came, status line first. Most headers are never looked at, so that they are parsed when
    /// they are.
    private let head: [UInt8]

    init(status: Int, head: [UInt8], errorBody: [UInt8]) {
        self.status = status
        self.head = head
        self.errorBody = errorBody
    }

    /// An answer that no server gave: for tests of what is built on top.
    public init(status: Int, headers: [(name: String, value: String)] = [], errorBody: [UInt8] = []) {
        let lines = ["HTTP/1.1 \(status)"] + headers.map { "\($0.name): \($0.value)" }
        self.init(
            status: status, head: lines.flatMap { Array($0.utf8) + [.carriageReturn, .lineFeed] }, errorBody: errorBody)
    }

    /// Whether the status says success (RFC 9110, section 15.3).
    public var isSuccess: Bool { 200..<300 ~= status }

    /// The first value of a header, its name compared without case, without the white space around it. Nil when it is
    /// not there; one pass over the head.
    public subscript(_ name: String) -> String? {
        var name = name
        return name.withUTF8 { name in head.withUnsafeBufferPointer { Self.value(of: name, in: $0) } }
    }

    private static func value(of name: UnsafeBufferPointer<UInt8>, in head: UnsafeBufferPointer<UInt8>) -> String? {
        guard let start = head.baseAddress else { return nil }
        var place = 0
        while place < head.count, let end = memchr(start + place, Int32(UInt8.lineFeed), head.count - place) {
            let line = head[place..<start.distance(to: end.assumingMemoryBound(to: UInt8.self))]
            // The status line has no header in it, whatever it says.
            if place > 0, line.count > name.count, line[place + name.count] == .colon,
                isEqualIgnoringCase(line.prefix(name.count), name)
            {
                return String(decoding: line.dropFirst(name.count + 1).trimmingWhitespace(), as: UTF8.self)
            }
            place = line.endIndex + 1
        }
        return nil
    }

    private static func isEqualIgnoringCase(
        _ some: Slice<UnsafeBufferPointer<UInt8>>, _ name: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        zip(some, name).allSatisfy { $0 == $1 || $0.lowercased == $1.lowercased }
    }
}

extension UInt8 {
    fileprivate static let lineFeed = UInt8(ascii: "\n")
    fileprivate static let carriageReturn = UInt8(ascii: "\r")
    fileprivate static let colon = UInt8(ascii: ":")

    /// ASCII only, which is all that a header's name may have.
    fileprivate var lowercased: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }
    fileprivate var isWhitespace: Bool {
        self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") || self == .carriageReturn
    }
}

extension Slice<UnsafeBufferPointer<UInt8>> {
    fileprivate func trimmingWhitespace() -> Self {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return self[startIndex..<startIndex] }
        return self[first...last]
    }
}
