// Signatures that the layers above build on. Bodies follow.

/// A byte buffer with one owner at a time, on loan from a `BufferPool`; it goes back when the last reference drops.
public final class OwnedBuffer: @unchecked Sendable {
    /// Bytes that fit behind the headroom.
    public var capacity: Int { fatalError() }
    /// Bytes in use, from the start of the body.
    public private(set) var count: Int { get { fatalError() } set {} }
    /// Bytes kept free in front of the body, so that a consumer can put what it had left over before it without copying the body.
    public var headroom: Int { fatalError() }
    /// The body: `count` bytes. Valid while the buffer is.
    public var bytes: UnsafeRawBufferPointer { fatalError() }
    public func append(_ source: UnsafeRawBufferPointer) -> Bool { fatalError() }
    /// Forgets what is behind `count` bytes.
    public func truncate(to count: Int) {}
    /// Copies `prefix` (at most `headroom` bytes) directly before the body and returns prefix and body as one range.
    public func prepending(_ prefix: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer { fatalError() }
}

/// A bounded pool of pre-faulted buffers: the memory budget of everything that is fetched.
public final class BufferPool: Sendable {
    public init(byteLimit: Int) {}
    public var byteLimit: Int { fatalError() }
    /// Bytes of the buffers now on loan.
    public var byteCountInUse: Int { fatalError() }
    /// The most bytes that were ever held, on loan and kept for reuse. Never above `byteLimit`.
    public var byteCountPeak: Int { fatalError() }
    /// Waits, first come first served, until `byteCount + headroom` bytes fit under the limit.
    public func buffer(byteCount: Int, headroom: Int = 0) async throws(CancellationError) -> OwnedBuffer { fatalError() }
    /// The same without waiting: nil when the pool is at its limit or somebody waits already.
    public func bufferIfFree(byteCount: Int, headroom: Int = 0) -> OwnedBuffer? { nil }
}

public struct HTTPRequest: Sendable {
    public enum Method: String, Sendable { case get = "GET", head = "HEAD", post = "POST", put = "PUT" }
    public var method: Method
    /// Absolute, already percent-encoded; sent byte for byte (no dot-segment squashing).
    public var url: String
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]?
    public init(method: Method = .get, url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

public struct HTTPResponse: Sendable {
    public var status: Int { fatalError() }
    /// The first value of a header, compared without case.
    public subscript(_ name: String) -> String? { nil }
    /// The body of an answer that is not 2xx, cut at `TransferLimits.errorBodyByteCountMax`.
    public var errorBody: [UInt8] { fatalError() }
}

public struct TransferError: Error, Sendable {
    public enum Code: String, Sendable {
        case couldNotResolve, couldNotConnect, tls, connectTimeout, stalled, connectionLost, bodyTooLarge, malformedAnswer, cancelled, shutDown, other
    }
    public var code: Code
    /// curl's own words, without the URL's query.
    public var message: String
    /// host:port
    public var authority: String
    /// Whether the same request may succeed when it is sent again.
    public var isTransient: Bool { fatalError() }
    public init(code: Code, message: String, authority: String) {
        self.code = code
        self.message = message
        self.authority = authority
    }
}

public struct TransferLimits: Sendable {
    public var connectionCountMax = 128
    public var connectTimeout: Duration = .seconds(10)
    /// A transfer that moves no byte for this long ends as `stalled`.
    public var progressTimeout: Duration = .seconds(30)
    public var errorBodyByteCountMax = 64 << 10
    public var headByteCountMax = 64 << 10
    /// A PEM file of certificate authorities instead of the system's (AWS_CA_BUNDLE).
    public var certificateAuthorityPath: String?
    public init() {}
}

/// curl's multi handle on one thread, which is also the executor of tasks that prefer it.
public final class TransferLoop: Sendable {
    public init(limits: TransferLimits = .init()) throws(TransferError) {}
    public var limits: TransferLimits { fatalError() }
    /// Tasks that prefer this executor run on the loop's thread: between their requests lies no thread hop, so that a
    /// finished transfer's task starts the next transfer in the same turn of the loop.
    public var executor: any TaskExecutor { fatalError() }
    /// Sends `request`; appends the body of a 2xx answer to `body`. On error `body` holds what arrived before it.
    public func perform(_ request: HTTPRequest, into body: OwnedBuffer) async throws(TransferError) -> HTTPResponse { fatalError() }
    /// Ends every transfer with `.shutDown` and the thread. Returns when both are gone.
    public func shutDown() async {}
}
