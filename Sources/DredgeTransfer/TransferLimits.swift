/// All limits of the transfer loop.
public struct TransferLimits: Sendable {
    /// Transfers at once, which is also the most connections that are kept; further transfers wait, first come first
    /// served. Fewer where the process may open few files.
    public var connectionCountMax = 128
    /// The longest time to a usable connection: name, TCP and TLS.
    public var connectTimeout: Duration = .seconds(10)
    /// A connected transfer that moves no byte for this long, in either direction, ends as `stalled`. Looked at four
    /// times in the period, so that it may take a quarter longer.
    public var progressTimeout: Duration = .seconds(30)
    /// Bytes of body that each `floorPeriod` of a connected transfer brings at the least, of the request's or the
    /// answer's, or it ends as `stalled`, however often a byte moves. Heads don't count, interim answers (1xx)
    /// included. So every transfer has a deadline that follows its size: one period, and one more for each so many
    /// bytes of its bodies. Only `HTTPRequest.isHeldToFloor` makes an exception, with a deadline of its own.
    public var floorByteCount = 60 << 10
    /// See `floorByteCount`: 1 KiB/s, averaged over a minute.
    public var floorPeriod: Duration = .seconds(60)
    /// Bytes kept of the body of an answer that is not 2xx; the connection of a longer one is dropped.
    public var errorBodyByteCountMax = 64 << 10
    /// Bytes of an answer's head; a longer one ends as `malformedAnswer`. curl itself refuses a single line above 100
    /// KiB.
    public var headByteCountMax = 64 << 10
    /// A PEM file of certificate authorities instead of the system's (AWS_CA_BUNDLE).
    public var certificateAuthorityPath: String?
    /// The proxies that requests go through.
    public var proxies = ProxySettings()

    /// curl's receive buffer for a body of so many bytes (CURLOPT_BUFFERSIZE): an eighth of it, so that it is small
    /// beside the body, within 16 KiB (a TLS record) and 256 KiB. Throughput on 8 MiB bodies rises up to there and not
    /// beyond.
    static func receiveByteCount(forBody byteCount: Int) -> Int { min(max(byteCount / 8, 16 << 10), 256 << 10) }
    /// Room for the head of an answer before it grows: S3's are 300 to 700 bytes.
    static let headByteCountUsual = 1 << 10
    /// The longest sleep of the loop when nothing happens.
    static let sleepMax: Duration = .seconds(1)
    /// Sockets that are ready of which one look tells; the next look tells of the others.
    static let readySocketCountMax = 256
    /// Bytes of a message in an error.
    static let messageByteCountMax = 400

    /// The defaults.
    public init() {}

    /// The defaults, with what an environment says of the way out: proxies (`ProxySettings`) and AWS_CA_BUNDLE.
    public init(environment: [String: String]) {
        proxies = ProxySettings(environment)
        certificateAuthorityPath = environment["AWS_CA_BUNDLE"]
    }

    /// Traps where the numbers contradict each other.
    func check() {
        precondition(connectionCountMax > 0, "a transfer loop needs at least one connection")
        precondition(
            connectTimeout > .zero && progressTimeout > .zero && floorPeriod > .zero,
            "a timeout of nothing lets no transfer come to its end")
        precondition(
            headByteCountMax >= Self.headByteCountUsual,
            "an ordinary answer's head is longer than \(headByteCountMax) bytes")
        precondition(floorByteCount > 0, "a floor of nothing lets a transfer go on for ever")
        precondition(errorBodyByteCountMax >= 0, "an error's body can't be shorter than nothing")
    }
}

extension TransferLimits {
    /// How often transfers are looked at.
    var lookInterval: Duration { min(progressTimeout, floorPeriod) / 4 }
}

extension Duration {
    /// Whole milliseconds, at least one: for C interfaces where zero means "no limit".
    var millisecondCount: Int {
        let (seconds, attoseconds) = components
        return max(
            1,
            Int(
                clamping: seconds.multipliedReportingOverflow(by: 1000).partialValue + attoseconds
                    / 1_000_000_000_000_000))
    }
}
