#if Server
    internal import DredgeService

    /// Looks at jobs for all who follow them: one look does for those who come within half of the interval.
    actor EventLooks {
        private let service: IndexService
        private let jobs: Looks<JobKey, JobEvent>
        private let keys: Looks<String, Bool>
        /// Streams that a key follows.
        private var counts: [String: Int] = [:]

        private struct JobKey: Hashable {
            var id: String
            var organization: String
            var environment: APIEnvironment
        }

        init(_ service: IndexService, every interval: Duration) {
            self.service = service
            jobs = Looks(age: interval / 2, countMax: ServiceLimits.streamLookCountMax)
            keys = Looks(age: interval / 2, countMax: ServiceLimits.streamLookCountMax)
        }

        /// Where the job stands.
        nonisolated func event(_ id: String, for caller: Caller) async throws -> JobEvent {
            let key = JobKey(id: id, organization: caller.organization, environment: caller.environment)
            let service = service
            return try await jobs.value(of: key) { try await service.jobs.event(id, for: caller) }
        }

        /// Whether the caller's key was not revoked meanwhile.
        nonisolated func isValid(_ caller: Caller) async throws -> Bool {
            let service = service
            return try await keys.value(of: caller.keyID) { try await service.keys.isValid(caller.keyID) }
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
