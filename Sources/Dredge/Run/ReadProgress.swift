import Synchronization

/// How far the read of one object of several parts is, in bytes of the object as it was listed: each is counted once,
/// however often the object is read, and all of them when it is dealt with.
final class ReadProgress: Sendable {
    private let byteCount: UInt64
    private let counted = Mutex<UInt64>(0)

    /// Of an object that was listed with `byteCount` bytes.
    init(byteCount: UInt64) { self.byteCount = byteCount }

    /// The bytes below `end` are done: how many of them nobody has counted yet.
    func advance(to end: UInt64) -> UInt64 {
        counted.withLock { counted in
            let end = min(end, byteCount)
            guard end > counted else { return 0 }
            defer { counted = end }
            return end - counted
        }
    }

    /// The read begins anew another time: how many bytes were counted, which no longer count.
    func takeBack() -> UInt64 {
        counted.withLock { counted in
            // What workers still have in hand counts no more.
            defer { counted = .max }
            return counted
        }
    }

    /// Nothing more will be done: how many bytes nobody has counted yet.
    func end() -> UInt64 { advance(to: byteCount) }
}
