import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The processor time of one thread, to be read by any other: `pthread_getcpuclockid(3)`, on Darwin `thread_info`.
///
/// The thread itself says when it begins and when it ends; what it took stays readable then.
public final class ThreadClock: Sendable {
    private enum State: Sendable {
        case notBegun
        #if canImport(Darwin)
            case running(thread_inspect_t)
        #else
            case running(clockid_t)
        #endif
        case ended(seconds: Double)
    }
    private let state = Mutex(State.notBegun)

    /// A clock of a thread that has yet to begin; it stands at 0.
    public init() {}

    /// By the thread, before anything else.
    public func begin() {
        #if canImport(Darwin)
            state.withLock { $0 = .running(pthread_mach_thread_np(pthread_self())) }
        #else
            var clock = clockid_t()
            guard pthread_getcpuclockid(pthread_self(), &clock) == 0 else { return }
            state.withLock { $0 = .running(clock) }
        #endif
    }

    /// By the thread, as its last act: its id may be another thread's afterwards.
    public func end() { state.withLock { $0 = .ended(seconds: Self.seconds($0)) } }

    /// User and system time that the thread has taken so far, in seconds.
    public var seconds: Double { state.withLock { Self.seconds($0) } }

    private static func seconds(_ state: State) -> Double {
        switch state {
        case .notBegun: return 0
        case .ended(let seconds): return seconds
        case .running(let thread):
            #if canImport(Darwin)
                var info = thread_basic_info()
                var count = mach_msg_type_number_t(MemoryLayout<thread_basic_info>.size / MemoryLayout<natural_t>.size)
                let result = withUnsafeMutablePointer(to: &info) {
                    $0.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                        thread_info(thread, thread_flavor_t(THREAD_BASIC_INFO), $0, &count)
                    }
                }
                guard result == KERN_SUCCESS else { return 0 }
                func seconds(_ time: time_value_t) -> Double {
                    Double(time.seconds) + Double(time.microseconds) / 1e6
                }
                return seconds(info.user_time) + seconds(info.system_time)
            #else
                var time = timespec()
                guard clock_gettime(thread, &time) == 0 else { return 0 }
                return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
            #endif
        }
    }
}
