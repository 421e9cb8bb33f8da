#if Server
    import DredgeService
    import Foundation
    import HTTPTypes
    import ServiceBench
    import Testing

    @testable import DredgeHTTP

    /// What is read of a request: its path, its query, its head, and texts that go on to S3.
    @Suite(.timeLimit(.minutes(10))) struct RequestReadingTests {
        private func serve(_ body: @Sendable (APIClient, IndexService) async throws -> Void) async throws {
            let bench = try await ServiceBench(count: 1)
            let service = try await bench.start()
            let key = try await service.keys.create(organization: "Acme", environment: .development).key
            let api = APIClient(service, key: key)
            try await api.call(.put, "/v2/collections/c")
            try await body(api, service)
            await service.shutDown()
        }

        /// `loc` of each problem, joined with dots.
        private func problems(
            _ api: APIClient, _ method: HTTPRequest.Method, _ path: String, _ body: JSON? = nil
        ) async throws -> [String] {
            let answer = try await api.call(method, path, body)
            #expect(answer.status == 422, "\(answer)")
            return (answer.body["detail"]?.items ?? []).map { problem in
                (problem["loc"]?.items ?? []).compactMap(\.stringValue).joined(separator: ".")
            }
        }

        @Test func `a parameter that nobody knows is told of, as is one that lacks`() async throws {
            try await serve { api, _ in
                let misspelt = try await problems(api, .get, "/v2/jobs?limt=3")
                #expect(misspelt == ["query.limt"])
                #expect(try await problems(api, .get, "/v2/jobs?limit=3&%6cimit=4") == ["query.limit"])
                #expect(try await problems(api, .get, "/v2/jobs?collection=%zz") == ["query.collection"])
                #expect(try await problems(api, .get, "/v2/collections/c?x") == ["query.x"])
                #expect(try await problems(api, .put, "/v2/collections/d?x=1", [:]) == ["query.x"])
                #expect(
                    try await problems(api, .delete, "/v2/integrations/aws/role") == ["query.role_arn"])
                #expect(try await api.call(.get, "/v2/jobs?limit=3&offset=0&").status == 200)
                #expect(try await api.with(key: nil).call(.get, "/v2/jobs?limt=3").status == 401)
                #expect(try await api.call(.get, "/healthz?probe=1").status == 200)
            }
        }

        @Test func `a segment of the path is decoded once`() async throws {
            try await serve { api, _ in
                #expect(try await api.call(.get, "/v2/collections/%63").status == 200)
                #expect(try await api.call(.get, "/v2/collections/%2563").status == 404)
                for path in ["a%2Fb", "..%2Fc", "%E2%82%AC"] {
                    #expect(try await api.call(.get, "/v2/collections/\(path)").status == 404, "\(path)")
                    #expect(try await api.call(.put, "/v2/collections/\(path)").status == 422, "\(path)")
                }
                for path in ["%", "%2", "%zz", "%ff", "%C3%28", "%ED%A0%80", "c%00", "c%0A"] {
                    let answer = try await api.call(.get, "/v2/collections/\(path)")
                    #expect(answer.status == 400 && answer.body["error_code"] == "invalid_path", "\(path)")
                }
            }
        }

        @Test func `the scheme of a key may be written in any case`() async throws {
            try await serve { api, _ in
                let key = try #require(api.key)
                for (header, status) in [
                    ("bearer \(key)", 200), ("BEARER  \(key)", 200), ("Bearer\(key)", 401), ("Basic \(key)", 401),
                    (key, 401), ("Bearer", 401),
                ] {
                    let answer = try await api.with(key: nil).call(
                        .get, "/v2/jobs", headers: ["Authorization": header])
                    #expect(answer.status == status, "\(header)")
                }
            }
        }

        @Test func `HEAD answers as GET does, without the body`() async throws {
            try await serve { api, _ in
                for path in ["/healthz", "/v2/collections", "/v2/collections/c", "/v2/collections/d", "/v2/jobs?x=1"] {
                    let (get, head) = (try await api.call(.get, path), try await api.call(.head, path))
                    #expect(head.status == get.status && head.text == "", "\(path)")
                    if get.status == 200 {
                        #expect(head.headers[.contentLength] == get.headers[.contentLength], "\(path)")
                    }
                }
                #expect(try await api.call(.head, "/v2/collections/c/index/s3").status == 405)
            }
        }

        @Test func `an idempotency key is of ASCII characters`() async throws {
            try await serve { api, _ in
                for key in ["", "ä", "\u{7F}", String(repeating: "k", count: 256)] {
                    let answer = try await api.call(
                        .post, "/v2/collections/c/index/s3", ServiceBench.body(), headers: ["Idempotency-Key": key])
                    #expect(
                        answer.status == 400 && answer.body["error_code"] == "invalid_idempotency_key", "\(key)")
                }
            }
        }

        @Test func `what goes into a request's head has no line breaks or controls`() async throws {
            try await serve { api, _ in
                for evil in ["a\r\nHost: x", "a\u{0}", "a\nb", "ä", "a b", "a\u{7F}"] {
                    for name in [
                        "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "bucket_region",
                        "bucket_name",
                    ] {
                        let found = try await problems(
                            api, .post, "/v2/collections/c/index/s3", ServiceBench.body([name: .string(evil)]))
                        #expect(found == ["body.\(name)"], "\(name)")
                    }
                    let role = "arn:aws:iam::123456789012:role/\(evil)"
                    let found = try await problems(
                        api, .post, "/v2/collections/c/index/s3", ServiceBench.body(role: role, externalID: "e"))
                    #expect(found == ["body.auth.role_arn"])
                }
                let region = try await problems(
                    api, .post, "/v2/collections/c/index/s3", ServiceBench.body(["bucket_region": "US_EAST"]))
                #expect(region == ["body.bucket_region"])
            }
        }

        @Test func `so many problems are told, and how many more there are`() async throws {
            try await serve { api, _ in
                let names = (0..<5_000).map { ("x\($0)", JSON.bool(true)) }
                let body = ServiceBench.body(Dictionary(uniqueKeysWithValues: names))
                let found = try await problems(api, .post, "/v2/collections/c/index/s3", body)
                #expect(found.count == ServiceLimits.problemCountMax + 1 && found.last == "body")
                let answer = try await api.call(.post, "/v2/collections/c/index/s3", body)
                #expect(answer.text.contains("There are 4900 more problems."))
            }
        }
    }
#endif
