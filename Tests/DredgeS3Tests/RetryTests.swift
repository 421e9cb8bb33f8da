import DredgeAWS
import DredgeS3
import DredgeTransfer
import Foundation
import TestServers
import Testing

private typealias Object = ScriptedS3Server.Object
private typealias Fault = ScriptedS3Server.Fault
private typealias Scenario = ScriptedS3Server.Scenario

/// What is tried again, how, and what it ends with.
@Suite(.timeLimit(.minutes(30))) struct RetryTests {
    private let object = Object("a", body: Array("hello".utf8))

    @Test(
        arguments: [
            (503, "SlowDown"), (503, "ServiceUnavailable"), (503, nil), (429, nil), (400, "ThrottlingException"),
            (500, "InternalError"), (500, nil), (502, nil), (504, nil), (400, "RequestTimeout"),
            (409, "OperationAborted"), (408, nil),
        ] as [(Int, String?)])
    func `passing failures are waited out`(status: Int, code: String?) async throws {
        let faults = [Fault.error(on: .get, status, code).times(2)]
        try await ScriptedBucket.with(.init(objects: [object], faults: faults)) { bucket in
            let (_, read) = try await bucket.read("a", 0..<5)
            #expect(read == Array("hello".utf8))
            #expect(try bucket.server.requests().count == 3)
            #expect(bucket.waits.all.count == 2)
            let isThrottling = [503, 429].contains(status) || code == "ThrottlingException"
            #expect(bucket.gate.throttleCount == (isThrottling ? 2 : 0))
        }
    }

    @Test(
        arguments: [
            (403, "AccessDenied", S3Error.Code.accessDenied), (403, "AllAccessDisabled", .accessDenied),
            (403, nil, .accessDenied), (404, "NoSuchKey", .noSuchKey),
            (404, "NoSuchBucket", .noSuchBucket), (412, "PreconditionFailed", .preconditionFailed),
            (403, "InvalidObjectState", .archived), (416, "InvalidRange", .invalidRange),
            (405, "MethodNotAllowed", .methodNotAllowed), (403, "InvalidAccessKeyId", .invalidCredentials),
            (403, "SignatureDoesNotMatch", .invalidCredentials), (403, "RequestTimeTooSkewed", .clockSkewed),
            (400, "KMS.DisabledException", .kms), (400, "KeyTooLongError", .keyTooLong),
            (403, "InvalidPayer", .requesterPays),
            (400, "SomethingNew", .other), (304, nil, .other),
        ] as [(Int, String?, S3Error.Code)])
    func `lasting failures are told at once`(status: Int, code: String?, expected: S3Error.Code) async throws {
        let faults = [Fault.error(on: .get, status, code, message: "so it is").times(-1)]
        try await ScriptedBucket.with(.init(objects: [object], faults: faults)) { bucket in
            let error = try #require(try await bucket.readError("a", 0..<5))
            #expect(error.code == expected)
            #expect(error.attemptCount == 1)
            #expect(error.status == status)
            #expect(error.serviceCode == code)
            #expect(error.requestID == "SCRIPTED0001")
            #expect(error.bucket == "bucket" && error.key == ObjectKey("a") && error.range == 0..<5)
            #expect(!error.advice.isEmpty)
            if code != nil { #expect(error.message.contains("so it is")) }
        }
    }

    @Test func `a 404 that is not S3's is tried again, and never means that the object is gone`() async throws {
        let faults = [Fault.error(on: .get, 404, nil).times(4)]
        try await ScriptedBucket.with(.init(objects: [object], faults: faults)) { bucket in
            let error = try await bucket.readError("a", 0..<5)
            #expect(error?.code == .malformedAnswer && error?.attemptCount == 3)
            #expect(error?.isFatalForSource == false)
            _ = try await bucket.read("a", 0..<5)
        }
    }

    @Test func `throttling that does not end is an error after all attempts`() async throws {
        let faults = [Fault.error(on: .get, 503, "SlowDown").times(-1)]
        try await ScriptedBucket.with(.init(objects: [object], faults: faults)) { bucket in
            let error = try #require(try await bucket.readError("a", 0..<5))
            #expect(error.code == .throttled)
            #expect(error.attemptCount == 3)
            #expect(!error.isFatalForSource)  // I7
            #expect(bucket.gate.throttleCount == 3)
            // Full jitter, here always at its upper end: each wait may be twice as long as the one before.
            #expect(bucket.waits.all == [.seconds(1), .seconds(2)])
        }
    }

    @Test func `Retry-After is waited for, within the policy`() async throws {
        let faults = [
            Fault.error(on: .get, 503, "SlowDown", headers: ["Retry-After": "3"]),
            .error(on: .get, 503, "SlowDown", headers: ["Retry-After": "86400"]),
            .error(on: .get, 503, "SlowDown", headers: ["Retry-After": "soon"]),
            .error(on: .get, 500, "InternalError", headers: ["x-amz-retry-after": "1500", "Retry-After": "1"]),
        ]
        var retry = RetryPolicy()
        retry.attemptCountMax = 5
        try await ScriptedBucket.with(.init(objects: [object], faults: faults), retry: retry) { bucket in
            _ = try await bucket.read("a", 0..<5)
            #expect(bucket.waits.all == [.seconds(3), .seconds(7), .seconds(4), .milliseconds(1500)])
        }
    }

    @Test func `where the quota is used up, failures are told without a retry, until requests succeed again`()
        async throws
    {
        var retry = RetryPolicy()
        retry.quotaTokenCount = 30
        let faults = [
            Fault.error(on: .get, 500, "InternalError").times(4), .error(on: .get, 503, "SlowDown"),
        ]
        try await ScriptedBucket.with(.init(objects: [object], faults: faults), retry: retry) { bucket in
            // Two retries of 14 tokens leave 2, which are too few for the next.
            for attemptCount in [3, 1, 1] {
                let error = try await bucket.readError("a", 0..<5)
                #expect(error?.attemptCount == attemptCount)
            }
            #expect(bucket.waits.all.count == 2)
            for _ in 0..<3 { _ = try await bucket.read("a", 0..<5) }
            try bucket.server.play(.init(objects: [object], faults: [.error(on: .get, 503, "SlowDown").times(-1)]))
            let error = try await bucket.readError("a", 0..<5)
            #expect(error?.attemptCount == 2, "three successes gave a token each")
        }
    }

    @Test func `a retry that succeeds gives back what it cost`() async throws {
        var retry = RetryPolicy()
        retry.quotaTokenCount = 14
        let scenario = Scenario(objects: [object], faults: [.error(on: .get, 500, "InternalError")])
        try await ScriptedBucket.with(scenario, retry: retry) { bucket in
            for _ in 0..<4 {
                try bucket.server.play(scenario)
                let head = try await bucket.read("a", 0..<5).head
                #expect(head.attemptCount == 2)
            }
        }
    }

    @Test func `the number of attempts is that of the environment, else of the profile`() async throws {
        let faults = [Fault.error(on: .get, 500, "InternalError").times(-1)]
        let config = FileManager.default.temporaryDirectory.appending(path: "retry-\(UUID().uuidString)")
        try Data("[default]\nmax_attempts = 2\nretry_mode = legacy\n".utf8).write(to: config)
        defer { try? FileManager.default.removeItem(at: config) }
        let environments = [
            ([:], 3), (["AWS_CONFIG_FILE": config.path], 2),
            (["AWS_CONFIG_FILE": config.path, "AWS_MAX_ATTEMPTS": "5", "AWS_RETRY_MODE": "adaptive"], 5),
        ]
        for (environment, attemptCount) in environments {
            try await ScriptedBucket.with(
                .init(objects: [object], faults: faults), environment: environment
            ) { bucket in
                let error = try await bucket.readError("a", 0..<5)
                #expect(error?.attemptCount == attemptCount)
            }
        }
    }

    @Test(arguments: [
        ["AWS_MAX_ATTEMPTS": "0"], ["AWS_MAX_ATTEMPTS": "many"], ["AWS_RETRY_MODE": "sometimes"],
    ])
    func `a setting of retries that can't be is told with its name`(environment: [String: String]) async throws {
        try await ScriptedBucket.with(.init(objects: [object]), environment: environment) { bucket in
            let error = try await bucket.readError("a", 0..<5)
            let (name, value) = try #require(environment.first)
            #expect(error?.message.contains(name) == true && error?.message.contains(value) == true)
            #expect(error?.attemptCount == 0 && error?.isFatalForSource == true)
        }
    }

    @Test func `each attempt is signed anew (I9)`() async throws {
        let credentials = RotatingCredentials(["AKFIRST", "AKSECOND"])
        let faults = [Fault.error(on: .get, 500, "InternalError"), .error(on: .get, 400, "ExpiredToken")]
        try await ScriptedBucket.with(.init(objects: [object], faults: faults), credentials: credentials) { bucket in
            _ = try await bucket.read("a", 0..<5)
            let signatures = try bucket.server.requests().compactMap { $0.headers["authorization"] }
            #expect(signatures.map { $0.contains("AKFIRST") } == [true, true, false])
        }
    }

    @Test func `what ended while its request waited is asked for again before it is signed (I9)`() async throws {
        try await ScriptedBucket.with(.init(objects: [object]), credentials: OutlivedCredentials(["AKOLD", "AKNEW"])) {
            _ = try await $0.read("a", 0..<5)
            let signatures = try $0.server.requests().compactMap { $0.headers["authorization"] }
            #expect(signatures.map { $0.contains("AKNEW") } == [true])
        }
        // By the service's clock they may be good.
        try await ScriptedBucket.with(.init(objects: [object]), credentials: OutlivedCredentials(["AKOLD"])) {
            _ = try await $0.read("a", 0..<5)
            let signatures = try $0.server.requests().compactMap { $0.headers["authorization"] }
            #expect(signatures.map { $0.contains("AKOLD") } == [true])
        }
        // None are left.
        try await ScriptedBucket.with(
            .init(objects: [object]), credentials: OutlivedCredentials(["AKOLD"], failsThen: true)
        ) {
            let error = try #require(try await $0.readError("a", 0..<5))
            #expect(error.code == .credentials)
            #expect(error.message == "no credentials: refresh: there are no more")
            #expect(try $0.server.requests().isEmpty)
        }
    }

    @Test(arguments: ["ExpiredToken", "InvalidToken", "TokenRefreshRequired"])
    func `refused session tokens are replaced once (I9)`(code: String) async throws {
        let credentials = RotatingCredentials(["AKOLD", "AKNEW"])
        let once = Scenario(objects: [object], faults: [.error(on: .get, 400, code)])
        try await ScriptedBucket.with(once, credentials: credentials) { bucket in
            _ = try await bucket.read("a", 0..<5)
            #expect(credentials.refused == ["AKOLD"])
            #expect(bucket.waits.all.isEmpty)
            // Again and again: told after the second refusal.
            try bucket.server.play(.init(objects: [object], faults: [.error(on: .get, 400, code).times(-1)]))
            let error = try #require(try await bucket.readError("a", 0..<5))
            #expect(error.code == .expiredCredentials)
            #expect(error.attemptCount == 2)
            #expect(error.isFatalForSource)
        }
    }

    @Test func `no credentials means an unsigned request, and an error that says so`() async throws {
        let faults = [Fault.error(on: .get, 403, "AccessDenied").times(1, afterSkipping: 1)]
        try await ScriptedBucket.with(
            .init(objects: [object], faults: faults), credentials: CredentialSources.anonymous()
        ) { bucket in
            _ = try await bucket.read("a", 0..<5)
            #expect(try bucket.server.requests().allSatisfy { $0.headers["authorization"] == nil })
            let error = try #require(try await bucket.readError("a", 0..<5))
            #expect(error.advice.contains("anonymous"))
        }
    }

    @Test(arguments: ["ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed"])
    func `what speaks of credentials though none signed is told as the service's doing`(code: String) async throws {
        try await ScriptedBucket.with(
            .init(objects: [object], faults: [.error(on: .get, 403, code).times(-1)]),
            credentials: CredentialSources.anonymous()
        ) { bucket in
            let error = try #require(try await bucket.readError("a", 0..<5))
            #expect(error.serviceCode == code && error.advice.hasPrefix("The request was not signed"), "\(error)")
        }
    }

    @Test func `credentials that can't be had are an error of the source, with its cause`() async throws {
        struct NoCredentials: CredentialSource {
            func credentials() async throws(AWSError) -> Credentials? {
                throw AWSError(
                    code: .accessDenied, step: "assume role arn:aws:iam::1:role/r", message: "no", advice: "fix")
            }
            func refused(_ credentials: Credentials) async {}
        }
        try await ScriptedBucket.with(.init(objects: [object]), credentials: NoCredentials()) { bucket in
            let error = try #require(try await bucket.readError("a", 0..<5))
            #expect(error.code == .credentials)
            #expect(error.isFatalForSource)
            #expect(error.cause?.code == .accessDenied)
            #expect(error.advice == "fix")
            #expect(try bucket.server.requests().isEmpty)
        }
    }

    /// `RequestTimeTooSkewed` as a service says it whose clock is a month ahead.
    private func skewed(times: Int) -> Fault {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        // 43,920 minutes: what a busy machine takes from it does not show in the first digits.
        let theirs = Date(timeIntervalSinceNow: 30 * 86_400 + 43_200)
        return Fault.error(
            on: .list, 403, "RequestTimeTooSkewed", headers: ["Date": formatter.string(from: theirs)]
        ).times(times)
    }

    @Test func `a request refused for the clock is signed anew in the service's time, once`() async throws {
        try await ScriptedBucket.with(.init(faults: [skewed(times: 1)])) { bucket in
            #expect(try await bucket.listError() == nil)
            let dates = try bucket.server.requests().compactMap { $0.headers["x-amz-date"] }
            #expect(dates.count == 2)
            #expect(dates[0].prefix(6) != dates[1].prefix(6), "another month: \(dates)")
            // The answer had the right time again, and so has the next request.
            #expect(try await bucket.listError() == nil)
            #expect(try bucket.server.requests().last?.headers["x-amz-date"]?.prefix(6) == dates[0].prefix(6))
            #expect(bucket.waits.all.isEmpty)
        }
    }

    @Test func `a cache's old answer is no sign of a wrong clock`() async throws {
        let old = Fault.headers(on: .get, ["Date": "Fri, 31 Jan 2025 23:59:59 GMT", "Age": "3600"]).times(1)
        try await ScriptedBucket.with(.init(objects: [object], faults: [old])) { bucket in
            for _ in 0..<2 { _ = try await bucket.read("a", 0..<5) }
            let dates = try bucket.server.requests().compactMap { $0.headers["x-amz-date"] }
            #expect(dates.count == 2)
            #expect(dates.allSatisfy { !$0.hasPrefix("202501") }, "\(dates)")
        }
    }

    @Test func `a clock that is off after the correction, too, is told with the difference`() async throws {
        try await ScriptedBucket.with(.init(faults: [skewed(times: -1)])) { bucket in
            let error = try #require(try await bucket.listError())
            #expect(error.code == .clockSkewed)
            #expect(error.attemptCount == 2)
            #expect(error.advice.contains("is 439") && error.advice.contains("minutes behind"))
        }
    }

    @Test func `a cancelled task leaves its backoff at once`() async throws {
        var retry = RetryPolicy()
        retry.delayMin = .seconds(3_600)
        retry.delayMax = .seconds(3_600)
        let faults = [Fault.error(on: .get, 503, "SlowDown", headers: ["Retry-After": "3600"]).times(-1)]
        try await ScriptedBucket.with(
            .init(objects: [object], faults: faults), retry: retry, waitsForReal: true
        ) { bucket in
            let task = Task { try await bucket.readError("a", 0..<5) }
            while bucket.gate.throttleCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            let error = try await task.value
            #expect(error?.code == .cancelled)
            #expect(error?.isFatalForSource == false)
        }
    }

    @Test func `a cancelled task leaves a request without an answer`() async throws {
        try await ScriptedBucket.with(.init(objects: [object], faults: [.hang(on: .get).times(-1)])) { bucket in
            let task = Task { try await bucket.readError("a", 0..<5) }
            while try bucket.server.requests().isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            let error = try await task.value
            #expect(error?.code == .cancelled)
        }
    }

    @Test func `a server that falls silent is given another try`() async throws {
        var limits = TransferLimits()
        limits.progressTimeout = .seconds(5)
        try await ScriptedBucket.with(
            .init(objects: [object], faults: [.hang(on: .get)]), transferLimits: limits
        ) { bucket in
            let (_, read) = try await bucket.read("a", 0..<5)
            #expect(read == Array("hello".utf8))
        }
    }

    @Test func `bytes that come too slowly are no progress: the attempts are used up`() async throws {
        var limits = TransferLimits()
        limits.floorPeriod = .seconds(2)
        let faults = [Fault.drip(on: .get, seconds: 0.05).times(-1), .drip(on: .list, seconds: 0.05)]
        let slow = Object("a", body: patternedBytes(count: 100_000))
        try await ScriptedBucket.with(.init(objects: [slow], faults: faults), transferLimits: limits) { bucket in
            let error = try await bucket.readError("a", 0..<100_000)
            #expect(error?.code == .shortBody && error?.attemptCount == 3)
            #expect(error?.isFatalForSource == false)
            let listError = try await bucket.listError()
            #expect(listError == nil, "a listing that drips once is read again")
        }
    }

    @Test func `an endpoint where nothing listens is told with its host, after few attempts`() async throws {
        let port = try LoopbackPort.free()
        let loop = try TransferLoop()
        let waits = RecordedWaits()
        let client = S3Client(
            settings: .init(bucket: "bucket", endpointURL: "http://127.0.0.1:\(port)"),
            credentials: CredentialSources.anonymous(), transfer: loop, environment: [:], limits: .init(),
            clock: waits.clock)
        let error = await #expect(throws: S3Error.self) { try await client.listPage(prefix: ObjectKey("")) }
        await loop.shutDown()
        #expect(error?.code == .unreachable)
        #expect(error?.attemptCount == 3)
        #expect(error?.advice.contains("127.0.0.1:\(port)") == true)
        #expect(error?.isFatalForSource == true)
    }

    @Test func `settings that can't work are told by the first request`() async throws {
        let loop = try TransferLoop()
        let client = S3Client(
            settings: .init(bucket: "bucket", endpointURL: "localhost:9000"),
            credentials: CredentialSources.anonymous(), transfer: loop, environment: [:])
        let error = await #expect(throws: S3Error.self) { try await client.headObject(ObjectKey("a")) }
        await loop.shutDown()
        #expect(error?.isFatalForSource == true)
        #expect(error?.message.contains("http://127.0.0.1:9000") == true)
    }
}
