import CCurl

extension TransferActor {
    /// Moves a stream on after curl has run, or its consumer or the pool has made room: hands over the head and the filled segment, finds
    /// room for the next one, and resumes curl when there is some.
    func serve(_ transfer: Transfer) {
        guard case .running(let slot) = transfer.state, case .stream(let sink)? = transfer.sink else { return }
        if slot.answer.isHeadComplete, let response = slot.successResponse { transfer.complete(.success(response)) }
        guard sink.isPaused else { return }
        if sink.filling.map({ $0.count > 0 }) ?? false { sink.deliverFilled() }
        if sink.filling == nil, sink.mayHoldAnother { sink.filling = room(for: transfer, sink) }
        guard sink.filling != nil else { return }
        sink.isPaused = false
        // curl delivers what it held back from within this call, and the callback may pause again.
        curl_easy_pause(slot.easy, CURLPAUSE_CONT)
    }

    /// Takes the buffer that a stream waited for; when the stream has ended meanwhile, dropping it sends it home.
    func accept(_ room: OwnedBuffer?, for transfer: Transfer) {
        guard case .running = transfer.state, case .stream(let sink)? = transfer.sink else { return }
        sink.roomRequest = nil
        if let room, sink.filling == nil { sink.filling = room }
        serve(transfer)
    }

    /// A segment if the pool has one now. Else it comes by a command, when those who asked the pool before have got theirs.
    private func room(for transfer: Transfer, _ sink: StreamSink) -> OwnedBuffer? {
        guard sink.roomRequest == nil else { return nil }
        if let segment = sink.pool.bufferIfFree(byteCount: sink.segmentByteCount) { return segment }
        sink.roomRequest = Task { [executor] in
            let segment = try? await sink.pool.buffer(byteCount: sink.segmentByteCount)
            _ = executor.post(CollectionOfOne(.room(transfer, segment)))
        }
        return nil
    }
}
