import Synchronization

/// How much of the memory is read into before it is worked on: what keeps the workers busy, and no more. A service that
/// is faster than the workers would else fill the whole budget, with memory that is cold when its turn comes.
///
/// It begins with what two parts for each worker take, and never has less than two parts of each run under way: a
/// part of large chunks has room for text before it, and may be larger than all that. It doubles when a worker finds
/// nothing that has arrived while somebody waits for room: then more room would have brought more. It shrinks by an
/// eighth when so many bytes went through it that sixteen times its size have, and no worker had to wait.
final class ReadAhead: Sendable {
    private struct Window: Sendable {
        var byteCount: Int
        /// Bytes that were taken since its size was changed, or a worker waited.
        var takenByteCount = 0
        /// Room beside it, for what is no read-ahead.
        var reservedByteCount = 0
        /// What runs that are under way need at the least, and how many need so much.
        var needs: [Int: Int] = [:]
    }
    private let window: Mutex<Window>
    private let bytes: Capacity
    private let limits: ClosedRange<Int>

    /// The read-ahead of `bytes`, which it makes smaller, and larger again.
    /// - Parameter least: bytes to begin with, which it never falls below.
    init(of bytes: Capacity, least: Int) {
        self.bytes = bytes
        limits = min(least, bytes.amount)...bytes.amount
        window = Mutex(Window(byteCount: limits.lowerBound))
        bytes.setAmount(limits.lowerBound)
    }

    /// Bytes that may be read into now.
    var byteCount: Int { window.withLock { $0.byteCount } }

    /// Somebody got room for so many bytes.
    func taken(_ byteCount: Int) {
        window.withLock { window in
            window.takenByteCount += byteCount
            guard window.takenByteCount >= Self.turnCountOfShrinking * window.byteCount else { return }
            setByteCount(window.byteCount - window.byteCount / 8, of: &window)
        }
    }

    /// A worker finds nothing that has arrived.
    func starved() {
        window.withLock { window in
            // What was made larger last must have been filled once, and its filling have been worked on.
            guard window.takenByteCount >= Self.turnCountOfGrowth * window.byteCount, bytes.isWaitedFor else {
                if window.takenByteCount > Self.turnCountOfGrowth * window.byteCount {
                    window.takenByteCount = Self.turnCountOfGrowth * window.byteCount
                }
                return
            }
            setByteCount(window.byteCount * 2, of: &window)
        }
    }

    /// Makes room for so many bytes more beside the read-ahead (fewer, where they are negative).
    func reserve(_ byteCount: Int) {
        window.withLock { window in
            window.reservedByteCount += byteCount
            apply(window)
        }
    }

    /// A run begins that can't go on with less.
    func need(_ byteCount: Int) {
        window.withLock { window in
            window.needs[byteCount, default: 0] += 1
            if window.byteCount < byteCount { setByteCount(byteCount, of: &window) }
        }
    }

    /// It has ended.
    func needNoMore(_ byteCount: Int) {
        window.withLock { window in
            let left = window.needs[byteCount, default: 1] - 1
            window.needs[byteCount] = left > 0 ? left : nil
        }
    }

    private func setByteCount(_ byteCount: Int, of window: inout Window) {
        let least = max(limits.lowerBound, window.needs.keys.max() ?? 0)
        window.byteCount = min(max(byteCount, least), limits.upperBound)
        window.takenByteCount = 0
        apply(window)
    }

    /// Under the lock, so that two changes don't cross.
    private func apply(_ window: borrowing Window) {
        bytes.setAmount(min(window.byteCount + window.reservedByteCount, limits.upperBound))
    }

    private static let turnCountOfGrowth = 2
    private static let turnCountOfShrinking = 16
}
