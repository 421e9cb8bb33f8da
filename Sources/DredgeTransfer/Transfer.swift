/// One request on its way: what to send, where its body goes, and who waits for it.
///
/// Made on the caller's thread, then posted to the loop, and from there on touched by the loop's thread alone.
final class Transfer: @unchecked Sendable {  // one owner at a time; the inbox's lock orders the change of hands
    let request: HTTPRequest
    let sink: Sink
    var completion: Completion?
    var state = State.new

    /// Where the body of a 2xx answer goes.
    enum Sink {
        case buffer(OwnedBuffer)
    }

    enum Completion {
        case single(UnsafeContinuation<TransferResult, Never>)
        case member(TransferGroup, index: Int)
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

    /// Tells who waits. Called once, between the turns of curl.
    func complete(_ result: TransferResult) {
        switch completion.take() {
        case .single(let continuation): continuation.resume(returning: result)
        case .member(let group, let index): group.complete(index, result)
        case nil: break
        }
    }
}

typealias TransferResult = Result<HTTPResponse, TransferError>

/// What other threads ask of the actor.
enum TransferCommand: Sendable {
    case start(Transfer)
    case cancel(Transfer)
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
