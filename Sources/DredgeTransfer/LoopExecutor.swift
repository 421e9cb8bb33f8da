import Dispatch
import DredgeBase
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One thread that runs jobs and curl in turns: the home of `TransferActor`, and the executor of tasks that prefer it.
///
/// A turn runs what has arrived, lets curl work, and sleeps in curl when there is nothing left. Jobs that the turn
/// itself causes, by resuming the tasks of finished transfers, are run before the next sleep and without waking
/// anybody: that is what makes a request cheap for a task that prefers this executor.
final class LoopExecutor: SerialExecutor, TaskExecutor {
    /// Of the loop's thread.
    let clock = ThreadClock()
    private let multi: MultiHandle
    private let inbox = Mutex(Inbox())
    /// The loop thread's identity, 0 before it runs. Atomic, since others compare themselves with it while it starts.
    private let threadID = Atomic<UInt>(0)
    /// Runs the jobs of tasks that still prefer this executor when its thread is gone: a task must be able to see
    /// `.shutDown` and end.
    private let lateQueue = DispatchQueue(label: "dredge.transfer.late")

    private struct Inbox {
        var jobs: [UnownedJob] = []
        var commands: [TransferCommand] = []
        var isSleeping = false
        var hasEnded = false
    }

    init(multi: MultiHandle) { self.multi = multi }

    // MARK: From any thread

    var isOnThread: Bool { threadID.load(ordering: .relaxed) == currentThreadID() }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isLate = inbox.withLock { inbox in
            guard !inbox.hasEnded else { return true }
            inbox.jobs.append(job)
            wakeIfSleeping(&inbox)
            return false
        }
        if isLate { lateQueue.async { self.run(job) } }
    }

    /// Hands a command to the actor, which obeys commands in the order in which they come. False when the thread has
    /// ended, and it never will.
    func post(_ command: TransferCommand) -> Bool {
        inbox.withLock { inbox in
            guard !inbox.hasEnded else { return false }
            inbox.commands.append(command)
            wakeIfSleeping(&inbox)
            return true
        }
    }

    /// One wake-up for each sleep, however many come. Under the lock, because the multi handle is certain to be there
    /// only while the thread has not ended. The thread itself never sleeps here.
    private func wakeIfSleeping(_ inbox: inout Inbox) {
        guard inbox.isSleeping else { return }
        inbox.isSleeping = false
        multi.wakeUp()
    }

    // MARK: For the concurrency runtime

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    func checkIsolated() {
        precondition(isOnThread, "the state of the transfer loop was used outside of its thread")
    }

    func isIsolatingCurrentContext() -> Bool? { isOnThread }

    private func run(_ job: UnownedJob) {
        job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    }

    // MARK: On the thread

    /// The thread's whole life. Returns once the actor was told to stop and no job is left.
    func run(_ actor: TransferActor) {
        threadID.store(currentThreadID(), ordering: .relaxed)
        clock.begin()
        defer { clock.end() }
        blockBrokenPipeSignal()
        nameThread()
        var jobs: [UnownedJob] = []
        var commands: [TransferCommand] = []
        while true {
            // The arrays change places, so that both keep their storage from turn to turn.
            inbox.withLock { inbox in
                inbox.isSleeping = false
                swap(&inbox.jobs, &jobs)
                swap(&inbox.commands, &commands)
            }
            if !commands.isEmpty {
                actor.assumeIsolated { $0.obey(commands) }
                commands.removeAll(keepingCapacity: true)
            }
            for job in jobs { run(job) }
            jobs.removeAll(keepingCapacity: true)
            let sleepMax = actor.assumeIsolated { $0.turn() }
            switch next(isStopping: sleepMax == nil) {
            case .turn: continue
            case .sleep: multi.poll(sleepMax ?? .zero)
            case .end:
                actor.assumeIsolated { $0.tearDown() }
                threadID.store(0, ordering: .relaxed)
                return
            }
        }
    }

    private enum Step { case turn, sleep, end }

    private func next(isStopping: Bool) -> Step {
        inbox.withLock { inbox in
            guard inbox.jobs.isEmpty && inbox.commands.isEmpty else { return .turn }
            inbox.hasEnded = isStopping
            inbox.isSleeping = !isStopping
            return isStopping ? .end : .sleep
        }
    }

    /// OpenSSL writes to sockets with write(2), which raises SIGPIPE when the other side is gone, and with
    /// CURLOPT_NOSIGNAL curl leaves that to us. Blocked in this thread, the write fails with EPIPE, which curl reports.
    private func blockBrokenPipeSignal() {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }
}

/// Names the calling thread for debuggers and `top -H`. On Linux through proc(5), since Swift does not see the GNU
/// function for it.
private func nameThread() {
    #if canImport(Darwin)
        pthread_setname_np("dredge-transfer")
    #else
        if let file = fopen("/proc/thread-self/comm", "w") {
            fputs("dredge-transfer", file)
            fclose(file)
        }
    #endif
}

/// The calling thread as a number that is not 0.
private func currentThreadID() -> UInt {
    #if canImport(Darwin)
        UInt(bitPattern: pthread_self())
    #else
        UInt(pthread_self())
    #endif
}
