import DredgeAWS
import DredgeBase
import DredgeTransfer
import Foundation
import TestServers
import Testing

@testable import DredgeS3

private typealias Object = ScriptedS3Server.Object
private typealias Fault = ScriptedS3Server.Fault

/// What is written as a whole, under which condition, and what an error of it says.
@Suite(.timeLimit(.minutes(30))) struct WriteTests {
    private let key = ObjectKey("dir/a b")
    private let bytes = Array("what was to be written".utf8)

    /// The error that a write gives, if any.
    private func failure(
        _ bucket: ScriptedBucket, _ bytes: [UInt8]? = nil, if condition: WriteCondition = .none
    ) async -> S3Error? {
        do {
            _ = try await bucket.client.put(key, bytes ?? self.bytes, if: condition)
            return nil
        } catch {
            return error
        }
    }

    private func content(_ bucket: ScriptedBucket) async throws -> [UInt8]? {
        try await bucket.client.read(key, byteCountMax: 1_000)?.bytes
    }

    @Test(arguments: [(WriteCondition.none, nil, nil), (.absent, "*", nil), (.matches(ETag("\"x\"")), nil, "\"x\"")])
    func `a write signs its bytes and its condition`(
        condition: WriteCondition, ifNoneMatch: String?, ifMatch: String?
    ) async throws {
        var object = Object("dir/a b", body: [1])
        object.eTag = "\"x\""
        try await ScriptedBucket.with(.init(objects: condition == .absent ? [] : [object])) { bucket in
            let answer = try await bucket.client.put(key, bytes, if: condition)
            #expect(abs(answer.date?.timeIntervalSinceNow ?? 1e9) < 60)
            let request = try #require(try bucket.server.requests().first)
            #expect(request.action == .put && request.method == "PUT" && request.key == key.bytes)
            #expect(request.headers["x-amz-content-sha256"] == SHA256.hex(bytes))
            #expect(request.headers["content-length"] == String(bytes.count))
            #expect(request.headers["expect"] == nil && request.headers["content-type"] == nil)
            #expect(request.headers["if-none-match"] == ifNoneMatch && request.headers["if-match"] == ifMatch)
            let signed = request.headers["authorization"]?.split(separator: ",").first { $0.contains("SignedHeaders=") }
            #expect(signed?.contains("if-none-match") == (ifNoneMatch != nil))
            #expect(signed?.contains("if-match") == (ifMatch != nil))
            let read = try #require(try await bucket.client.read(key, byteCountMax: 1_000))
            #expect(read.bytes == bytes && read.eTag == answer.eTag)
            #expect(abs(read.date?.timeIntervalSinceNow ?? 1e9) < 60)
        }
    }

    @Test func `of those who create an object at once, one does`() async throws {
        try await ScriptedBucket.with(.init()) { bucket in
            let errors = await withTaskGroup(of: (UInt8, S3Error?).self) { group in
                for number in UInt8(0)..<16 {
                    group.addTask { (number, await failure(bucket, [number], if: .absent)) }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = $1.1?.code }
            }
            let winner = try #require(try await content(bucket))
            #expect(errors.count == 15 && errors.values.allSatisfy { $0 == .preconditionFailed })
            #expect(errors[winner[0]] == nil)
        }
    }

    @Test func `a version is replaced once`() async throws {
        try await ScriptedBucket.with(.init()) { bucket in
            let first = try await bucket.client.put(key, [1], if: .absent).eTag
            let second = try await bucket.client.put(key, [2], if: .matches(first)).eTag
            #expect(first != second)
            let late = try #require(await failure(bucket, [3], if: .matches(first)))
            #expect(late.code == .preconditionFailed && late.attemptCount == 1 && late.key == key)
            #expect(late.advice.contains("written again since it was read"), "\(late)")
            #expect(try await content(bucket) == [2])
            try bucket.server.play(.init())
            let gone = await failure(bucket, [3], if: .matches(second))
            #expect(gone?.code == .noSuchKey && gone?.advice.contains("is gone") == true)
            #expect(try await content(bucket) == nil)
        }
    }

    @Test func `an attempt whose answer is lost has written, and the next one finds that`() async throws {
        let lost = Fault.reset(on: .put, at: .head(byteCount: 5))
        try await ScriptedBucket.with(.init(faults: [lost])) { bucket in
            let found = try #require(await failure(bucket, if: .absent))
            #expect(found.code == .preconditionFailed && found.attemptCount == 2)
            #expect(found.advice.contains("an attempt whose answer was lost"), "\(found)")
            #expect(try await content(bucket) == bytes)
        }
        try await ScriptedBucket.with(.init(faults: [lost])) { bucket async throws in
            #expect(await failure(bucket) == nil)
            #expect(try bucket.server.requests().count == 2)
        }
    }

    @Test func `a write that came between is waited for, and in the end told as the condition that failed`()
        async throws
    {
        for (code, end) in [
            ("ConditionalRequestConflict", S3Error.Code.preconditionFailed), ("OperationAborted", .serviceFailure),
        ] {
            try await ScriptedBucket.with(.init(faults: [.error(on: .put, 409, code).times(2)])) { bucket in
                #expect(await failure(bucket, if: .absent) == nil)
                #expect(bucket.waits.all.count == 2)
                try bucket.server.play(.init(faults: [.error(on: .put, 409, code).times(-1)]))
                let error = try #require(await failure(bucket, if: .absent))
                #expect(error.code == end && error.attemptCount == 3 && error.serviceCode == code)
            }
        }
    }

    @Test(arguments: ["XAmzContentSHA256Mismatch", "BadDigest"])
    func `bytes that arrive otherwise are sent again`(code: String) async throws {
        try await ScriptedBucket.with(.init(faults: [.error(on: .put, 400, code)])) { bucket in
            #expect(await failure(bucket) == nil)
            try bucket.server.play(.init(faults: [.error(on: .put, 400, code).times(-1)]))
            let error = try #require(await failure(bucket))
            #expect(error.code == .checksumMismatch && error.advice.contains("changes what is sent"))
        }
    }

    @Test(arguments: [ScriptedS3Server.RegionAnswer.header, .body, .malformed, .silent])
    func `a write follows the bucket to its region`(answer: ScriptedS3Server.RegionAnswer) async throws {
        var scenario = ScriptedS3Server.Scenario()
        scenario.region = "eu-west-3"
        scenario.regionAnswer = answer
        try await ScriptedBucket.with(scenario) { bucket async throws in
            #expect(await failure(bucket) == nil)
            #expect(bucket.client.region == "eu-west-3" && bucket.waits.all.isEmpty)
            #expect(try await content(bucket) == bytes)
        }
    }

    @Test func `a write is signed anew with other credentials, and in the service's time`() async throws {
        let credentials = RotatingCredentials(["AKOLD", "AKNEW"])
        let faults = [
            Fault.error(on: .put, 400, "ExpiredToken"),
            .error(on: .put, 403, "RequestTimeTooSkewed", headers: ["Date": "Sun, 06 Nov 1994 08:49:37 GMT"]),
        ]
        try await ScriptedBucket.with(.init(faults: faults), credentials: credentials) { bucket in
            #expect(await failure(bucket) == nil)
            let requests = try bucket.server.requests()
            #expect(requests.map { $0.headers["authorization"]?.contains("AKOLD") } == [true, false, false])
            #expect(requests.last?.headers["x-amz-date"]?.hasPrefix("19941106") == true)
            #expect(bucket.waits.all.isEmpty && credentials.refused == ["AKOLD"])
        }
    }

    @Test func `writes take no place in the gate`() async throws {
        try await ScriptedBucket.with(.init(faults: [.error(on: .put, 503, "SlowDown")])) { bucket async throws in
            #expect(await failure(bucket) == nil)
            #expect(bucket.gate.entryCount == 0 && bucket.gate.outcomes == [.throttled])
        }
    }

    @Test(
        arguments: [
            (
                "Access Denied", WriteCondition.absent,
                ["s3:PutObject on arn:aws:s3:::bucket/dir/a b", "kms:GenerateDataKey"]
            ),
            ("Access Denied", .matches(ETag("x")), ["s3:PutObject", "s3:GetObject on arn:aws:s3:::bucket/dir/a b"]),
            (
                "User: u is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:…", .none,
                ["Allow kms:GenerateDataKey and kms:Decrypt on the bucket's KMS key"]
            ),
        ])
    func `a refusal names the permissions that a write takes`(
        message: String, condition: WriteCondition, told: [String]
    ) async throws {
        let fault = Fault.error(on: .put, 403, "AccessDenied", message: message)
        try await ScriptedBucket.with(.init(faults: [fault])) { bucket in
            let error = try #require(await failure(bucket, if: condition))
            #expect(error.code == .accessDenied && error.message.hasPrefix("writing the object was refused"))
            for text in told { #expect(error.advice.contains(text), "\(error)") }
        }
    }

    @Test(
        arguments: [
            (403, "AccessDenied"), (403, "AllAccessDisabled"), (404, "NoSuchBucket"), (404, "NoSuchKey"),
            (412, "PreconditionFailed"), (405, "MethodNotAllowed"), (403, "InvalidAccessKeyId"),
            (403, "SignatureDoesNotMatch"), (400, "ExpiredToken"), (400, "KMS.DisabledException"),
            (400, "KeyTooLongError"), (503, "SlowDown"), (500, "InternalError"), (501, "NotImplemented"),
            (400, "EntityTooLarge"), (404, nil), (200, nil),
        ] as [(Int, String?)])
    func `no error of a write speaks of reading, or tells what was written`(status: Int, code: String?) async throws {
        let secret = "5ecret-5ecret"
        let credentials = CredentialSources.fixed(
            Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: secret, sessionToken: "t0ken-t0ken"))
        let fault = Fault.error(on: .put, status, code, message: "you sent \(secret) and t0ken-t0ken").times(-1)
        try await ScriptedBucket.with(.init(faults: [fault]), credentials: credentials) { bucket in
            let error = try #require(await failure(bucket, Array("c0ntent".utf8)))
            let text = "\(error)"
            #expect(!text.contains("reading") && !text.contains("was listed"), "\(text)")
            #expect(!text.contains("5ecret") && !text.contains("t0ken") && !text.contains("c0ntent"), "\(text)")
        }
    }

    @Test func `a success without an ETag is not believed`() async throws {
        try await ScriptedBucket.with(.init(faults: [.headers(on: .put, ["ETag": nil]).times(2)])) { bucket in
            #expect(await failure(bucket) == nil)
            #expect(bucket.waits.all.count == 2)
            try bucket.server.play(.init(faults: [.raw(on: .put, "<html>welcome</html>").times(-1)]))
            #expect(await failure(bucket)?.code == .malformedAnswer)
        }
    }

    @Test func `a cancelled write says that it may have happened`() async throws {
        try await ScriptedBucket.with(.init(faults: [.hang(on: .put)])) { bucket in
            let task = Task { await failure(bucket) }
            while try bucket.server.requests().isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            let error = try #require(await task.value)
            #expect(error.code == .cancelled && error.advice.contains("may have happened"))
        }
    }
}

