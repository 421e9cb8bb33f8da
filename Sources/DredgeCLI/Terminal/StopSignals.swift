import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Ctrl-C and SIGTERM while a run is going on: the first asks for a clean stop, the second ends the process at once.
///
/// Unchecked, because Dispatch's sources are not marked Sendable, though their methods may be called from any thread;
/// the array never changes.
final class StopSignals: @unchecked Sendable {
    private let sources: [any DispatchSourceSignal]

    /// - Parameter stop: called once, on a queue of its own.
    init(_ stop: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "dredge.signals")
        let count = SignalCount()
        sources = [SIGINT, SIGTERM].map { number in
            // Dispatch also sees signals that are ignored. The default action would end the process first.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                // Dispatch folds signals that come together into one event with their number.
                if count.add(Int(source.data)) {
                    stop()
                } else {
                    // What is committed to the store stays: its database recovers by its own log.
                    _exit(ExitStatus.interrupted.rawValue)
                }
            }
            source.resume()
            return source
        }
    }

    /// Gives the signals back their default action.
    func cancel() {
        for source in sources { source.cancel() }
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
    }

    private final class SignalCount: Sendable {
        private let count = Mutex(0)
        /// Whether these signals are the first, and only one.
        func add(_ signals: Int) -> Bool {
            count.withLock {
                $0 += max(1, signals)
                return $0 == 1
            }
        }
    }
}
