/// The answer to a streamed request: its head, and its body as segments that arrive while they are consumed.
///
/// Segments are `segmentByteCount` bytes or up to 16 KiB less, the last one as long as what is left; together they are the body, in
/// order. At most two are held that the consumer has not taken. While they are, or while the pool has no room, the transfer pauses, and
/// TCP makes the server wait. A segment goes back to its pool when the consumer drops it.
///
/// Single pass: a second iterator traps. Dropping the sequence and its iterator ends the transfer, and so does cancelling the task that
/// iterates. Bytes that came before an error are delivered before the error is thrown.
public struct HTTPBodyStream: AsyncSequence, Sendable {
    /// The head, and the body of an answer that is not 2xx; the sequence of such an answer is empty.
    public let response: HTTPResponse
    private let source: HTTPBodyStreamSource

    init(response: HTTPResponse, source: HTTPBodyStreamSource) {
        self.response = response
        self.source = source
    }

    /// The one iterator that there may be.
    public func makeAsyncIterator() -> Iterator {
        source.claim()
        return Iterator(source: source)
    }

    /// Takes segments out of the stream.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let source: HTTPBodyStreamSource

        /// The next segment, nil at the end of the body.
        public func next() async throws(TransferError) -> OwnedBuffer? { try await source.next() }

        /// The next segment, nil at the end of the body.
        public func next(isolation actor: isolated (any Actor)?) async throws(TransferError) -> OwnedBuffer? {
            try await source.next()
        }
    }
}
