/// One request on its way: what to send, where its body goes, and who waits for it.
///
/// Made on the caller's thread, then posted to the loop, and from there on touched by the loop's thread alone.
final class Transfer: @unchecked Sendable {  // one owner at a time; the inbox's lock orders the change of hands
    let request: HTTPRequest
    /// Where the body of a 2xx answer goes. Nil once the transfer has ended: one that was cancelled in the queue must
    /// not keep its buffer from the pool until its turn.
    var body: OwnedBuffer?
    /// Comes with the command to start, since a cancellation may have come to the loop before it.
    var completion: Completion?
    var state = State.new

    /// Who waits. Resumed exactly once, between the turns of curl.
    typealias Completion = UnsafeContinuation<TransferResult, Never>

    enum State {
        case new
        /// Behind others, since all connections are busy.
        case waiting
        case running(EasySlot)
        case ended
    }

    init(_ request: HTTPRequest, into body: OwnedBuffer) {
        self.request = request
        self.body = body
    }

    /// Tells who waits.
    func complete(_ result: TransferResult) {
        guard let completion = completion.take() else { preconditionFailure("a transfer was completed twice") }
        completion.resume(returning: result)
    }
}

typealias TransferResult = Result<HTTPResponse, TransferError>

/// What other threads ask of the actor.
enum TransferCommand: Sendable {
    case start(Transfer, Transfer.Completion)
    case cancel(Transfer)
    case stop
}
