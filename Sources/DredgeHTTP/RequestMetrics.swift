#if Server
    internal import HTTPTypes
    internal import Hummingbird
    internal import Synchronization

    /// How many requests each route had, with which answers, and how long these took to their heads.
    final class RequestMetrics: Sendable {
        struct Label: Hashable, Sendable, Comparable {
            var method: String
            /// As it is declared, `/v2/jobs/{job}`, so that there are as many labels as routes.
            var route: String
            var status: Int

            static func < (a: Label, b: Label) -> Bool {
                (a.route, a.method, a.status) < (b.route, b.method, b.status)
            }
        }
        /// A histogram, not yet added up.
        struct Times: Sendable {
            var counts = [Int](repeating: 0, count: RequestMetrics.bounds.count + 1)
            var seconds = 0.0
        }
        /// The histogram's bounds, in seconds.
        static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

        private let times = Mutex<[Label: Times]>([:])

        func add(_ label: Label, _ duration: Duration) {
            let seconds = duration / .seconds(1)
            let index = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
            times.withLock {
                $0[label, default: Times()].counts[index] += 1
                $0[label, default: Times()].seconds += seconds
            }
        }

        var all: [(Label, Times)] { times.withLock { $0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }

    /// Counts requests. Stands outside of what makes answers of errors.
    struct MetricsMiddleware: RouterMiddleware {
        let metrics: RequestMetrics

        func handle(
            _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
        ) async throws -> Response {
            let start = ContinuousClock.now
            let response = try await next(request, context)
            // A client may send any word as a method.
            let method = Self.methods.contains(request.method.rawValue) ? request.method.rawValue : "other"
            metrics.add(
                RequestMetrics.Label(
                    method: method, route: context.endpointPath ?? "NotFound",
                    status: Int(response.status.code)), ContinuousClock.now - start)
            return response
        }

        private static let methods: Set = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    }
#endif
