import CCurl

/// curl's multi handle, driven by its sockets (libcurl-multi(3), "multi_socket"): a turn costs by what happens in it,
/// however many connections wait for an answer. All of it belongs to the loop's thread, except `wakeUp`, which any
/// thread may call.
///
/// `@unchecked Sendable`: the loop's thread alone touches it, apart from `wakeUp`, which only calls the poller's; and
/// that one may be called from any thread.
final class MultiHandle: @unchecked Sendable {
    private let pointer: UnsafeMutableRawPointer
    private let poller: SocketPoller
    /// What the last look at the sockets found, and curl has not been told yet.
    private var ready: [SocketPoller.Event] = []
    /// When curl wants to be called at the latest; nil: it waits for sockets alone.
    private var deadline: ContinuousClock.Instant?
    private var isClosed = false

    /// curl's process-wide set-up, once. curl 7.84 and later make this safe beside other users of libcurl in the
    /// process.
    private static let globalInitResult = ccurl_global_init()

    /// Nil when curl cannot be set up: no memory, or no descriptors for what watches its sockets.
    init?(connectionCountMax: Int) {
        guard Self.globalInitResult == CURLE_OK, let poller = SocketPoller(), let pointer = curl_multi_init() else {
            return nil
        }
        self.pointer = pointer
        self.poller = poller
        let context = Unmanaged.passUnretained(self).toOpaque()
        // The cache keeps as many connections as there may be transfers, so that none is closed only to be opened
        // again.
        ccurl_multi_set_long(pointer, CURLMOPT_MAXCONNECTS, connectionCountMax)
        ccurl_multi_set_socket_function(pointer, watchSocket, context)
        ccurl_multi_set_timer_function(pointer, noteDeadline, context)
    }

    deinit { close() }

    /// Closes all connections and descriptors. Every easy handle is out, and nothing is called afterwards.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        curl_multi_cleanup(pointer)
        poller.shutDown()
    }

    func wakeUp() { poller.wakeUp() }

    func add(_ easy: UnsafeMutableRawPointer) -> CURLMcode { curl_multi_add_handle(pointer, easy) }

    /// Ends a transfer: one that has not finished has its connection closed.
    func remove(_ easy: UnsafeMutableRawPointer) { curl_multi_remove_handle(pointer, easy) }

    /// Reads and writes whatever can be without waiting.
    func perform() {
        var runningCount: Int32 = 0
        if let deadline, deadline <= .now {
            // Curl sets another one if it needs it.
            self.deadline = nil
            curl_multi_socket_action(pointer, CURL_SOCKET_TIMEOUT, 0, &runningCount)
        }
        if ready.isEmpty { poller.wait(.zero, into: &ready) }
        // An event may be of a socket that was closed since, and its number be another one's: curl does nothing for
        // sockets that it does not know, and finds nothing to do at one that is not ready.
        for event in ready { curl_multi_socket_action(pointer, event.socket, event.readiness, &runningCount) }
        ready.removeAll(keepingCapacity: true)
    }

    /// Sleeps until a socket is ready, one of curl's timers is due, `wakeUp` was called, or `duration` is over.
    func poll(_ duration: Duration) {
        let untilDeadline = deadline.map { max(.zero, $0 - .now) } ?? duration
        poller.wait(min(duration, untilDeadline), into: &ready)
    }

    /// The next transfer that has ended, with curl's verdict.
    func nextFinished() -> (easy: UnsafeMutableRawPointer, result: CURLcode)? {
        var remainingCount: Int32 = 0
        while let message = curl_multi_info_read(pointer, &remainingCount) {
            // CURLMSG_DONE is the only message there is (curl_multi_info_read(3)).
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
            return (easy, message.pointee.data.result)
        }
        return nil
    }

    fileprivate func watch(_ socket: curl_socket_t, of easy: UnsafeMutableRawPointer?, for activity: Int32) {
        if let slot = easy.flatMap(EasySlot.of) {
            // Of several that a connect tries at once, one that lost goes while another one stays.
            if activity != CURL_POLL_REMOVE { slot.socket = socket } else if slot.socket == socket { slot.socket = nil }
        }
        switch activity {
        case CURL_POLL_IN: poller.watch(socket, reads: true, writes: false)
        case CURL_POLL_OUT: poller.watch(socket, reads: false, writes: true)
        case CURL_POLL_INOUT: poller.watch(socket, reads: true, writes: true)
        default: poller.forget(socket)
        }
    }

    fileprivate func setDeadline(inMilliseconds count: Int) {
        deadline = count < 0 ? nil : .now + .milliseconds(count)
    }
}

/// CURLMOPT_SOCKETFUNCTION(3): what curl wants to know of a socket.
private func watchSocket(
    _ easy: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ activity: Int32, _ context: UnsafeMutableRawPointer?,
    _ socketContext: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return -1 }
    Unmanaged<MultiHandle>.fromOpaque(context)._withUnsafeGuaranteedRef {
        $0.watch(socket, of: easy, for: activity)
    }
    return 0
}

/// CURLMOPT_TIMERFUNCTION(3): when curl wants to be called; -1: not at all.
private func noteDeadline(
    _ multi: UnsafeMutableRawPointer?, _ millisecondCount: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let context else { return -1 }
    Unmanaged<MultiHandle>.fromOpaque(context)._withUnsafeGuaranteedRef {
        $0.setDeadline(inMilliseconds: millisecondCount)
    }
    return 0
}
