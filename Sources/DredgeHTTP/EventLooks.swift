#if Server
    internal import DredgeService

    /// Looks at jobs for all who follow them: one look does for those who come within half of the interval.
    actor EventLooks {
        private let service: IndexService
        private let interval: Duration
        private var jobs = Looks<JobKey, JobEvent>()
        private var keys = Looks<String, Bool>()
        /// Streams that a key follows.
        private var counts: [String: Int] = [:]

        private struct JobKey: Hashable {
            var id: String
            var organization: String
            var environment: APIEnvironment
        }

        /// Looks that have begun.
        private struct Looks<Key: Hashable, Value: Sendable> {
            private var begun: [Key: (time: ContinuousClock.Instant, task: Task<Value, any Error>)] = [:]

            /// The last look if it is not older than `age`; else a new one.
            mutating func task(
                of key: Key, within age: Duration, _ look: @escaping @Sendable () async throws -> Value
            ) -> Task<Value, any Error> {
                let now = ContinuousClock.now
                begun = begun.filter { now - $0.value.time < age }
                if let known = begun[key] { return known.task }
                let task = Task { try await look() }
                begun[key] = (now, task)
                return task
            }
        }

        init(_ service: IndexService, every interval: Duration) { (self.service, self.interval) = (service, interval) }

        /// Where the job stands.
        func event(_ id: String, for caller: Caller) async throws -> JobEvent {
            let key = JobKey(id: id, organization: caller.organization, environment: caller.environment)
            let service = service
            return try await jobs.task(of: key, within: interval / 2) {
                try await service.jobs.event(id, for: caller)
            }.value
        }

        /// Whether the caller's key was not revoked meanwhile.
        func isValid(_ caller: Caller) async throws -> Bool {
            let service = service
            return try await keys.task(of: caller.keyID, within: interval / 2) {
                try await service.keys.isValid(caller.keyID)
            }.value
        }

        // MARK: How many

        /// Room for one more stream, as long as what is returned lives. Throws `tooManyRequests`.
        func place(for caller: Caller) throws -> Place {
            let count = counts[caller.keyID, default: 0]
            guard count < ServiceLimits.streamCountMaxOfKey else {
                throw ServiceError.refused(
                    .tooManyRequests, "too_many_streams",
                    "This key follows \(count) jobs, which is the most at once. End a stream first, or ask for the job."
                )
            }
            counts[caller.keyID] = count + 1
            return Place(looks: self, keyID: caller.keyID)
        }

        private func leave(_ keyID: String) {
            let count = counts[keyID, default: 1] - 1
            counts[keyID] = count > 0 ? count : nil
        }

        final class Place: Sendable {
            private let looks: EventLooks
            private let keyID: String

            init(looks: EventLooks, keyID: String) { (self.looks, self.keyID) = (looks, keyID) }

            deinit {
                let (looks, keyID) = (looks, keyID)
                Task { await looks.leave(keyID) }
            }
        }
    }
#endif
