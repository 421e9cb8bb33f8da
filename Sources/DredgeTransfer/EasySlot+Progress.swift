import CCurl

extension EasySlot {
    /// When a transfer last moved a byte, and how much of its body, as far as the looks at it could tell.
    ///
    /// curl's own CURLOPT_LOW_SPEED_TIME counts in whole seconds and on a speed that is averaged over five, so that a
    /// stall shows late; comparing byte counters now and then is exact enough, and costs nothing in the callbacks.
    struct Progress {
        let began = ContinuousClock.now
        fileprivate var byteCount: curl_off_t = 0
        fileprivate var movedAt: ContinuousClock.Instant?
        /// Where the period that is measured against the floor began.
        fileprivate var bodyByteCountBefore: curl_off_t = 0
        fileprivate var periodBegan: ContinuousClock.Instant?
    }

    /// Why the transfer has stalled; nil: it hasn't. Before the connection is ready, the connect timeout rules; from
    /// then on this clock runs, so that it bounds the wait for the first byte too. Of a request's body, the bytes count
    /// that have arrived at the other side.
    func stall(at now: ContinuousClock.Instant) -> String? {
        guard transfer != nil, isConnected else { return nil }
        // What the system has taken has not moved yet: its buffer has room for megabytes, and a slow line takes minutes
        // to empty it, in which curl itself sees no byte move.
        let unconfirmed = socket.map { ccurl_unconfirmed_byte_count($0) } ?? 0
        let bodyByteCount =
            ccurl_get_offset(easy, CURLINFO_SIZE_DOWNLOAD_T) + ccurl_get_offset(easy, CURLINFO_SIZE_UPLOAD_T)
            - curl_off_t(unconfirmed)
        if transfer?.request.isHeldToFloor == false {
            // Another clock bounds it.
        } else if let began = progress.periodBegan, now - began < limits.floorPeriod {
            // It goes on.
        } else {
            if progress.periodBegan != nil,
                bodyByteCount - progress.bodyByteCountBefore < curl_off_t(limits.floorByteCount)
            {
                return "fewer than \(limits.floorByteCount) bytes of a body moved in \(limits.floorPeriod)"
            }
            progress.periodBegan = now
            progress.bodyByteCountBefore = bodyByteCount
        }
        let byteCount = bodyByteCount + curl_off_t(answer.headByteCount)
        if let movedAt = progress.movedAt, byteCount == progress.byteCount {
            return now - movedAt >= limits.progressTimeout ? "no byte moved for \(limits.progressTimeout)" : nil
        }
        progress.byteCount = byteCount
        progress.movedAt = now
        return nil
    }
}
