import DredgeTransfer
import Synchronization

/// Bounds the memory of the listings of all clients that share it.
package protocol ListRoom: Sendable {
    /// Waits for room of `byteCount` bytes, which is held until the returned value goes.
    func take(_ byteCount: Int) async throws(CancellationError) -> any AnyObject & Sendable
}

/// The buffers that one client's pages of listings are received in.
///
/// How long a page is nobody knows before it is there. So the first buffer is small, and a page that doesn't fit is
/// asked for again with a larger one. The next pages get a buffer somewhat larger than the last one needed. A request
/// that fails makes it small again: whoever gets no answer holds little of the room that all share.
final class ListBuffers: Sendable {
    private let pool: BufferPool
    private let room: (any ListRoom)?
    private let byteCountMax: Int
    private let byteCount: Mutex<Int>

    init(_ limits: S3Limits, room: (any ListRoom)?) {
        self.room = room
        byteCountMax = limits.listAnswerByteCountMax
        byteCount = Mutex(min(S3Limits.listAnswerByteCountAtFirst, byteCountMax))
        // Only what is written to takes memory.
        pool = BufferPool(byteLimit: byteCountMax * limits.listCountInFlightMax, faultsInPages: false)
    }

    /// A buffer for a page, with room for it and for what is read of it.
    func buffer() async throws(CancellationError) -> OwnedBuffer {
        let byteCount = self.byteCount.withLock { $0 }
        let place = try await room?.take(S3Limits.listByteCount(forAnswer: byteCount))
        return try await pool.buffer(byteCount: byteCount, lease: place)
    }

    /// A page came, with an answer of so many bytes.
    func received(_ count: Int) {
        let step = S3Limits.listAnswerByteCountAtFirst
        // With room for keys that are a quarter longer.
        let wanted = (count / 4 * 5 + step - 1) / step * step
        byteCount.withLock { $0 = min(max(wanted, step), byteCountMax) }
    }

    /// An attempt failed that had a buffer of these. Whether the next one is to follow at once, with a larger one.
    func failed(_ failure: AttemptFailure) -> Bool {
        byteCount.withLock { byteCount in
            guard case .transfer(let error) = failure, error.code == .bodyTooLarge, byteCount < byteCountMax else {
                byteCount = min(S3Limits.listAnswerByteCountAtFirst, byteCountMax)
                return false
            }
            byteCount = min(byteCount * S3Limits.listAnswerGrowth, byteCountMax)
            return true
        }
    }
}
