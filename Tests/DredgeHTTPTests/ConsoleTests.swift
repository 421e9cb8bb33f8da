#if Server
    import DredgeService
    import Foundation
    import HTTPTypes
    import Hummingbird
    import ServiceBench
    import TestServers
    import Testing

    /// The console's pages and forms: who may see and do what, and what they never show.
    @Suite(.timeLimit(.minutes(30))) struct ConsoleTests {
        /// Runs `body` with a browser that is signed in with a key of Acme's development.
        private func serve(
            _ bench: ServiceBench, organization: String = "Acme",
            _ body: @Sendable (inout ConsoleBrowser, IndexService, String) async throws -> Void
        ) async throws {
            let service = try await bench.start()
            let key = try await service.keys.create(organization: organization, environment: .development).key
            var browser = try await ConsoleBrowser(APIClient(service, key: nil), key: key)
            try await body(&browser, service, key)
            await service.shutDown()
        }

        private static let pages = [
            "/console", "/console/aws", "/console/aws/rotate", "/console/collections", "/console/collections/c",
            "/console/collections/c/delete", "/console/collections/c/index", "/console/collections/c/search?q=text",
            "/console/collections/c/documents/delete", "/console/collections/c/documents/doc_1",
            "/console/collections/c/documents/doc_1/delete", "/console/jobs", "/console/jobs/job_1",
            "/console/jobs/job_1/rollback", "/console/keys", "/console/syncs", "/console/syncs/sync_1",
            "/console/syncs/sync_1/delete", "/console/collections/c/sync",
        ]

        private static let forms = [
            "/console/sign-out", "/console/aws/mint", "/console/aws/role", "/console/aws/role/remove?arn=x",
            "/console/aws/rotate", "/console/collections", "/console/collections/c/delete",
            "/console/collections/c/index", "/console/collections/c/documents/delete",
            "/console/collections/c/documents/doc_1/delete", "/console/jobs/job_1/cancel", "/console/jobs/job_1/retry",
            "/console/jobs/job_1/rollback", "/console/keys", "/console/keys/key_1/revoke",
            "/console/collections/c/sync", "/console/syncs/sync_1/run", "/console/syncs/sync_1/pause",
            "/console/syncs/sync_1/resume", "/console/syncs/sync_1/delete",
        ]

        /// Makes the collection `c` with what lies in the bench's bucket.
        private func fill(_ browser: inout ConsoleBrowser) async throws -> String {
            _ = try await browser.post("/console/collections", ["name": "c"])
            let answer = try await browser.post(
                "/console/collections/c/index",
                [
                    "scope": "bucket", "bucket_name": "bucket", "bucket_region": "us-east-1",
                    "access_key_id": "AKIDEXAMPLE", "secret_access_key": ServiceBench.secret,
                    "idempotency_key": UUID().uuidString,
                ])
            let job = try #require(answer.headers[.location], "\(answer.text)")
            while try await browser.get(job).text.contains("data-live") { try await Task.sleep(for: .milliseconds(20)) }
            return String(job.dropFirst("/console/jobs/".count))
        }

        @Test func `who is not signed in sees and does nothing`() async throws {
            try await serve(try await ServiceBench(count: 1)) { browser, service, _ in
                _ = try await fill(&browser)
                var stranger = ConsoleBrowser(browser.api)
                for page in Self.pages {
                    let answer = try await stranger.get(page)
                    #expect(answer.status == 303 && answer.text.isEmpty, "\(page)")
                    let next = ConsoleBrowser.encoded(page)
                    let location = answer.headers[.location]?.replacing("%2F", with: "/") ?? ""
                    #expect(location.hasPrefix("/console/sign-in?next="), "\(page): \(location) \(next)")
                }
                for form in Self.forms {
                    let answer = try await stranger.post(form, ["name": "made"])
                    #expect(answer.status == 303 && answer.headers[.location] == "/console/sign-in", "\(form)")
                }
                for path in ["/console/style.css", "/console/script.js", "/console/icon.svg"] {
                    #expect(try await stranger.get(path).status == 200)
                }
                #expect(try await service.collections.list(limit: 9, offset: 0, for: service.caller()).total == 1)
            }
        }

        @Test func `signing in takes a valid key, and leads to a page of the console only`() async throws {
            let bench = try await ServiceBench(count: 0)
            defer { withExtendedLifetime(bench) {} }
            let service = try await bench.start()
            let key = try await service.keys.create(organization: "Acme", environment: .development).key
            let api = APIClient(service, key: nil)
            for wrong in ["", "x", key + "0", String(key.dropLast())] {
                var browser = ConsoleBrowser(api)
                _ = try await browser.get("/console/sign-in")
                let answer = try await browser.post("/console/sign-in", ["key": wrong])
                #expect(answer.status == 422 && answer.text.contains("This is no valid key."), "\(answer) \(browser)")
                #expect(wrong.isEmpty || wrong == "x" || !answer.text.contains(wrong), "no key in any page")
            }
            var forged = ConsoleBrowser(api)
            #expect(try await forged.post("/console/sign-in", ["key": key, "token": ""]).status == 403)
            _ = try await forged.get("/console/sign-in")
            let forgery = try await forged.post(
                "/console/sign-in", ["key": key, "token": String(repeating: "0", count: 64)])
            #expect(forgery.status == 403)
            #expect(forgery.headers[values: .setCookie].allSatisfy { !$0.contains("console=") })

            for (next, destination) in [
                ("", "/console"), ("/console/jobs?status=failed", "/console/jobs?status=failed"),
                ("/console/keys", "/console/keys"), ("//evil.example", "/console"), ("/consolex", "/console"),
                ("https://evil.example", "/console"), ("/v2/jobs", "/console"), ("/console/\\evil", "/console"),
                ("/console/a b", "/console"), ("/console/\r\nSet-Cookie: a=b", "/console"),
                ("/console/sign-in", "/console"),
            ] {
                var browser = ConsoleBrowser(api)
                _ = try await browser.get("/console/sign-in?next=\(ConsoleBrowser.encoded(next))")
                let answer = try await browser.post("/console/sign-in", ["key": " \(key)\n", "next": next])
                #expect(answer.status == 303 && answer.headers[.location] == destination, "\(next)")
                #expect(!"\(answer.headers)".contains(key))
            }

            var browser = ConsoleBrowser(api)
            _ = try await browser.get("/console/sign-in")
            for (headers, isSecure) in [
                ([:], false), (["Origin": "http://127.0.0.1:8080"], false),
                (["Origin": "https://dredge.example"], true),
                (["X-Forwarded-Proto": "https"], true),
            ] as [([String: String], Bool)] {
                let answer = try await browser.post("/console/sign-in", ["key": key], headers: headers)
                let cookie = try #require(answer.headers[values: .setCookie].first)
                #expect(cookie.wholeMatch(of: /dredge_console=[0-9a-f]{64}; Path=\/console; .*/) != nil)
                for part in ["; HttpOnly", "; SameSite=Strict", "; Max-Age=43200"] { #expect(cookie.contains(part)) }
                #expect(cookie.contains("; Secure") == isSecure, "\(headers)")
            }
            await service.shutDown()
        }

        @Test func `a form without the session's token is refused, and does nothing`() async throws {
            try await serve(try await ServiceBench(count: 1)) { browser, service, key in
                let job = try await fill(&browser)
                let other = try await ConsoleBrowser(browser.api, key: key)
                for form in Self.forms {
                    let path = form.replacing("job_1", with: job)
                    for token in ["", "x", other.token, String(browser.token.dropLast()), browser.token + "0"] {
                        let answer = try await browser.post(path, ["token": token, "name": "made"])
                        #expect(answer.status == 403 && answer.text.contains("not from this session"), "\(form)")
                    }
                }
                #expect(try await browser.get("/console/collections/c/documents/doc_1").status == 200)
                #expect(try await browser.get("/console/collections/made").status == 404)
                #expect(try await service.keys.list().count == 1)
                #expect(try await browser.get("/console/aws").text.contains("Make the external ID"))
            }
        }

        @Test func `nothing that somebody named becomes markup`() async throws {
            let hostile = "<script>alert('1')</script>\"><img src=x onerror=alert(2)>&amp;"
            let key = "\(hostile)/\(hostile).txt"
            let bench = try await ServiceBench(
                ServiceBench.scenario(
                    [key, "plain.txt"],
                    faults: [
                        .error(on: .get, 403, "AccessDenied")
                            .forKey("plain.txt").times(-1)
                    ]))
            try await serve(bench, organization: hostile) { browser, service, _ in
                let job = try await fill(&browser)
                _ = try await browser.post("/console/collections", ["name": "d", "description": hostile])
                var pages: [String] = []
                for path in Self.pages + [
                    "/console/collections/d", "/console/jobs/\(job)", "/console/jobs/\(job)?files=all",
                    "/console/jobs?status=\(ConsoleBrowser.encoded(hostile))",
                    "/console/jobs?collection=\(ConsoleBrowser.encoded(hostile))",
                    "/console/collections/c/search?q=alert",
                    "/console/collections/c/search?q=\(ConsoleBrowser.encoded(hostile))",
                    "/console/collections/c/search?q=x&filter=\(ConsoleBrowser.encoded(hostile))",
                    "/console/collections/\(ConsoleBrowser.encoded(hostile))", "/console/\(hostile)",
                    "/console/aws?bucket=\(ConsoleBrowser.encoded(hostile))",
                ] { pages.append(try await browser.get(path).text) }
                for (path, fields) in [
                    ("/console/collections", ["name": hostile, "description": hostile]),
                    ("/console/aws/role", ["role_arn": hostile, "bucket_name": hostile]),
                    (
                        "/console/collections/c/index",
                        ["bucket_name": hostile, "path": hostile, "metadata": hostile, "include": hostile]
                    ), ("/console/keys", ["name": hostile]), ("/console/keys", ["name": "\u{7}"]),
                ] { pages.append(try await browser.post(path, fields).text) }
                pages.append(try await browser.get("/console/keys").text)
                var stranger = ConsoleBrowser(browser.api)
                pages.append(try await stranger.get("/console/sign-in?next=\(ConsoleBrowser.encoded(hostile))").text)
                for page in pages {
                    #expect(!page.contains("<script>") && !page.contains("<img"), "\(page)")
                    // What a policy that allows neither would refuse.
                    let names = page.replacing(/"[^"]*"/, with: "\"\"")
                    #expect(names.firstMatch(of: /<[^>]* (on[a-z]+|style)=/) == nil)
                    #expect(page.matches(of: /<script/).count == page.matches(of: /<script src="\/console\//).count)
                }
                let document = try await browser.get("/console/collections/c/documents/doc_1").text
                #expect(document.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&gt;"))
                #expect(document.contains("&amp;amp;"))
                let failed = try await browser.get("/console/jobs/\(job)").text
                #expect(failed.contains("plain.txt") && failed.contains("access_denied"))
                #expect(failed.contains("Allow the role s3:GetObject"), "what to change")
            }
        }

        @Test func `what is another organization's or environment's is not there`() async throws {
            try await serve(try await ServiceBench(count: 1)) { browser, service, _ in
                let job = try await fill(&browser)
                let own = try await service.keys.list()[0].keyID
                for (organization, environment) in [("Other", APIEnvironment.development), ("Acme", .production)] {
                    let key = try await service.keys.create(organization: organization, environment: environment)
                    var foreign = try await ConsoleBrowser(browser.api, key: key.key)
                    let paths = { (path: String) in
                        path.replacing("job_1", with: job).replacing("key_1", with: own)
                    }
                    for page in Self.pages.map(paths) where page.contains("/c") && page.contains("s/") {
                        guard page.contains("/collections/c") || page.contains(job) else { continue }
                        let answer = try await foreign.get(page)
                        #expect(answer.status == 404 && answer.text.contains("<h1>Not found</h1>"), "\(page)")
                    }
                    _ = try await foreign.get("/console/keys")
                    for form in Self.forms.map(paths)
                    where form.contains("/collections/c/") || form.contains(job) || form.contains(own) {
                        let answer = try await foreign.post(form, ["bucket_name": "bucket"])
                        #expect(answer.status == 404 && answer.text.contains("<h1>Not found</h1>"), "\(form)")
                    }
                    let keys = try await foreign.get("/console/keys").text
                    #expect(keys.contains(key.key.prefix(12)) && !keys.contains(own))
                    #expect(try await foreign.get("/console/jobs").text.contains("No job yet"))
                    // Its own of the same name is another one.
                    _ = try await foreign.post("/console/collections", ["name": "c"])
                    #expect(try await foreign.get("/console/collections/c").text.contains("No document yet"))
                    #expect(try await foreign.get("/console/collections/c/documents/doc_1").status == 404)
                }
                #expect(try await browser.get("/console/collections/c/documents/doc_1").status == 200)
                #expect(try await browser.get("/console/jobs/\(job)").status == 200)
                #expect(try await browser.get("/console/keys").status == 200, "the key was not revoked")
            }
        }

        @Test func `a key is shown when it is made and never again, and a revoked one is signed out`() async throws {
            try await serve(try await ServiceBench(count: 0)) { browser, service, key in
                let made = try await browser.post("/console/keys", ["name": "ci"])
                let new = try #require(made.text.firstMatch(of: /cap_dev_[0-9a-f]{64}/)).output
                #expect(made.status == 200 && made.headers[.cacheControl] == "no-store")
                let caller = try #require(try await service.keys.caller(withKey: String(new)))
                #expect(caller.environment == .development)
                for page in Self.pages {
                    let text = try await browser.get(page).text
                    #expect(!text.contains(new) && !text.contains(key), "\(page)")
                }
                let list = try await browser.get("/console/keys").text
                #expect(list.contains(">ci<") && list.contains("\(new.prefix(12))…"))
                #expect(list.contains("<time"), "the last use is known")

                var second = try await ConsoleBrowser(browser.api, key: String(new))
                #expect(try await second.get("/console").status == 200)
                let revoked = try await browser.post("/console/keys/\(caller.keyID)/revoke")
                #expect(revoked.status == 303)
                #expect(try await browser.get("/console/keys").text.contains("The key was revoked."))
                #expect(try await second.get("/console").status == 303)
                #expect(try await second.post("/console/keys", ["name": "x"]).headers[.location] == "/console/sign-in")

                #expect(try await browser.post("/console/keys", ["name": ""]).status == 422)
                let gone = try await browser.post("/console/sign-out")
                #expect(gone.status == 303)
                #expect(try await browser.get("/console").status == 303, "the old cookie is nobody's")
            }
        }

        @Test func `every answer forbids what the pages don't need`() async throws {
            let bench = try await ServiceBench(count: 1)
            try await serve(bench) { browser, service, _ in
                _ = try await fill(&browser)
                var answers: [(String, APIClient.Answer)] = []
                for page in Self.pages + ["/console/nothing", "/console/sign-in", "/console/style.css"] {
                    answers.append((page, try await browser.get(page)))
                }
                for form in Self.forms { answers.append((form, try await browser.post(form, ["token": ""]))) }
                for (path, answer) in answers {
                    let policy = answer.headers[.contentSecurityPolicy] ?? ""
                    #expect(policy.hasPrefix("default-src 'none'; ") && !policy.contains("unsafe"), "\(path)")
                    #expect(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"))
                    for (name, value) in [
                        ("X-Frame-Options", "DENY"), ("Referrer-Policy", "same-origin"),
                        ("X-Content-Type-Options", "nosniff"),
                    ] { #expect(answer.headers[HTTPField.Name(name)!] == value, "\(path)") }
                    let keeps = path.hasSuffix(".css")
                    #expect((answer.headers[.cacheControl] == "no-store") != keeps, "\(path)")
                }
                // The API's answers are as they were.
                let api = try await browser.api.call(.get, "/v2/nothing")
                #expect(api.headers[.contentSecurityPolicy] == nil && api.body["detail"] != nil)
            }
        }

        @Test func `what fails is told on a page`() async throws {
            try await serve(try await ServiceBench(count: 0)) { browser, service, _ in
                for path in [
                    "/console/nothing", "/console/collections/nothing", "/console/jobs/job_0", "/console/a/b/c",
                ] {
                    let answer = try await browser.get(path)
                    #expect(answer.status == 404 && answer.headers[.contentType] == "text/html; charset=utf-8")
                    #expect(answer.text.contains("<h1>Not found</h1>") && answer.text.contains("Sign out"), "\(path)")
                }
                var stranger = ConsoleBrowser(browser.api)
                #expect(try await stranger.get("/console/nothing").status == 404)
                await service.shutDown()
                let answer = try await browser.get("/console/jobs")
                #expect(answer.status == 500 && answer.text.contains("<h1>The server failed</h1>"))
                #expect(!answer.text.contains("SQLite"))
            }
        }

        @Test func `a form that can't be taken keeps what was filled in, but no secret`() async throws {
            try await serve(try await ServiceBench(count: 0)) { browser, _, _ in
                _ = try await browser.post("/console/collections", ["name": "c"])
                let path = "/console/collections/c/index"
                func send(_ fields: [String: String]) async throws -> APIClient.Answer {
                    try await browser.post(path, ["scope": "bucket", "bucket_name": "bucket"].merging(fields) { $1 })
                }
                let secret = ServiceBench.secret
                let both = try await send([
                    "role_arn": "arn:aws:iam::123456789012:role/R", "access_key_id": "AKIDEXAMPLE",
                    "secret_access_key": secret,
                ])
                #expect(both.status == 422 && both.text.contains("Give a role or keys, not both."))
                #expect(both.text.contains("value=\"AKIDEXAMPLE\"") && !both.text.contains(secret))
                for (fields, name) in [
                    ([:], "role_arn"), (["bucket_name": "No Bucket"], "bucket_name"), (["path": "a"], "path"),
                    (["scope": "directory"], "path"), (["scope": "file"], "path"), (["max_files": "0"], "max_files"),
                    (["max_files": "x"], "max_files"), (["metadata": "no colon"], "metadata"),
                    (["metadata": "$a: b"], "metadata"), (["include": "[", "max_files": "7"], "include"),
                    (["scope": "file", "path": "a.txt", "max_files": "7"], "max_files"),
                ] as [([String: String], String)] {
                    let answer = try await send(
                        ["access_key_id": name == "role_arn" ? "" : "AKIDEXAMPLE", "secret_access_key": secret]
                            .filter { !$0.value.isEmpty && name != "role_arn" }.merging(fields) { $1 })
                    #expect(answer.status == 422 && answer.text.contains("id=\"\(name)-problem\""), "\(fields)")
                    #expect(answer.text.contains("aria-describedby=\"\(name)-problem"), "\(fields)")
                    #expect(fields["max_files"] != "7" || answer.text.contains("value=\"7\""))
                }
                #expect(try await browser.get("/console/jobs").text.contains("No job yet"))
            }
        }

        @Test func `a form that is sent twice begins one job`() async throws {
            try await serve(try await ServiceBench(count: 1)) { browser, service, _ in
                _ = try await browser.post("/console/collections", ["name": "c"])
                let page = try await browser.get("/console/collections/c/index").text
                let key = try #require(page.firstMatch(of: /name="idempotency_key" value="([0-9a-f]+)"/)).output.1
                var places: Set<String> = []
                for _ in 0..<2 {
                    let answer = try await browser.post(
                        "/console/collections/c/index",
                        [
                            "scope": "file", "bucket_name": "bucket", "path": "10.txt", "bucket_region": "us-east-1",
                            "access_key_id": "AKIDEXAMPLE", "secret_access_key": ServiceBench.secret,
                            "idempotency_key": String(key),
                        ])
                    places.insert(try #require(answer.headers[.location], "\(answer.text)"))
                }
                #expect(places.count == 1)
            }
        }
    }
#endif
