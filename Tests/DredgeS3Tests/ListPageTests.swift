import Synchronization
import TestServers
import Testing

@testable import DredgeS3

private typealias Object = ScriptedS3Server.Object
private typealias Fault = ScriptedS3Server.Fault
private typealias Scenario = ScriptedS3Server.Scenario

@Suite(.timeLimit(.minutes(30))) struct ListPageTests {
    private func keys(_ bucket: ScriptedBucket, prefix: String = "", startAfter: String? = nil) async throws
        -> [ObjectKey]
    {
        var keys: [ObjectKey] = []
        var token: String?
        repeat {
            let page = try await bucket.client.listPage(
                prefix: ObjectKey(prefix), continuationToken: token, startAfter: startAfter.map { ObjectKey($0) })
            keys += page.objects.map(\.key)
            token = page.continuationToken
        } while token != nil
        return keys
    }

    @Test(arguments: [true, false])
    func `pages follow each other, odd keys included`(plusForSpace: Bool) async throws {
        let names = (0..<25).map { "dir/a b+c%2F\($0 + 10)&=\n😀" } + ["other"]
        var scenario = Scenario(objects: names.map { Object($0, body: [1]) })
        scenario.pageSize = 7
        scenario.plusForSpace = plusForSpace
        try await ScriptedBucket.with(scenario) { bucket in
            #expect(try await keys(bucket) == names.map { ObjectKey($0) })
            #expect(try await keys(bucket, prefix: "dir/a b+").count == 25)
            #expect(try await keys(bucket, startAfter: names[20]) == names[21...].map { ObjectKey($0) })
            let targets = try bucket.server.requests().map(\.target)
            #expect(targets.first == "/bucket/?encoding-type=url&list-type=2&max-keys=1000")
            #expect(targets.contains("/bucket/?encoding-type=url&list-type=2&max-keys=1000&prefix=dir%2Fa%20b%2B"))
        }
    }

    @Test func `a base path and virtual-host style lead to the same bucket`() async throws {
        var scenario = Scenario(objects: [Object("k e y", body: Array("x".utf8))])
        scenario.basePath = "/gate/way"
        for virtualHost in [false, true] {
            try await ScriptedBucket.with(scenario, virtualHost: virtualHost) { bucket in
                #expect(try await keys(bucket) == [ObjectKey("k e y")])
                #expect(try await bucket.read("k e y", 0..<1).bytes == Array("x".utf8))
                let last = try #require(try bucket.server.requests().last)
                #expect(last.target == (virtualHost ? "/gate/way/k%20e%20y" : "/gate/way/bucket/k%20e%20y"))
                #expect(last.headers["host"]?.hasPrefix("bucket.") == virtualHost)
            }
        }
    }

    @Test func `an error inside a 200 is retried`() async throws {
        let error = "<?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>We are sorry</Message></Error>"
        let scenario = Scenario(objects: [Object("a", body: [1])], faults: [.raw(on: .list, error).times(2)])
        try await ScriptedBucket.with(scenario) { bucket in
            #expect(try await keys(bucket) == [ObjectKey("a")])
            try bucket.server.play(
                .init(faults: [.raw(on: .list, error.replacing("InternalError", with: "AccessDenied")).times(-1)]))
            let told = try #require(try await bucket.listError())
            #expect(told.code == .accessDenied)
            #expect(told.status == 200)
        }
    }

    @Test func `a page that breaks off is read again from its start`() async throws {
        let objects = (0..<50).map { Object("key-\($0 + 10)", body: [1]) }
        let scenario = Scenario(
            objects: objects, faults: [.shortBody(on: .list, byteCount: 900), .reset(on: .list)])
        try await ScriptedBucket.with(scenario) { bucket in
            let found = try await keys(bucket)
            #expect(found.count == 50)
        }
    }

    @Test(arguments: ["", "<html><body>Log in</body></html>", "<ListBucketResult><IsTruncated>false</IsTruncated>"])
    func `what is no listing is asked for again`(text: String) async throws {
        let scenario = Scenario(objects: [Object("a", body: [1])], faults: [.raw(on: .list, text).times(2)])
        try await ScriptedBucket.with(scenario) { bucket in
            let found = try await keys(bucket)
            #expect(found == [ObjectKey("a")])
        }
    }

    @Test func `a listing that waits for its next attempt keeps no other from its buffer`() async throws {
        var retry = RetryPolicy()
        retry.throttleDelayMin = .seconds(3_600)
        retry.delayMax = .seconds(3_600)
        let fault = Fault.error(on: .list, 503, "SlowDown", headers: ["x-amz-retry-after": "3600000"])
            .when("target", has: "prefix=slow").times(-1)
        try await ScriptedBucket.with(
            .init(objects: [Object("a", body: [1])], faults: [fault]), retry: retry, waitsForReal: true
        ) { bucket in
            let slow = Task { try await bucket.listError(prefix: "slow") }
            while bucket.gate.throttleCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
            let found = try await keys(bucket)
            #expect(found == [ObjectKey("a")])
            slow.cancel()
            _ = try await slow.value
        }
    }

    @Test(arguments: [
        "", "not XML", "<html><body>Log in</body></html>", "<ListBucketResult><IsTruncated>false</IsTruncated>",
        "<ListBucketResult></ListBucketResult>",
        "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><ListBucketResult><IsTruncated>&a;</IsTruncated></ListBucketResult>",
    ])
    func `what is no listing is an error of the source`(text: String) async throws {
        try await ScriptedBucket.with(.init(faults: [.raw(on: .list, text).times(-1)])) { bucket in
            let error = try #require(try await bucket.listError())
            #expect(error.code == .malformedAnswer)
            #expect(error.isFatalForSource)
            #expect(error.advice.contains("127.0.0.1"))
        }
    }

    /// What is taken of it, and was taken.
    private final class CountingRoom: ListRoom {
        let inUse = Mutex<[Int]>([])
        let taken = Mutex<[Int]>([])

        private final class Part: Sendable {
            let room: CountingRoom
            let byteCount: Int
            init(_ room: CountingRoom, _ byteCount: Int) {
                self.room = room
                self.byteCount = byteCount
            }
            deinit { room.inUse.withLock { _ = $0.remove(at: $0.firstIndex(of: byteCount) ?? 0) } }
        }

        func take(_ byteCount: Int) async throws(CancellationError) -> any AnyObject & Sendable {
            inUse.withLock { $0.append(byteCount) }
            taken.withLock { $0.append(byteCount) }
            return Part(self, byteCount)
        }
    }

    @Test func `I6: a page takes of the room that listings share what it needs, while it is held`() async throws {
        let objects = (0..<800).map { Object("\($0)" + String(repeating: "é", count: 400), body: [1]) }
        let room = CountingRoom()
        var scenario = Scenario(objects: objects)
        scenario.pageSize = 400
        try await ScriptedBucket.with(scenario, listRoom: room) { bucket in
            let small = S3Limits.listByteCount(forAnswer: 64 << 10)
            let large = S3Limits.listByteCount(forAnswer: 4 << 20)
            var page = try await bucket.client.listPage(prefix: ObjectKey("7"))
            #expect(page.objects.count == 111 && room.inUse.withLock { $0.count } == 1)
            page = try await bucket.client.listPage(prefix: ObjectKey(""))
            #expect(page.objects.count == 400)
            #expect(room.inUse.withLock { $0.count == 1 && (small + 1...large).contains($0[0]) })
            let before = room.taken.withLock { $0.count }
            let token = page.continuationToken
            page.room = nil
            #expect(room.inUse.withLock { $0.isEmpty })
            // From then on it begins with the size that was needed.
            page = try await bucket.client.listPage(prefix: ObjectKey(""), continuationToken: token)
            #expect(page.objects.count == 400 && room.taken.withLock { $0.count } == before + 1)
            page.room = nil
            // Until a request fails.
            try bucket.server.play(.init(faults: [.error(on: .list, 403, "AccessDenied")]))
            #expect(try await bucket.listError() != nil)
            _ = try await bucket.client.listPage(prefix: ObjectKey(""))
            #expect(room.taken.withLock { $0.last } == small && room.inUse.withLock { $0.isEmpty })
        }
    }

    @Test func `a listing larger than its limit is refused`() async throws {
        var limits = S3Limits()
        limits.listAnswerByteCountMax = 16 << 10
        let objects = (0..<200).map { Object("key-\($0)", body: [1]) }
        try await ScriptedBucket.with(.init(objects: objects), limits: limits) { bucket in
            let error = try await bucket.listError()
            #expect(error?.code == .malformedAnswer)
        }
    }

    @Test func `denied and missing buckets end the source, with what to change`() async throws {
        let denied = Fault.error(on: .list, 403, "AccessDenied", message: "Access Denied")
        try await ScriptedBucket.with(.init(faults: [denied])) { bucket in
            let error = try #require(try await bucket.listError(prefix: "2025/"))
            #expect(error.code == .accessDenied && error.isFatalForSource)
            #expect(error.advice.contains("s3:ListBucket"))
            #expect(error.advice.contains("arn:aws:s3:::bucket"))
            #expect(error.advice.contains("2025/"))
            #expect("\(error)".contains("request ID SCRIPTED0001"))
        }
        try await ScriptedBucket.with(.init(), bucket: "elsewhere") { bucket in
            let error = try #require(try await bucket.listError())
            #expect(error.code == .noSuchBucket && error.isFatalForSource)
            #expect(error.advice.contains("elsewhere"))
        }
    }
}
