import Foundation
import TestServers
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// I8: no secret in logs, errors, the store or argv, wherever it comes from and however the run ends.
@Suite(.timeLimit(.minutes(30))) struct SecrecyTests {
    /// Where the secrets stand.
    enum Place: CaseIterable {
        case environment, credentialsFile, configVariable, configLiteral, assumedRole
    }

    private let base = Canary("base")
    private let session = Canary("session")

    @Test("I8: no secret gets out, however a run ends", arguments: Place.allCases)
    func noSecretGetsOut(place: Place) async throws {
        let server = try await ScriptedS3Server(scenario([]))
        defer { server.stop() }
        let bench = try bench(place, server)
        for (index, course) in (courses(place) + courses(place).reversed()).enumerated() {
            try server.play(scenario(course.faults))
            // A new store each time, so that there is always something to read.
            try? FileManager.default.removeItem(at: bench.store)
            try FileManager.default.createDirectory(at: bench.store, withIntermediateDirectories: true)
            let format = index.isMultiple(of: 2) ? "text" : "json"
            let outcome = try await DredgeBinary.run(
                ["run", "c.yaml", "--log-level", "debug", "--log-format", format], environment: bench.environment,
                directory: bench.directory.url)
            #expect(outcome.status == course.status, "\(course.name): \(outcome)")
            if let said = course.said { #expect(outcome.error.contains(said), "\(course.name): \(outcome.error)") }
            try expectNothing(outcome, bench, course.name)
        }
        // They were used: each request had its token.
        let tokens = Set(try server.requests().map { $0.headers["x-amz-security-token"] })
        #expect(tokens == (place == .assumedRole ? [base.sessionToken, session.sessionToken] : [base.sessionToken]))
    }

    @Test("I8: no secret gets out of a check, whatever the services say", arguments: [Place.environment, .assumedRole])
    func noSecretGetsOutOfACheck(place: Place) async throws {
        let server = try await ScriptedS3Server(scenario([]))
        defer { server.stop() }
        let bench = try bench(place, server)
        for course in courses(place) {
            try server.play(scenario(course.faults))
            for flags in [[], ["--json", "--log-level", "debug", "--log-format", "json"]] {
                let outcome = try await DredgeBinary.run(
                    ["check", "c.yaml"] + flags, environment: bench.environment, directory: bench.directory.url)
                #expect([0, 3].contains(outcome.status), "\(course.name): \(outcome)")
                for canary in [base, session] {
                    canary.expectAbsent(
                        from: Data((outcome.output + outcome.error).utf8), "check \(flags), course \"\(course.name)\"")
                }
            }
        }
    }

    @Test("I8: no secret is in the arguments of a run, nor in what a stop leaves", arguments: Place.allCases)
    func noSecretIsInTheArguments(place: Place) async throws {
        let server = try await ScriptedS3Server(scenario([.hang(on: .get)]))
        defer { server.stop() }
        let bench = try bench(place, server)
        let run = try DredgeBinary.start(
            ["run", "c.yaml", "--log-level", "debug"], environment: bench.environment, directory: bench.directory.url)
        while try !server.requests().contains(where: { $0.fault == "hang" }) {
            try #require(run.isRunning)
            try await Task.sleep(for: .milliseconds(20))
        }
        #if os(Linux)
            let arguments = try Data(contentsOf: URL(filePath: "/proc/\(run.processIdentifier)/cmdline"))
            #expect(arguments.range(of: Data("c.yaml".utf8)) != nil)
            for canary in [base, session] { canary.expectAbsent(from: arguments, "the arguments") }
        #endif
        run.send(SIGINT)
        let outcome = await run.wait()
        #expect(outcome.status == 4, "\(outcome)")
        try expectNothing(outcome, bench, "stopped")
    }

    /// `s3.test` is a name that nobody has (RFC 6761).
    @Test(
        "I8: a password or a query in the URL of an endpoint or a proxy does not get out",
        arguments: ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_STS", "http_proxy", "endpoint_url"],
        [false, true])
    func noSecretOfAURLGetsOut(name: String, isQuery: Bool) async throws {
        let password = "canaryPasswordOfAURL"
        let host = "127.0.0.1:\(try LoopbackPort.free())"
        let url = isQuery ? "http://\(host)/?token=\(password)" : "http://user:\(password)@\(host)"
        let directory = try TemporaryDirectory()
        let role = "{assume_role: [{role_arn: \"\(MotoScenario.roleARN("reader"))\"}]}"
        let endpoint = name == "endpoint_url" ? url : name == "http_proxy" ? "http://s3.test" : nil
        try directory.write(
            "c.yaml",
            """
            store: s.chunks
            sources:
              - bucket: bucket
                \(endpoint.map { "endpoint_url: \"\($0)\"" } ?? "region: us-east-1")
                auth: \(name.hasSuffix("STS") ? role : "ambient")
            """)
        var environment = ["AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": base.secretAccessKey]
        if name != "endpoint_url" { environment[name] = url }
        let outcome = try await DredgeBinary.run(
            ["run", "c.yaml", "--log-level", "debug"], environment: environment, directory: directory.url)
        // A proxy is found wrong when it is used, an endpoint before.
        #expect(outcome.status == (name == "http_proxy" ? 3 : 1), "\(outcome)")
        for (text, place) in [(outcome.output, "standard output"), (outcome.error, "standard error")] {
            Canary.expectAbsent([password, base.secretAccessKey], from: Data(text.utf8), place)
        }
    }

    // MARK: The runs

    private struct Bench {
        var directory: TemporaryDirectory
        var environment: [String: String]
        var store: URL { directory.url.appending(path: "store") }
    }

    /// A directory with a config for `server` that has its secrets from `place`.
    private func bench(_ place: Place, _ server: ScriptedS3Server) throws -> Bench {
        let directory = try TemporaryDirectory()
        let inEnvironment = [
            "AWS_ACCESS_KEY_ID": "AKIDBASE", "AWS_SECRET_ACCESS_KEY": base.secretAccessKey,
            "AWS_SESSION_TOKEN": base.sessionToken,
        ]
        func accessKey(_ secret: String, _ token: String) -> String {
            "{access_key: {access_key_id: AKIDBASE, secret_access_key: \"\(secret)\", session_token: \"\(token)\"}}"
        }
        var auth = "ambient", environment: [String: String] = [:]
        switch place {
        case .environment: environment = inEnvironment
        case .credentialsFile:
            environment["AWS_SHARED_CREDENTIALS_FILE"] = try directory.write(
                "credentials",
                """
                [default]
                aws_access_key_id = AKIDBASE
                aws_secret_access_key = \(base.secretAccessKey)
                aws_session_token = \(base.sessionToken)

                """)
        case .configVariable:
            environment = inEnvironment
            auth = accessKey("${AWS_SECRET_ACCESS_KEY}", "${AWS_SESSION_TOKEN}")
        case .configLiteral: auth = accessKey(base.secretAccessKey, base.sessionToken)
        case .assumedRole:
            environment = inEnvironment
            auth = "{assume_role: [{role_arn: \"\(MotoScenario.roleARN("reader"))\"}]}"
        }
        try directory.write(
            "c.yaml",
            """
            store: store/s.chunks
            limits: {part: 64KiB, memory: 64MiB}
            sources:
              - name: contracts
                bucket: bucket
                region: us-east-1
                endpoint_url: "\(server.endpointURL)"
                sts_endpoint_url: "\(server.endpointURL)"
                auth: \(auth)
            """)
        let bench = Bench(directory: directory, environment: environment)
        try FileManager.default.createDirectory(at: bench.store, withIntermediateDirectories: true)
        return bench
    }

    private func scenario(_ faults: [ScriptedS3Server.Fault]) -> ScriptedS3Server.Scenario {
        var text = SampleText(seed: 71)
        var scenario = ScriptedS3Server.Scenario(
            objects: (1...4).map { .init("\($0).txt", body: text.lines(byteCount: 40_000 * $0)) }, faults: faults)
        scenario.session = .init(
            accessKeyID: "ASIASESSION", secretAccessKey: session.secretAccessKey, sessionToken: session.sessionToken)
        return scenario
    }

    private struct Course {
        var name: String
        var faults: [ScriptedS3Server.Fault] = []
        var status: Int32 = 3
        /// In what is said on standard error.
        var said: String?
    }

    private func courses(_ place: Place) -> [Course] {
        // AWS repeats what it was sent in elements of its own: `Token-0`, `CanonicalRequest`.
        let echo = Dictionary(
            uniqueKeysWithValues: (base.secrets + session.secrets).enumerated().map { ("Token-\($0)", $1) })
        let echoed = (base.secrets + session.secrets).joined(separator: "\n")
        let headers = ["x-amz-security-token": session.sessionToken, "x-echo": base.sessionToken]
        // What was sent to S3, and to STS: a service that repeats a token in its message, or as its code, knows no
        // other.
        let sent = place == .assumedRole ? session.sessionToken : base.sessionToken
        func error(_ action: ScriptedS3Server.Action, _ status: Int, _ code: String) -> ScriptedS3Server.Fault {
            let token = action == .assumeRole ? base.sessionToken : sent
            return .error(
                on: action, status, code, message: "No, not with \(token).", fields: echo, headers: headers
            ).times(-1)
        }
        func throttle(_ action: ScriptedS3Server.Action) -> ScriptedS3Server.Fault {
            .error(on: action, 503, "SlowDown", message: "Slow down, \(sent).", fields: echo, headers: headers).times(2)
        }
        var courses = [
            Course(name: "complete", status: 0, said: "Complete"),
            Course(
                name: "one denied", faults: [error(.get, 403, "AccessDenied").forKey("2.txt")], status: 2, said: "2.txt"
            ),
            Course(name: "all denied", faults: [error(.get, 403, "AccessDenied")], said: "code AccessDenied"),
            Course(name: "listing denied", faults: [error(.list, 403, "AccessDenied")], said: "code AccessDenied"),
            Course(name: "no bucket", faults: [error(.list, 404, "NoSuchBucket")], said: "code NoSuchBucket"),
            Course(name: "throttled", faults: [throttle(.list), throttle(.get)], status: 0, said: "throttled"),
            Course(name: "expired", faults: [error(.list, 400, "ExpiredToken")], said: "code ExpiredToken"),
            Course(
                name: "signature", faults: [error(.get, 403, "SignatureDoesNotMatch")],
                said: "code SignatureDoesNotMatch"),
            Course(name: "unknown error", faults: [error(.list, 418, "Teapot")], said: "code Teapot"),
            Course(name: "no code", faults: [error(.list, 418, sent)], said: "HTTP 418"),
            Course(
                name: "no listing", faults: [.raw(on: .list, "<html>\(echoed)</html>").times(-1)],
                said: "could not list"),
            Course(name: "no XML", faults: [.raw(on: .list, echoed).times(-1)], said: "could not list"),
        ]
        if place == .assumedRole {
            courses += [
                Course(
                    name: "role denied", faults: [error(.assumeRole, 403, "AccessDenied")],
                    said: "could not assume role"),
                Course(
                    name: "role expired", faults: [error(.assumeRole, 403, "ExpiredToken")],
                    said: "could not assume role"),
                Course(
                    name: "no STS", faults: [error(.assumeRole, 404, base.sessionToken)],
                    said: "could not assume role"),
            ]
        }
        return courses
    }

    /// Looks through everything that a run leaves.
    private func expectNothing(_ outcome: DredgeBinary.Outcome, _ bench: Bench, _ course: String) throws {
        var places = [("standard output", Data(outcome.output.utf8)), ("standard error", Data(outcome.error.utf8))]
        let files = try FileManager.default.contentsOfDirectory(at: bench.store, includingPropertiesForKeys: nil)
        #expect(!files.isEmpty)
        places += try files.map { ($0.lastPathComponent, try Data(contentsOf: $0)) }
        for (place, bytes) in places {
            for canary in [base, session] { canary.expectAbsent(from: bytes, "\(place), course \"\(course)\"") }
        }
    }
}
