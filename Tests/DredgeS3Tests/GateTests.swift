import DredgeS3
import TestServers
import Testing

private typealias Fault = ScriptedS3Server.Fault
private typealias Object = ScriptedS3Server.Object

/// What the gate of a bucket's GETs is asked and told.
@Suite(.timeLimit(.minutes(30))) struct GateTests {
    private let object = Object("a", body: Array("hello".utf8))

    @Test func `each attempt of a GET holds a place, and no wait does`() async throws {
        let faults = [
            Fault.error(on: .get, 503, "SlowDown"), .error(on: .get, 500, "InternalError"),
            .shortBody(on: .get, byteCount: 2),
        ]
        try await ScriptedBucket.with(.init(objects: [object], faults: faults)) { bucket in
            _ = try await bucket.read("a", 0..<5)
            #expect(bucket.waits.all.count == 3 && bucket.gate.heldWaitCount == 0)
            #expect(bucket.gate.entryCount == 4 && !bucket.gate.isTaken)
            #expect(bucket.gate.outcomes.prefix(3) == [.throttled, .failed, .failed])
            guard case .answered(let firstByteTime, let duration, byteCount: 3)? = bucket.gate.outcomes.last else {
                Issue.record("\(bucket.gate.outcomes)")
                return
            }
            #expect(firstByteTime > .zero && duration >= firstByteTime)
        }
    }

    @Test func `a refusal is an answer`() async throws {
        try await ScriptedBucket.with(.init(objects: [object])) { bucket in
            let error = try await bucket.readError("b", 0..<5)
            #expect(error?.code == .noSuchKey)
            guard case .answered(_, _, byteCount: 0)? = bucket.gate.outcomes.first else {
                Issue.record("\(bucket.gate.outcomes)")
                return
            }
        }
    }

    @Test func `listings need no place, and tell of throttling alone`() async throws {
        let faults = [Fault.error(on: .list, 500, "InternalError"), .error(on: .list, 503, "SlowDown")]
        try await ScriptedBucket.with(.init(objects: [object], faults: faults)) { bucket in
            let error = try await bucket.listError()
            #expect(error == nil)
            #expect(bucket.gate.entryCount == 0 && bucket.gate.outcomes == [.throttled])
        }
    }

    @Test func `a task that is cancelled at the gate sends nothing`() async throws {
        try await ScriptedBucket.with(.init(objects: [object])) { bucket in
            let place = bucket.gate.enterIfFree()
            let task = Task { try await bucket.readError("a", 0..<5) }
            while !bucket.gate.isWaitedFor { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            let error = try await task.value
            let requests = try bucket.server.requests()
            #expect(error?.code == .cancelled && requests.isEmpty && bucket.gate.outcomes.isEmpty)
            withExtendedLifetime(place) {}
        }
    }

    @Test func `a probe asks for one key under the prefix, once`() async throws {
        let faults = [Fault.error(on: .list, 503, "SlowDown")]
        try await ScriptedBucket.with(.init(objects: [object], faults: faults)) { bucket in
            let error = await #expect(throws: S3Error.self) { try await bucket.client.probe(prefix: ObjectKey("x/")) }
            #expect(error?.code == .throttled && error?.attemptCount == 1)
            try await bucket.client.probe(prefix: ObjectKey("x/"))
            let target = try #require(try bucket.server.requests().last?.target)
            #expect(target.contains("max-keys=1") && target.contains("prefix=x%2F") && bucket.waits.all.isEmpty)
        }
    }

    @Test func `a probe follows the bucket to its region`() async throws {
        var scenario = ScriptedS3Server.Scenario(objects: [object])
        scenario.region = "eu-west-3"
        try await ScriptedBucket.with(scenario) { bucket in
            try await bucket.client.probe(prefix: ObjectKey(""))
            #expect(bucket.client.region == "eu-west-3")
        }
    }
}
