import DredgeS3
import TestServers
import Testing

private typealias Scenario = ScriptedS3Server.Scenario

/// A bucket that is in another region than the settings say.
@Suite(.timeLimit(.minutes(30))) struct RegionTests {
    private func scenario(_ answer: ScriptedS3Server.RegionAnswer) -> Scenario {
        var scenario = Scenario(objects: [.init("a", body: Array("hello".utf8))])
        scenario.region = "eu-west-1"
        scenario.regionAnswer = answer
        return scenario
    }

    @Test(arguments: [
        (ScriptedS3Server.RegionAnswer.header, 2), (.body, 2), (.malformed, 2), (.silent, 3),
    ])
    func `the region is taken from the answer, and kept`(
        answer: ScriptedS3Server.RegionAnswer, requestCount: Int
    ) async throws {
        try await ScriptedBucket.with(scenario(answer), region: "us-west-2") { bucket in
            #expect(bucket.client.region == "us-west-2")
            let (_, read) = try await bucket.read("a", 0..<5)
            #expect(read == Array("hello".utf8))
            #expect(bucket.client.region == "eu-west-1")
            #expect(try bucket.server.requests().count == requestCount)
            #expect(bucket.waits.all.isEmpty)
            _ = try await bucket.read("a", 0..<5)
            #expect(try bucket.server.requests().count == requestCount + 1)
        }
    }

    @Test func `a HEAD finds the region, too`() async throws {
        try await ScriptedBucket.with(scenario(.header), region: "us-west-2") { bucket in
            let head = try await bucket.client.headObject(ObjectKey("a")).object
            #expect(head.size == 5)
            #expect(bucket.client.region == "eu-west-1")
        }
    }

    @Test func `requests that find out at the same time share the answer`() async throws {
        try await ScriptedBucket.with(scenario(.silent), region: "us-west-2") { bucket in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { _ = try await bucket.read("a", 0..<5) } }
                try await group.waitForAll()
            }
            let requests = try bucket.server.requests()
            // Whoever saw the old region asks twice at most; the question where the bucket is was not asked by each.
            #expect(requests.count { $0.action == .get } <= 40)
            #expect(requests.count { $0.action == .headBucket } < 20)
            #expect(bucket.client.region == "eu-west-1")
        }
    }

    @Test func `a region that changes twice is an error that names it`() async throws {
        let faults = [
            ScriptedS3Server.Fault.error(
                on: .list, 301, "PermanentRedirect", headers: ["x-amz-bucket-region": "eu-west-1"]),
            .error(on: .list, 301, "PermanentRedirect", headers: ["x-amz-bucket-region": "eu-west-2"]).times(-1),
        ]
        try await ScriptedBucket.with(.init(faults: faults), region: "us-west-2") { bucket in
            let error = try #require(try await bucket.listError())
            #expect(error.code == .wrongRegion)
            #expect(error.attemptCount == 2)
            #expect(error.advice.contains("eu-west-2"))
            #expect(error.isFatalForSource)
        }
    }

    @Test func `a region that can't be one is not followed`() async throws {
        let fault = ScriptedS3Server.Fault.error(
            on: .list, 301, "PermanentRedirect", headers: ["x-amz-bucket-region": "evil.example/#"])
        try await ScriptedBucket.with(.init(faults: [fault.times(-1)]), region: "us-west-2") { bucket in
            let error = try #require(try await bucket.listError())
            #expect(error.code == .wrongRegion)
            #expect(!bucket.client.region.contains("evil"))
        }
    }

    @Test func `an object that names another region moves nothing where the bucket has answered`() async throws {
        let objects = [ScriptedS3Server.Object("a", body: [1]), .init("odd", body: [1])]
        let fault = ScriptedS3Server.Fault.error(
            on: .get, 301, "PermanentRedirect", headers: ["x-amz-bucket-region": "eu-west-3"])
        try await ScriptedBucket.with(.init(objects: objects, faults: [fault.forKey("odd").times(-1)])) { bucket in
            _ = try await bucket.read("a", 0..<1)
            let error = try await bucket.readError("odd", 0..<1)
            #expect(error?.code == .wrongRegion && error?.attemptCount == 1)
            #expect(bucket.client.region == "us-east-1")
        }
    }
}
