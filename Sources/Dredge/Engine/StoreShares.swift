import DredgeLedger
import Synchronization

/// The memory of the stores of all runs: each has the same part.
final class StoreShares: Sendable {
    private let byteCount: Int
    private let sinks = Mutex<[any ChunkSink]>([])

    /// - Parameter byteCount: for all of them together.
    init(byteCount: Int) { self.byteCount = byteCount }

    /// A run that writes to `sink` begins.
    func add(_ sink: any ChunkSink) {
        sinks.withLock { sinks in
            sinks.append(sink)
            share(among: sinks)
        }
    }

    /// It has ended.
    func remove(_ sink: any ChunkSink) {
        sinks.withLock { sinks in
            guard let index = sinks.firstIndex(where: { $0 === sink }) else { return }
            sinks.remove(at: index)
            share(among: sinks)
        }
    }

    private func share(among sinks: [any ChunkSink]) {
        for sink in sinks { sink.takeAtMost(memoryByteCount: byteCount / sinks.count) }
    }
}
