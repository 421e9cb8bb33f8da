import CCurl
import DredgeBase

/// Owns curl: the multi handle, the easy handles and the transfers that wait for one. Lives on the loop's thread.
///
/// Its methods are called by the loop, in turns. Nothing waits in it, so that all of them run to their end.
actor TransferActor {
    nonisolated let executor: LoopExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let multi: MultiHandle
    private let limits: TransferLimits
    private let connectionCountMax: Int
    private var slots: [EasySlot] = []
    private var freeSlots: [EasySlot] = []
    private var waiting = FIFO<Transfer>()
    /// Transfers that ended in this turn. Their tasks are resumed together at its end, when curl's state is settled.
    private var ended: [(transfer: Transfer, result: TransferResult)] = []
    private var isStopping = false
    private var stallsLookedForAt = ContinuousClock.now

    init(executor: LoopExecutor, multi: MultiHandle, limits: TransferLimits) {
        self.executor = executor
        self.multi = multi
        self.limits = limits
        connectionCountMax = min(limits.connectionCountMax, Descriptors.connectionCountMax)
    }

    // MARK: Commands

    func obey(_ commands: [TransferCommand]) {
        for command in commands {
            switch command {
            case .start(let transfer, let completion): start(transfer, completion)
            case .cancel(let transfer): cancel(transfer)
            case .stop: stop()
            }
        }
    }

    /// Sends the request now if a connection is free, else after those that wait already.
    func start(_ transfer: Transfer, _ completion: Transfer.Completion) {
        transfer.completion = completion
        switch transfer.state {
        case .new: break
        case .ended: return tell(transfer, .failure(.cancelled(transfer.request)))  // cancelled before it was posted
        case .waiting, .running: preconditionFailure("a transfer was started twice")
        }
        guard !isStopping else { return end(transfer, .failure(.shutDown(transfer.request))) }
        if let slot = freeSlot() {
            begin(transfer, on: slot)
        } else {
            transfer.state = .waiting
            waiting.append(transfer)
        }
    }

    private func cancel(_ transfer: Transfer) {
        switch transfer.state {
        case .ended: break
        case .new: transfer.state = .ended  // `start` will tell
        case .waiting, .running: end(transfer, .failure(.cancelled(transfer.request)))
        }
    }

    private func stop() {
        isStopping = true
        while let transfer = nextWaiting() { end(transfer, .failure(.shutDown(transfer.request))) }
        for slot in slots {
            if let transfer = slot.transfer { end(transfer, .failure(.shutDown(transfer.request))) }
        }
    }

    /// The transfers that are under way to URLs that begin with `prefix`; nil: none is.
    func openTransfers(under prefix: String) -> OpenTransfers? {
        var open: OpenTransfers?
        for slot in slots {
            guard let url = slot.transfer?.request.url, url.hasPrefix(prefix) else { continue }
            let began = slot.progress.began
            let count = (open?.count ?? 0) + 1
            if let first = open?.firstBegan, first <= began {
                open?.count = count
            } else {
                open = OpenTransfers(count: count, firstURL: String(url.prefix { $0 != "?" }), firstBegan: began)
            }
        }
        return open
    }

    // MARK: The turn

    /// Lets curl work, then settles what has ended. Returns how long the loop may sleep, nil when it is to end.
    func turn() -> Duration? {
        multi.perform()
        while let (easy, result) = multi.nextFinished() {
            guard let slot = EasySlot.of(easy), let transfer = slot.transfer else { continue }
            end(transfer, slot.outcome(of: transfer, result))
        }
        endStalled()
        fillFreeSlots()
        handOver()
        return isStopping ? nil : min(TransferLimits.sleepMax, limits.lookInterval)
    }

    /// Frees curl's handles, and with the multi handle all connections. Every transfer has ended.
    func tearDown() {
        freeSlots = []
        slots = []
        multi.close()
    }

    private func endStalled() {
        let now = ContinuousClock.now
        guard now - stallsLookedForAt >= limits.lookInterval else { return }
        stallsLookedForAt = now
        for slot in slots {
            guard let message = slot.stall(at: now), let transfer = slot.transfer else { continue }
            end(transfer, .failure(TransferError(code: .stalled, message: message, request: transfer.request)))
        }
    }

    /// Resumes the tasks of this turn's transfers as a group. Those that prefer the loop's executor run in the turn
    /// that follows, before the loop sleeps, and find the handles of their last transfers free.
    private func handOver() {
        guard !ended.isEmpty else { return }
        for (transfer, result) in ended { transfer.complete(result) }
        ended.removeAll(keepingCapacity: true)
    }

    // MARK: Slots

    private func fillFreeSlots() {
        while !waiting.isEmpty, let slot = freeSlot() {
            guard let transfer = nextWaiting() else {
                freeSlots.append(slot)
                return
            }
            begin(transfer, on: slot)
        }
    }

    /// The first in the queue that was not cancelled there.
    private func nextWaiting() -> Transfer? {
        while let transfer = waiting.popFirst() {
            if case .waiting = transfer.state { return transfer }
        }
        return nil
    }

    private func freeSlot() -> EasySlot? {
        if let slot = freeSlots.popLast() { return slot }
        guard slots.count < connectionCountMax, let slot = EasySlot(limits: limits) else { return nil }
        slots.append(slot)
        return slot
    }

    private func begin(_ transfer: Transfer, on slot: EasySlot) {
        do {
            try slot.begin(transfer)
            transfer.state = .running(slot)
            let result = multi.add(slot.easy)
            guard result == CURLM_OK else {
                let message = String(cString: curl_multi_strerror(result))
                return end(transfer, .failure(TransferError(code: .other, message: message, request: transfer.request)))
            }
        } catch {
            freeSlots.append(slot)
            end(transfer, .failure(error))
        }
    }

    /// Ends a transfer in any state; one that runs leaves curl, and its handle is free for another.
    private func end(_ transfer: Transfer, _ result: TransferResult) {
        var result = result
        if case .running(let slot) = transfer.state {
            result = result.mapError(slot.withHead)
            multi.remove(slot.easy)
            slot.end()
            freeSlots.append(slot)
        }
        transfer.state = .ended
        transfer.body = nil
        tell(transfer, result)
    }

    private func tell(_ transfer: Transfer, _ result: TransferResult) { ended.append((transfer, result)) }
}

extension EasySlot {
    /// The slot of one of curl's handles.
    static func of(_ easy: UnsafeMutableRawPointer) -> EasySlot? {
        ccurl_get_private(easy).map { Unmanaged<EasySlot>.fromOpaque($0).takeUnretainedValue() }
    }
}
