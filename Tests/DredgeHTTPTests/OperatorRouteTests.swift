#if Server
    import DredgeHTTP
    import DredgeService
    import Foundation
    import Hummingbird
    import ServiceBench
    import Testing

    /// What the server tells its operator.
    @Suite(.timeLimit(.minutes(30))) struct OperatorRouteTests {
        private func start(
            _ configuration: ServiceConfiguration = ServiceConfiguration(), count: Int = 0
        ) async throws -> (ServiceBench, IndexService, APIClient) {
            let bench = try await ServiceBench(count: count)
            let service = try await bench.start(configuration)
            let key = try await service.keys.create(organization: "Acme", environment: .development)
            return (bench, service, APIClient(service, key: key.key))
        }

        @Test func `a server is ready until it is shut down`() async throws {
            let (bench, service, api) = try await start()
            defer { withExtendedLifetime(bench) {} }
            let ready = try await api.with(key: nil).call(.get, "/readyz")
            #expect(ready.status == 200 && ready.body["status"] == "ready")
            await service.shutDown()
            let answer = try await api.with(key: nil).call(.get, "/readyz")
            #expect(answer.status == 503 && answer.body["status"] == "unavailable", "\(answer.text)")
            #expect(try await api.with(key: nil).call(.get, "/healthz").status == 200)
        }

        @Test func `metrics tell of jobs and of requests by route, and of no organization`() async throws {
            var configuration = ServiceConfiguration()
            configuration.metricsReaders = .everyone
            let (bench, service, api) = try await start(configuration, count: 3)
            defer { withExtendedLifetime(bench) {} }
            try await api.call(.put, "/v2/collections/c")
            let job = try await api.call(.post, "/v2/collections/c/index/s3", ServiceBench.body())
            let id = try #require(job.body["job_id"]?.stringValue)
            try await api.end(of: id)
            try await api.call(.get, "/v2/jobs/job_none")
            try await api.call(.get, "/nowhere/\(id)")
            let answer = try await api.with(key: nil).call(.get, "/metrics")
            #expect(answer.status == 200)
            let lines = answer.text.split(separator: "\n").map(String.init)
            for line in [
                "dredge_jobs_running 0", "dredge_jobs_waiting 0", "dredge_objects_indexed_total 3",
                "dredge_objects_failed_total 0", "dredge_chunks_total 3",
                "dredge_jobs_ended_total{status=\"completed\"} 1",
                "dredge_http_request_seconds_count{method=\"POST\",route=\"/v2/collections/{collection}/index/s3\","
                    + "status=\"200\"} 1",
                "dredge_http_request_seconds_count{method=\"GET\",route=\"/v2/jobs/{job}\",status=\"404\"} 1",
                "dredge_http_request_seconds_count{method=\"GET\",route=\"NotFound\",status=\"404\"} 1",
            ] { #expect(lines.contains(line), "\(line) is not in\n\(answer.text)") }
            #expect(!answer.text.contains("Acme") && !answer.text.contains(id))
            // Each name is declared once, before its samples.
            var declared: Set<String> = []
            for line in lines {
                if line.hasPrefix("# TYPE ") {
                    #expect(declared.insert(String(line.split(separator: " ")[2])).inserted, "\(line)")
                } else if !line.hasPrefix("#") {
                    let name = line.prefix { $0 != "{" && $0 != " " }
                    #expect(declared.contains { name == $0 || name.hasPrefix($0 + "_") }, "\(line)")
                }
            }
            await service.shutDown()
        }

        @Test(arguments: [MetricsReaders.local, .off])
        func `metrics are not for everybody unless the operator says so`(readers: MetricsReaders) async throws {
            var configuration = ServiceConfiguration()
            configuration.metricsReaders = readers
            // A channel without an address is not on this machine.
            let (bench, service, api) = try await start(configuration)
            defer { withExtendedLifetime(bench) {} }
            let answer = try await api.call(.get, "/metrics")
            #expect(answer.status == 403 && answer.body["error_code"] == "metrics_not_allowed")
            await service.shutDown()
        }

        @Test func `who asks too often is told when to come again`() async throws {
            var configuration = ServiceConfiguration()
            configuration.rateLimit = RateLimit(requestsPerSecond: 1)
            // Whenever it asks.
            configuration.rateLimit.burst = 0
            let (bench, service, api) = try await start(configuration)
            defer { withExtendedLifetime(bench) {} }
            let answer = try await api.call(.get, "/v2/jobs")
            #expect(answer.status == 429 && answer.body["error_code"] == "rate_limited")
            #expect(answer.headers[.retryAfter] == "1")
            await service.shutDown()
        }
    }
#endif
