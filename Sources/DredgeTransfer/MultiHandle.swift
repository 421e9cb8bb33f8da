import CCurl

/// curl's multi handle. All of it belongs to the loop's thread, except `wakeUp`, which any thread may call
/// (curl_multi_wakeup(3)).
final class MultiHandle: @unchecked Sendable {  // used from one thread, apart from `wakeUp`, which curl makes safe
    private let pointer: UnsafeMutableRawPointer
    private var isClosed = false

    /// curl's process-wide set-up, once. curl 7.84 and later make this safe beside other users of libcurl in the
    /// process.
    private static let globalInitResult = ccurl_global_init()

    /// Nil when curl cannot be set up: no memory, or no descriptors for its wake-up socket.
    init?(connectionCountMax: Int) {
        guard Self.globalInitResult == CURLE_OK, let pointer = curl_multi_init() else { return nil }
        self.pointer = pointer
        // The cache keeps as many connections as there may be transfers, so that none is closed only to be opened
        // again.
        ccurl_multi_set_long(pointer, CURLMOPT_MAXCONNECTS, connectionCountMax)
    }

    deinit { if !isClosed { curl_multi_cleanup(pointer) } }

    /// Closes all connections and descriptors. Every easy handle is out, and nothing is called afterwards.
    func close() {
        isClosed = true
        curl_multi_cleanup(pointer)
    }

    func wakeUp() { curl_multi_wakeup(pointer) }

    func add(_ easy: UnsafeMutableRawPointer) -> CURLMcode { curl_multi_add_handle(pointer, easy) }

    /// Ends a transfer: one that has not finished has its connection closed.
    func remove(_ easy: UnsafeMutableRawPointer) { curl_multi_remove_handle(pointer, easy) }

    /// Reads and writes whatever can be without waiting.
    func perform() {
        var runningCount: Int32 = 0
        curl_multi_perform(pointer, &runningCount)
    }

    /// Sleeps until a socket is ready, one of curl's timers is due, `wakeUp` was called, or `duration` is over.
    func poll(_ duration: Duration) {
        var eventCount: Int32 = 0
        curl_multi_poll(pointer, nil, 0, Int32(clamping: duration.millisecondCount), &eventCount)
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
}
