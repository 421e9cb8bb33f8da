import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The thread of a `LoopExecutor`, from its start to its join.
final class LoopThread: Sendable {
    private let state: Mutex<State>

    private enum State {
        case running(ThreadHandle)
        case joining([UnsafeContinuation<Void, Never>])
        case joined
    }

    /// Nil when the system refuses a thread.
    init?(running executor: LoopExecutor, for actor: TransferActor) {
        let main = Unmanaged.passRetained(ThreadMain { executor.run(actor) })
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let status = pthread_create(&thread, nil, runThreadMain, main.toOpaque())
        guard status == 0 else {
            main.release()
            return nil
        }
        state = Mutex(.running(ThreadHandle(thread: thread)))
    }

    /// A thread that nobody waits for frees itself when it ends.
    deinit {
        if case .running(let handle) = state.withLock({ $0 }) { handle.detach() }
    }

    /// Waits until the thread, which was told to stop, is gone. Any number of tasks may wait. The join itself waits on
    /// another thread: it would block one of the few that tasks run on.
    func join() async {
        await withUnsafeContinuation { continuation in
            let handleToJoin: ThreadHandle? = state.withLock { state in
                switch state {
                case .running(let handle):
                    state = .joining([continuation])
                    return handle
                case .joining(let continuations):
                    state = .joining(continuations + [continuation])
                case .joined:
                    continuation.resume()
                }
                return nil
            }
            guard let handleToJoin else { return }
            DispatchQueue.global().async {
                handleToJoin.join()
                let waiting: [UnsafeContinuation<Void, Never>] = self.state.withLock { state in
                    guard case .joining(let continuations) = state else { return [] }
                    state = .joined
                    return continuations
                }
                for continuation in waiting { continuation.resume() }
            }
        }
    }
}

#if canImport(Darwin)
    private typealias ThreadID = pthread_t?
#else
    private typealias ThreadID = pthread_t
#endif

/// The right to join or detach one thread, once.
private struct ThreadHandle: @unchecked Sendable {  // a name of a thread: POSIX lets any thread join any other
    let thread: ThreadID

    func join() {
        #if canImport(Darwin)
            if let thread { pthread_join(thread, nil) }
        #else
            pthread_join(thread, nil)
        #endif
    }

    func detach() {
        #if canImport(Darwin)
            if let thread { pthread_detach(thread) }
        #else
            pthread_detach(thread)
        #endif
    }
}

/// What pthread_create's one pointer leads to.
private final class ThreadMain: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

#if canImport(Darwin)
    private func runThreadMain(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<ThreadMain>.fromOpaque(context).takeRetainedValue().body()
        return nil
    }
#else
    private func runThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let context { Unmanaged<ThreadMain>.fromOpaque(context).takeRetainedValue().body() }
        return nil
    }
#endif
