import CCurl

extension EasySlot {
    /// When a transfer last moved a byte, as far as the looks at it could tell.
    ///
    /// curl's own CURLOPT_LOW_SPEED_TIME counts in whole seconds and on a speed that is averaged over five, so that a
    /// stall shows late; comparing byte counters now and then is exact enough, and costs nothing in the callbacks.
    struct Progress {
        var byteCount: curl_off_t = 0
        var movedAt: ContinuousClock.Instant?
    }

    /// Whether the transfer has moved no byte, neither out nor in, for `timeout`. Before the connection is ready, the
    /// connect timeout rules; from then on this clock runs, so that it bounds the wait for the first byte too.
    func isStalled(at now: ContinuousClock.Instant, timeout: Duration) -> Bool {
        guard transfer != nil, isConnected else { return false }
        let byteCount =
            ccurl_get_offset(easy, CURLINFO_SIZE_DOWNLOAD_T) + ccurl_get_offset(easy, CURLINFO_SIZE_UPLOAD_T)
            + curl_off_t(answer.head.count)
        if let movedAt = progress.movedAt, byteCount == progress.byteCount { return now - movedAt >= timeout }
        progress = Progress(byteCount: byteCount, movedAt: now)
        return false
    }
}
