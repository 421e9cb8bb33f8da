import Synchronization

/// What a stream and its iterator hold in common. When both are gone, so is the transfer.
final class HTTPBodyStreamSource: Sendable {
    private let transfer: Transfer
    private let sink: StreamSink
    private let loop: LoopExecutor
    private let isClaimed = Atomic(false)

    init(_ transfer: Transfer, _ sink: StreamSink, on loop: LoopExecutor) {
        self.transfer = transfer
        self.sink = sink
        self.loop = loop
    }

    deinit { _ = loop.post(CollectionOfOne(.cancel(transfer))) }

    func claim() {
        let wasClaimed = isClaimed.exchange(true, ordering: .relaxed)
        precondition(!wasClaimed, "the body of an answer can be iterated once")
    }

    func next() async throws(TransferError) -> OwnedBuffer? {
        let result: Result<OwnedBuffer?, TransferError> = await withTaskCancellationHandler {
            do throws(TransferError) { return .success(try await sink.next()) } catch { return .failure(error) }
        } onCancel: {
            _ = loop.post(CollectionOfOne(.cancel(transfer)))
        }
        let segment = try result.get()
        // There is room for another one now.
        if segment != nil { _ = loop.post(CollectionOfOne(.serve(transfer))) }
        return segment
    }
}