/// What reads a small object as a whole.
@Suite(.timeLimit(.minutes(30))) struct WholeObjectTests {
    private let key = ObjectKey("a")

    private func failure(_ bucket: ScriptedBucket, byteCountMax: Int = 10) async -> S3Error? {
        do {
            _ = try await bucket.client.read(key, byteCountMax: byteCountMax)
            return nil
        } catch {
            return error
        }
    }

    @Test func `an object is read with one request, an empty one with two`() async throws {
        for byteCount in [0, 1, 9, 10] {
            let body = patternedBytes(count: byteCount)
            try await ScriptedBucket.with(.init(objects: [Object("a", body: body)])) { bucket in
                let read = try #require(try await bucket.client.read(key, byteCountMax: 10))
                #expect(read.bytes == body && !read.eTag.isEmpty && read.date != nil)
                #expect(try bucket.rangesAsked() == (byteCount == 0 ? ["bytes=0-9", nil] : ["bytes=0-9"]))
            }
        }
    }

    @Test func `only S3's word makes an object absent`() async throws {
        try await ScriptedBucket.with(.init()) { bucket in
            #expect(try await bucket.client.read(key, byteCountMax: 10) == nil)
            for (status, code) in [(404, nil), (404, "NoSuchBucket"), (403, "AccessDenied"), (404, "SomethingNew")] {
                try bucket.server.play(.init(faults: [.error(on: .get, status, code).times(-1)]))
                #expect(await failure(bucket) != nil, "\(status) \(code ?? "")")
            }
        }
    }

    @Test func `a larger object is an error that names both sizes`() async throws {
        try await ScriptedBucket.with(.init(objects: [Object("a", body: patternedBytes(count: 12_345))])) { bucket in
            for fault in [nil, Fault.wholeObject()] {
                try bucket.server.play(
                    .init(objects: [Object("a", body: patternedBytes(count: 12_345))], faults: fault.map { [$0] } ?? [])
                )
                let error = try #require(await failure(bucket))
                #expect(error.code == .other && error.attemptCount == 1)
                #expect(error.message.contains("12345") && error.message.contains("10"), "\(error)")
            }
        }
    }

    @Test func `answers that break are asked for again, as a whole`() async throws {
        let body = patternedBytes(count: 1_000)
        let faults = [
            Fault.shortBody(on: .get, byteCount: 400), .cut(on: .get, byteCount: 500), .reset(on: .get),
            .shiftedRange(byteCount: 7), .headers(on: .get, ["ETag": nil]), .wholeObject(),
        ]
        var retry = RetryPolicy()
        retry.attemptCountMax = 6
        try await ScriptedBucket.with(
            .init(objects: [Object("a", body: body)], faults: faults), retry: retry
        ) { bucket in
            let read = try await bucket.client.read(key, byteCountMax: 2_000)
            #expect(read?.bytes == body)
            #expect(try bucket.rangesAsked() == [String?](repeating: "bytes=0-1999", count: 6))
        }
    }
}
