/// How many requests of a bucket may be in flight at the same time, decided from how they end. A value without a clock,
/// so that each rule can be tested by itself.
///
/// - It rises while that brings more: where requests had to wait for one another for a while, twice as many are let in,
///   and stay when the throughput rises by a good part of that. Else the number goes back, and the next trial comes
///   later, each time twice as much later. So requests that take long are made up for by their number, up to the limit,
///   and a machine or network that gives all it has is left alone.
/// - It halves when the service throttles, and rises by one for each round of answers then, up to what it was (the rule
///   of TCP, which S3's guide asks for: "reduce the request rate on 503 SlowDown").
/// - It falls by an eighth when requests fail on the service's side.
struct RequestPace: Sendable {
    /// The most that may be in flight.
    private(set) var limit: Int
    private let limitMin: Int
    private let limitMax: Int

    /// What the answers since `windowStart` came to.
    private var windowStart: ContinuousClock.Instant
    private var windowAnswerCount = 0
    private var windowWeight = 0
    private var isWindowFull = false

    private var trial: Trial?
    /// No trial before then.
    private var restsUntil: ContinuousClock.Instant
    /// How long the next trial waits if this one brings nothing.
    private var rest = Self.restMin
    private var lastCut: ContinuousClock.Instant?
    private var limitBeforeCut = 0
    private var answersSinceRaise = 0

    /// More requests than before, to see what comes of it.
    private struct Trial: Sendable {
        var limitBefore: Int
        var rateBefore: Double
        /// The window in which the new requests begin says nothing yet.
        var isSettling = true
    }

    /// Starts with `limit` requests, if `limits` allow it.
    init(limit: Int, limits: ClosedRange<Int>, now: ContinuousClock.Instant) {
        limitMin = limits.lowerBound
        limitMax = limits.upperBound
        self.limit = min(max(limit, limitMin), limitMax)
        windowStart = now
        restsUntil = now
    }

    /// A request was answered with `byteCount` bytes. `isFull`: others wait because of the limit.
    mutating func answered(byteCount: Int, isFull: Bool, now: ContinuousClock.Instant) {
        windowAnswerCount += 1
        windowWeight += byteCount + Self.requestWeight
        isWindowFull = isWindowFull || isFull
        if let lastCut {
            answersSinceRaise += 1
            if answersSinceRaise >= limit, limit < limitBeforeCut { setLimit(limit + 1) }
            if now - lastCut < Self.cutMemory { return beginWindow(now) }
            self.lastCut = nil
        }
        guard windowAnswerCount >= limit, now - windowStart >= Self.windowMin else { return }
        endWindow(now)
    }

    /// The service asked for fewer requests.
    mutating func throttled(now: ContinuousClock.Instant) { cut(to: limit / 2, now) }

    /// A request failed on the service's side, or on the way to it.
    mutating func failed(now: ContinuousClock.Instant) { cut(to: limit - max(1, limit / 8), now) }

    private mutating func cut(to limit: Int, _ now: ContinuousClock.Instant) {
        // One burst of failures is one sign, not a hundred.
        if let lastCut, now - lastCut < Self.cutInterval { return }
        limitBeforeCut = lastCut == nil ? self.limit : max(limitBeforeCut, self.limit)
        lastCut = now
        trial = nil
        setLimit(limit)
        beginWindow(now)
    }

    private mutating func endWindow(_ now: ContinuousClock.Instant) {
        let rate = Double(windowWeight) / ((now - windowStart) / .seconds(1))
        let isFull = isWindowFull
        beginWindow(now)
        if var trial {
            if trial.isSettling {
                trial.isSettling = false
                self.trial = trial
                return
            }
            self.trial = nil
            let gain = Double(limit - trial.limitBefore) / Double(trial.limitBefore)
            guard rate > trial.rateBefore * (1 + Self.gainMin * gain) else {
                setLimit(trial.limitBefore)
                restsUntil = now + rest
                rest = min(rest * 2, Self.restMax)
                return
            }
            rest = Self.restMin
        }
        guard isFull, limit < limitMax, now >= restsUntil else { return }
        trial = Trial(limitBefore: limit, rateBefore: rate)
        setLimit(2 * limit)
    }

    private mutating func beginWindow(_ now: ContinuousClock.Instant) {
        windowStart = now
        windowAnswerCount = 0
        windowWeight = 0
        isWindowFull = false
    }

    private mutating func setLimit(_ limit: Int) {
        self.limit = min(max(limit, limitMin), limitMax)
        answersSinceRaise = 0
    }

    /// What an answer weighs beside its bytes: small objects count by their number.
    private static let requestWeight = 16 << 10
    /// A window has at least as many answers as may be in flight, and this time.
    private static let windowMin: Duration = .milliseconds(250)
    /// The part of the added requests by which throughput must rise.
    private static let gainMin = 0.3
    /// Time between the first trial that brought nothing and the next one: short, since a busy moment may have hidden
    /// what it brought.
    private static let restMin: Duration = .seconds(1)
    /// The most time between two trials.
    private static let restMax: Duration = .seconds(32)
    private static let cutInterval: Duration = .seconds(1)
    /// How long after a cut the number rises by ones only.
    private static let cutMemory: Duration = .seconds(60)
}
