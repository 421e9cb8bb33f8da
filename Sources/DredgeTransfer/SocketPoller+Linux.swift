#if os(Linux)
    import CCurl
    import CEpoll

    #if canImport(Musl)
        import Musl
    #else
        import Glibc
    #endif

    /// Waits for many sockets at once, at a cost that does not grow with their number (epoll(7)).
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

        private let poll: Int32
        /// An eventfd(2), which is ready once `wakeUp` was called.
        private let bell: Int32
        private let events = UnsafeMutableBufferPointer<epoll_event>.allocate(
            capacity: TransferLimits.readySocketCountMax)

        /// Nil when there is no descriptor for it.
        init?() {
            poll = epoll_create1(Int32(EPOLL_CLOEXEC))
            bell = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
            guard poll >= 0, bell >= 0 else {
                shutDown()
                return nil
            }
            watch(bell, reads: true, writes: false)
        }

        deinit { events.deallocate() }

        func shutDown() {
            for descriptor in [poll, bell] where descriptor >= 0 { close(descriptor) }
        }

        /// Ends the wait that is under way, or the next one. From any thread, before `shutDown`.
        func wakeUp() { eventfd_write(bell, 1) }

        /// Tells of `socket` from now on for as long as it can be read from, or written to.
        func watch(_ socket: Int32, reads: Bool, writes: Bool) {
            var event = epoll_event()
            event.events = (reads ? EPOLLIN.rawValue : 0) | (writes ? EPOLLOUT.rawValue : 0)
            event.data.fd = socket
            // It is watched already, or it is new.
            if epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event) != 0, errno == EEXIST {
                epoll_ctl(poll, EPOLL_CTL_MOD, socket, &event)
            }
        }

        func forget(_ socket: Int32) {
            var event = epoll_event()
            epoll_ctl(poll, EPOLL_CTL_DEL, socket, &event)
        }

        /// Appends what is ready, after at most `duration`.
        func wait(_ duration: Duration, into ready: inout [Event]) {
            let millisecondCount = duration > .zero ? Int32(clamping: duration.millisecondCount) : 0
            let count = epoll_wait(poll, events.baseAddress, Int32(events.count), millisecondCount)
            for event in events.prefix(Int(max(0, count))) {
                guard event.data.fd != bell else {
                    var value: eventfd_t = 0
                    eventfd_read(bell, &value)
                    continue
                }
                var readiness: Int32 = 0
                if event.events & EPOLLIN.rawValue != 0 { readiness |= CURL_CSELECT_IN }
                if event.events & EPOLLOUT.rawValue != 0 { readiness |= CURL_CSELECT_OUT }
                // curl finds out what is wrong; told of an error it would not look.
                if event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { readiness = 0 }
                ready.append(Event(socket: event.data.fd, readiness: readiness))
            }
        }
    }
#endif
