#if Server
    internal import DredgeBase
    internal import DredgeService
    internal import Synchronization

    /// Who is signed in at the console. They are in memory only: a server that starts anew has none.
    final class ConsoleSessions: Sendable {
        struct Session: Sendable {
            /// As what the key lets in that it was begun with.
            let caller: Caller
            /// Stands in each form.
            let token: String
            fileprivate let end: ContinuousClock.Instant
            /// What the next page tells of what was just done.
            fileprivate var notice: String?
        }

        /// By the SHA-256 of their IDs, so that how long a search takes tells nothing of an ID.
        private let sessions = Mutex<[String: Session]>([:])
        private let countMax: Int
        private let now: @Sendable () -> ContinuousClock.Instant

        init(
            countMax: Int = ServiceLimits.consoleSessionCountMax,
            now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
        ) {
            (self.countMax, self.now) = (countMax, now)
        }

        /// Begins a session; returns its ID, which only the cookie has. Where there are too many the oldest ends: first
        /// of the same key, then of all.
        func begin(_ caller: Caller) -> String {
            let id = RandomToken.hexadecimal(byteCount: 32)
            let time = now()
            let session = Session(
                caller: caller, token: RandomToken.hexadecimal(byteCount: 32),
                end: time + .seconds(ServiceLimits.consoleSessionSeconds))
            sessions.withLock { sessions in
                sessions = sessions.filter { $0.value.end > time }
                let ofKey = sessions.filter { $0.value.caller.keyID == caller.keyID }
                if ofKey.count >= ServiceLimits.consoleSessionCountMaxOfKey {
                    Self.endOldest(of: ofKey, in: &sessions)
                }
                if sessions.count >= countMax { Self.endOldest(of: sessions, in: &sessions) }
                sessions[Self.name(id)] = session
            }
            return id
        }

        private static func endOldest(of some: [String: Session], in sessions: inout [String: Session]) {
            if let oldest = some.min(by: { $0.value.end < $1.value.end }) { sessions[oldest.key] = nil }
        }

        /// The session with this ID; nil: there is none, or not any more.
        func find(_ id: String) -> Session? {
            sessions.withLock { sessions in sessions[Self.name(id)].flatMap { $0.end > now() ? $0 : nil } }
        }

        /// Ends a session.
        func end(_ id: String) { sessions.withLock { $0[Self.name(id)] = nil } }

        /// Has the next page tell something.
        func note(_ notice: String, in id: String) { sessions.withLock { $0[Self.name(id)]?.notice = notice } }

        /// What this page is to tell, once.
        func takeNotice(_ id: String) -> String? {
            sessions.withLock { sessions in
                defer { sessions[Self.name(id)]?.notice = nil }
                return sessions[Self.name(id)]?.notice
            }
        }

        private static func name(_ id: String) -> String { SHA256.hex(Array(id.utf8)) }
    }
#endif
