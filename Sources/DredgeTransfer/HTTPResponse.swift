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
        var rest = head[...]
        while let end = rest.firstIndex(of: .lineFeed) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            // The status line has no header in it, whatever it says.
            guard line.startIndex > head.startIndex, let colon = line.firstIndex(of: .colon),
                line[..<colon].isEqualIgnoringCase(to: name)
            else { continue }
            return String(decoding: line[(colon + 1)...].trimmingWhitespace(), as: UTF8.self)
        }
        return nil
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

extension ArraySlice<UInt8> {
    fileprivate func isEqualIgnoringCase(to name: String) -> Bool {
        count == name.utf8.count && zip(self, name.utf8).allSatisfy { $0.lowercased == $1.lowercased }
    }

    fileprivate func trimmingWhitespace() -> ArraySlice<UInt8> {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else {
            return []
        }
        return self[first...last]
    }
}
