/// curl's multi handle on one thread, which is also the executor of tasks that prefer it.
///
/// Memory: some 20 KiB for a connection, curl's receive buffer of 256 KiB for each that is busy, and the callers' buffers. Descriptors:
/// one for a connection and two for the loop. Proxies are taken from the environment as curl does (libcurl-env(3)).
///
/// A loop that is dropped ends by itself; `shutDown` also waits for that.
public final class TransferLoop: Sendable {
    /// The limits that it was made with.
    public let limits: TransferLimits
    private let loop: LoopExecutor
    private let actor: TransferActor
    private let thread: LoopThread

    /// Starts the thread. Throws `.other` when the system gives no thread or descriptor, or curl was built without what is needed.
    public init(limits: TransferLimits = .init()) throws(TransferError) {
        precondition(limits.connectionCountMax > 0, "a transfer loop needs at least one connection")
        self.limits = limits
        guard let multi = MultiHandle(connectionCountMax: limits.connectionCountMax), EasySlot(limits: limits) != nil
        else {
            throw TransferError(
                code: .other, message: "libcurl could not be set up; it must be 7.85 or newer, with TLS", authority: "")
        }
        loop = LoopExecutor(multi: multi)
        actor = TransferActor(executor: loop, multi: multi, limits: limits)
        guard let thread = LoopThread(running: loop, for: actor) else {
            throw TransferError(
                code: .other, message: "the system refused a thread for the transfer loop", authority: "")
        }
        self.thread = thread
    }

    deinit { _ = loop.post([.stop]) }

    /// Tasks that prefer this executor run on the loop's thread: between their requests lies no thread hop, so that a
    /// finished transfer's task starts the next transfer in the same turn of the loop. They must not compute for long: while they do,
    /// no byte is received.
    public var executor: any TaskExecutor { loop }

    /// Sends `request`; appends the body of a 2xx answer to `body`. On error `body` holds what arrived before it.
    ///
    /// The body costs one copy, out of curl's buffer. Since its room is reserved before the request is sent, such a transfer never has
    /// to pause; see `stream` for a body whose size is not known. Waits behind earlier transfers while `connectionCountMax` are under
    /// way. Cancelling the task ends the transfer, with `.cancelled`.
    public func perform(_ request: HTTPRequest, into body: OwnedBuffer) async throws(TransferError) -> HTTPResponse {
        try await result(of: Transfer(request, into: .buffer(body))).get()
    }

    /// Sends several requests, each with its own buffer, and returns when all have ended: their results, in the order of the requests.
    ///
    /// For callers on other threads: the whole group costs one wake-up of the loop and one of the caller, where `perform` costs them for
    /// each request. Cancelling the task ends all that have not ended.
    public func perform(_ requests: [(request: HTTPRequest, body: OwnedBuffer)]) async -> [Result<
        HTTPResponse, TransferError
    >] {
        guard !requests.isEmpty else { return [] }
        let transfers = requests.map { Transfer($0.request, into: .buffer($0.body)) }
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let group = TransferGroup(count: transfers.count, continuation: continuation)
                let starts = transfers.enumerated().map { index, transfer in
                    TransferCommand.start(transfer, .member(group, index: index))
                }
                guard !loop.post(starts) else { return }
                for (index, transfer) in transfers.enumerated() {
                    group.complete(index, .failure(.shutDown(transfer.request)))
                }
            }
        } onCancel: {
            _ = loop.post(transfers.lazy.map { .cancel($0) })
        }
    }

    /// Sends `request` and returns when the head of its answer is there; the body follows as segments from `pool`.
    ///
    /// The first segment is reserved before the request is sent, which may wait for the pool. `segmentByteCount` is 16 KiB or more, and
    /// `pool` must be able to hold it; two segments for each stream keep it flowing.
    public func stream(
        _ request: HTTPRequest, pool: BufferPool, segmentByteCount: Int
    ) async throws(TransferError) -> HTTPBodyStream {
        precondition(
            segmentByteCount >= TransferLimits.writeByteCountMax,
            "a segment of \(segmentByteCount) bytes is smaller than what curl delivers at once, \(TransferLimits.writeByteCountMax)"
        )
        let sink: StreamSink
        do {
            sink = StreamSink(pool: pool, first: try await pool.buffer(byteCount: segmentByteCount))
        } catch {
            throw .cancelled(request)
        }
        let transfer = Transfer(request, into: .stream(sink))
        let source = HTTPBodyStreamSource(transfer, sink, on: loop)
        return HTTPBodyStream(response: try await result(of: transfer).get(), source: source)
    }

    /// Ends every transfer with `.shutDown` and the thread. Returns when both are gone. Later transfers end with `.shutDown` at once.
    public func shutDown() async {
        _ = loop.post([.stop])
        await thread.join()
    }

    private func result(of transfer: Transfer) async -> TransferResult {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                start(transfer, .single(continuation))
            }
        } onCancel: {
            cancel(transfer)
        }
    }

    /// Without a detour over the inbox when the caller runs on the loop's thread.
    private func start(_ transfer: Transfer, _ completion: Transfer.Completion) {
        if loop.isOnThread {
            actor.assumeIsolated { $0.start(transfer, completion) }
        } else if !loop.post(CollectionOfOne(.start(transfer, completion))) {
            completion.resume(.failure(.shutDown(transfer.request)))
        }
    }

    /// Always over the inbox: a cancellation may come from anywhere, also from within the actor's own turn.
    private func cancel(_ transfer: Transfer) { _ = loop.post(CollectionOfOne(.cancel(transfer))) }
}
