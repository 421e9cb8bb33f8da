/// One request on its way: what to send, where its body goes, and who waits for it.
///
/// Made on the caller's thread, then posted to the loop, and from there on touched by the loop's thread alone.
final class Transfer: @unchecked Sendable {  // one owner at a time; the inbox's lock orders the change of hands
    let request: HTTPRequest
    /// Nil once the transfer has ended: one that was cancelled in the queue must not keep its buffer from the pool until its turn.
    var sink: Sink?
    /// Comes with the command to start, since a cancellation may have come to the loop before it.
    var completion: Completion?
    var state = State.new

    /// Where the body of a 2xx answer goes.
    enum Sink {
        case buffer(OwnedBuffer)
        case stream(StreamSink)
    }

    /// Who waits. Resumed exactly once, between the turns of curl.
    enum Completion: Sendable {
        case single(UnsafeContinuation<TransferResult, Never>)
        case member(TransferGroup, index: Int)

        func resume(_ result: TransferResult) {
            switch self {
            case .single(let continuation): continuation.resume(returning: result)
            case .member(let group, let index): group.complete(index, result)
            }
        }
    }

    enum State {
        case new
        /// Behind others, since all connections are busy.
        case waiting
        case running(EasySlot)
        case ended
    }

    init(_ request: HTTPRequest, into sink: Sink) {
        self.request = request
        self.sink = sink
    }

    /// Tells who waits, if they have not been told.
    func complete(_ result: TransferResult) { completion.take()?.resume(result) }
}

typealias TransferResult = Result<HTTPResponse, TransferError>

/// What other threads ask of the actor.
enum TransferCommand: Sendable {
    case start(Transfer, Transfer.Completion)
    case cancel(Transfer)
    /// A stream's consumer has taken a segment.
    case serve(Transfer)
    /// The pool had a segment for a stream; nil when it had to stop waiting.
    case room(Transfer, OwnedBuffer?)
    case stop
}

/// Transfers whose results are handed over together: one wake-up for all of them.
final class TransferGroup: @unchecked Sendable {  // touched by the loop's thread alone, once its transfers are posted
    private var results: [TransferResult?]
    private var remainingCount: Int
    private let continuation: UnsafeContinuation<[TransferResult], Never>

    init(count: Int, continuation: UnsafeContinuation<[TransferResult], Never>) {
        results = Array(repeating: nil, count: count)
        remainingCount = count
        self.continuation = continuation
    }

    func complete(_ index: Int, _ result: TransferResult) {
        assert(results[index] == nil)
        results[index] = result
        remainingCount -= 1
        if remainingCount == 0 { continuation.resume(returning: results.compactMap(\.self)) }
    }
}
