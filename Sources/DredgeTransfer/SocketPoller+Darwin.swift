#if canImport(Darwin)
    import CCurl
    import Darwin

    /// Waits for many sockets at once, at a cost that does not grow with their number (kqueue(2)).
    ///
    /// `@unchecked Sendable`: `events` is touched by one thread, the one that waits. `wakeUp` comes from any, and only
    /// makes a system call with a descriptor that never changes.
    final class SocketPoller: @unchecked Sendable {
        /// A socket that is ready.
        struct Event {
            var socket: Int32
            /// curl's CURL_CSELECT_ values; 0: curl has to look itself.
            var readiness: Int32
        }

        private let queue: Int32
        private let events = UnsafeMutableBufferPointer<kevent>.allocate(capacity: TransferLimits.readySocketCountMax)

        /// Nil when there is no descriptor for it.
        init?() {
            queue = kqueue()
            guard queue >= 0, change(Self.bell, EVFILT_USER, EV_ADD | EV_CLEAR) else {
                shutDown()
                return nil
            }
        }

        deinit { events.deallocate() }

        func shutDown() {
            if queue >= 0 { close(queue) }
        }

        /// Ends the wait that is under way, or the next one. From any thread, before `shutDown`.
        func wakeUp() { _ = change(Self.bell, EVFILT_USER, 0, NOTE_TRIGGER) }

        /// Tells of `socket` from now on for as long as it can be read from, or written to.
        func watch(_ socket: Int32, reads: Bool, writes: Bool) {
            _ = change(UInt(socket), EVFILT_READ, reads ? EV_ADD : EV_DELETE)
            _ = change(UInt(socket), EVFILT_WRITE, writes ? EV_ADD : EV_DELETE)
        }

        func forget(_ socket: Int32) { watch(socket, reads: false, writes: false) }

        /// Appends what is ready, after at most `duration`.
        func wait(_ duration: Duration, into ready: inout [Event]) {
            let millisecondCount = duration > .zero ? duration.millisecondCount : 0
            var time = timespec(tv_sec: millisecondCount / 1000, tv_nsec: millisecondCount % 1000 * 1_000_000)
            let count = kevent(queue, nil, 0, events.baseAddress, Int32(events.count), &time)
            for event in events.prefix(Int(max(0, count))) where event.filter != EVFILT_USER {
                var readiness = event.filter == EVFILT_WRITE ? CURL_CSELECT_OUT : CURL_CSELECT_IN
                // curl finds out what is wrong; told of an error it would not look.
                if Int32(event.flags) & (EV_ERROR | EV_EOF) != 0 { readiness = 0 }
                ready.append(Event(socket: Int32(event.ident), readiness: readiness))
            }
        }

        private func change(_ identity: UInt, _ filter: Int32, _ flags: Int32, _ filterFlags: UInt32 = 0) -> Bool {
            var event = kevent(
                ident: identity, filter: Int16(filter), flags: UInt16(flags), fflags: filterFlags, data: 0, udata: nil)
            return kevent(queue, &event, 1, nil, 0, nil) == 0
        }

        private static let bell: UInt = .max
    }
#endif
