import Synchronization

/// The tokens that a client's retries cost. Where they are used up, failures are told without a retry, until answers
/// have given tokens back: retries help against failures that are few, and make those worse that are many.
final class RetryQuota: Sendable {
    /// What one retry costs.
    struct Price: Equatable {
        fileprivate let tokenCount: Int
        /// After throttling.
        static let throttled = Price(tokenCount: 5)
        /// After every other failure.
        static let failed = Price(tokenCount: 14)
    }

    private let tokenCountMax: Int
    private let tokenCount: Atomic<Int>

    init(tokenCount: Int) {
        tokenCountMax = tokenCount
        self.tokenCount = Atomic(tokenCount)
    }

    /// Pays for a retry; false where there are too few tokens for it.
    func pay(_ price: Price) -> Bool {
        var now = tokenCount.load(ordering: .relaxed)
        while now >= price.tokenCount {
            let (exchanged, original) = tokenCount.weakCompareExchange(
                expected: now, desired: now - price.tokenCount, ordering: .relaxed)
            if exchanged { return true }
            now = original
        }
        return false
    }

    /// A request was answered: gives back what its last retry cost, or one token where it took none.
    func succeeded(after last: Price?) {
        var now = tokenCount.load(ordering: .relaxed)
        while now < tokenCountMax {
            let (exchanged, original) = tokenCount.weakCompareExchange(
                expected: now, desired: now + min(tokenCountMax - now, last?.tokenCount ?? 1), ordering: .relaxed)
            if exchanged { return }
            now = original
        }
    }
}
