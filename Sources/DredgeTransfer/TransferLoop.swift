import DredgeBase

/// curl's multi handle on one thread, which is also the executor of tasks that prefer it.
///
/// Memory: some 20 KiB for a connection, curl's receive buffer of 256 KiB for each that is busy, and the callers'
/// buffers. Descriptors: one for a connection and two for the loop. Proxies are those of its limits.
///
/// A loop that is dropped ends by itself; `shutDown` also waits for that.
public final class TransferLoop: Sendable {
    /// The limits that it was made with.
    public let limits: TransferLimits
    private let loop: LoopExecutor
    private let actor: TransferActor
    private let thread: LoopThread

    /// Starts the thread. Throws `.other` when the system gives no thread or descriptor, or curl was built without what
    /// is needed.
    public init(limits: TransferLimits = .init()) throws(TransferError) {
        limits.check()
        self.limits = limits
        guard let multi = MultiHandle(connectionCountMax: limits.connectionCountMax), EasySlot(limits: limits) != nil
        else {
            throw TransferError(
                code: .other, message: "libcurl could not be set up; it must be 7.87 or newer, with TLS", authority: "")
        }
        loop = LoopExecutor(multi: multi)
        actor = TransferActor(executor: loop, multi: multi, limits: limits)
        guard let thread = LoopThread(running: loop, for: actor) else {
            throw TransferError(
                code: .other, message: "the system refused a thread for the transfer loop", authority: "")
        }
        self.thread = thread
    }

    deinit { _ = loop.post(.stop) }

    /// Tasks that prefer this executor run on the loop's thread: between their requests lies no thread hop, so that a
    /// finished transfer's task starts the next transfer in the same turn of the loop. They must not compute for long:
    /// while they do, no byte is received.
    public var executor: any TaskExecutor { loop }

    /// Processor time that the loop's thread has taken so far, in seconds.
    public var processorSeconds: Double { loop.clock.seconds }

    /// Sends `request`; appends the body of a 2xx answer to `body`. On error `body` holds what arrived before it.
    ///
    /// The body costs one copy, out of curl's buffer. Its room is reserved before the request is sent, so that a
    /// transfer never has to pause. Waits behind earlier transfers while `connectionCountMax` are under
    /// way. Cancelling the task ends the transfer, with `.cancelled`.
    public func perform(_ request: HTTPRequest, into body: OwnedBuffer) async throws(TransferError) -> HTTPResponse {
        let transfer = Transfer(request, into: body)
        return try await withTaskCancellationHandler {
            await withUnsafeContinuation { start(transfer, $0) }
        } onCancel: {
            // Over the inbox always: a cancellation may come from anywhere, also from within the actor's own turn.
            _ = loop.post(.cancel(transfer))
        }.get()
    }

    /// The transfers that are under way to URLs that begin with `prefix`; nil: none is. Looks at each connection: for
    /// who asks now and then, and costs the transfers nothing.
    public func openTransfers(under prefix: String) async -> OpenTransfers? {
        await actor.openTransfers(under: prefix)
    }

    /// Ends every transfer with `.shutDown` and the thread. Returns when both are gone. Later transfers end with
    /// `.shutDown` at once.
    public func shutDown() async {
        _ = loop.post(.stop)
        await thread.join()
    }

    /// Without a detour over the inbox when the caller runs on the loop's thread.
    private func start(_ transfer: Transfer, _ completion: Transfer.Completion) {
        if loop.isOnThread {
            actor.assumeIsolated { $0.start(transfer, completion) }
        } else if !loop.post(.start(transfer, completion)) {
            completion.resume(returning: .failure(.shutDown(transfer.request)))
        }
    }
}
