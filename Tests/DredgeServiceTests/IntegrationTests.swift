import Dredge
import DredgeAWS
import Foundation
import ServiceBench
import TestServers
import Testing

@testable import DredgeService

/// The life of an external ID and of a role.
@Suite(.timeLimit(.minutes(30))) struct IntegrationTests {
    private func code(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch ServiceError.refused(let refusal) {
            return "\(refusal.kind) \(refusal.code)"
        } catch {
            return "\(error)"
        }
    }

    @Test func `whom roles are to trust is what STS tells, where the operator does not say`() async throws {
        var scenario = ServiceBench.scenario([])
        scenario.callerARN = "arn:aws:sts::999988887777:assumed-role/dredge/i-0123456789abcdef0"
        let bench = try await ServiceBench(scenario)
        let service = try await bench.start()
        let caller = try await service.caller()
        for _ in 0..<2 {
            let answer = try await service.integrations.mint(for: caller)
            let arn = "arn:aws:iam::999988887777:role/dredge"
            #expect(answer["principal_arn"] == .string(arn))
            #expect(answer["trust_policy"]?.text.contains(arn) == true)
        }
        #expect(try bench.server.requests().count == 1, "it is asked once")
        await service.shutDown()
    }

    @Test func `where STS does not tell, there is no trust policy, and it is not asked again at once`() async throws {
        let bench = try await ServiceBench(count: 0)
        let service = try await bench.start(endpointURL: "http://127.0.0.1:1")
        let caller = try await service.caller()
        for _ in 0..<2 {
            let answer = try await service.integrations.mint(for: caller)
            #expect(answer["principal_arn"] == .null && answer["trust_policy"] == .null)
            #expect(answer["external_id"]?.stringValue?.hasPrefix("cap_org_") == true)
        }
        await service.shutDown()
    }

    @Test func `a role that is taken away ends its job, shows, and lets no new job in`() async throws {
        let role = "arn:aws:iam::123456789012:role/Read"
        let objects = ServiceBench.keys(60)
        var scenario = ServiceBench.scenario(objects)
        scenario.callerARN = "arn:aws:iam::999988887777:user/dredge"
        scenario.sts = .init(sessionSeconds: 900)
        let bench = try await ServiceBench(scenario)
        var configuration = ServiceConfiguration()
        configuration.allowsRolesWithoutExternalID = true
        // So few at once that the session does not do for all of them.
        var limits = Limits.default
        limits.requestCount = 8
        let service = try await bench.start(configuration, limits: limits)
        let caller = try await service.caller()
        _ = try await service.collections.put("c", [:], for: caller)
        let externalID = try #require(
            try await service.integrations.mint(for: caller)["external_id"]?.stringValue)
        _ = try await service.integrations.putRole(
            ["role_arn": .string(role), "bucket_name": "bucket", "bucket_region": "us-east-1"], for: caller)
        let body = ServiceBench.body(role: role, externalID: externalID)
        // Revoked as soon as the job has its session, which is over when these answers come.
        scenario.sts = .init(sessionSeconds: 15)
        scenario.faults = [
            .error(on: .assumeRole, 403, "AccessDenied", message: "not authorized").times(-1, afterSkipping: 1),
            .outlast(on: .get).times(-1, afterSkipping: 20),
        ]
        try bench.server.play(scenario)
        let job = try await service.index(.bucket, body, for: caller)
        #expect(job["status"] == "failed" && job["error_code"] == "access_revoked", "\(job.text)")
        #expect(job.at("result", "files_indexed")?.intValue ?? 0 > 0)
        let integration = try await service.integrations.show(for: caller)
        #expect(integration["status"] == "pending")
        #expect(integration["roles"]?.items.map { $0["status"] } == ["access_revoked"])
        let requestCount = try bench.server.requests().count
        #expect(
            await code { _ = try await service.index(.bucket, body, for: caller) } == "forbidden access_revoked")
        #expect(try bench.server.requests().count == requestCount, "nobody was asked")

        scenario.sts = .init(sessionSeconds: 900)
        scenario.faults = []
        try bench.server.play(scenario)
        let verified = try await service.integrations.verify(
            ["role_arn": .string(role), "bucket_name": "bucket", "bucket_region": "us-east-1"], for: caller)
        #expect(verified["status"] == "active", "\(verified.text)")
        let second = try await service.jobs.retry(try #require(job["job_id"]?.stringValue), for: caller)
        let ended = try await service.end(of: second, for: caller)
        #expect(ended["status"] == "completed", "\(ended.text)")
        #expect(try await service.documentNames(for: caller) == objects)
        await service.shutDown()
    }

    @Test func `a verification that nobody answers ends, says so, and leaves the role as it was`() async throws {
        let role = "arn:aws:iam::123456789012:role/Read"
        var scenario = ServiceBench.scenario(ServiceBench.keys(1), faults: [.hang(on: .assumeRole).times(-1)])
        scenario.callerARN = "arn:aws:iam::999988887777:user/dredge"
        let bench = try await ServiceBench(scenario)
        var configuration = ServiceConfiguration()
        configuration.verificationTime = .milliseconds(300)
        let service = try await bench.start(configuration)
        let caller = try await service.caller()
        _ = try await service.integrations.mint(for: caller)
        let body: JSON = ["role_arn": .string(role), "bucket_name": "bucket", "bucket_region": "us-east-1"]
        #expect(
            await code { _ = try await service.integrations.putRole(body, for: caller) }
                == "unavailable verification_timed_out")
        #expect(
            await code { _ = try await service.integrations.verify(body, for: caller) }
                == "unavailable verification_timed_out")
        let roles = try await service.integrations.show(for: caller)["roles"]?.items
        #expect(roles?.map { $0["status"] } == ["pending"])
        await service.shutDown()
    }

    @Test func `an external ID lives from its minting to its revocation, as moto's STS sees it`() async throws {
        let moto = try await MotoServer()
        defer { moto.stop() }
        let (bucket, roleName) = ("acme-contracts", "customer-read")
        let roleARN = MotoScenario.roleARN(roleName)
        let outcome = try await moto.apply(
            MotoScenario(
                users: [
                    .init("vendor", policy: MotoScenario.allow(["sts:AssumeRole"], on: ["*"])), .init("stranger"),
                ],
                buckets: [.init(bucket, objects: [.init("a.txt", Data("text\n".utf8))])]))
        let key = try #require(outcome.accessKeys["vendor"])
        let bench = try await ServiceBench(count: 0)
        var configuration = ServiceConfiguration()
        configuration.principalARN = MotoScenario.userARN("vendor")
        let service = try await bench.start(
            configuration, base: .fixed(Credentials(accessKeyID: key.id, secretAccessKey: key.secret)),
            endpointURL: moto.endpointURL)
        let caller = try await service.caller()
        _ = try await service.collections.put("c", [:], for: caller)
        let target: JSON = [
            "role_arn": .string(roleARN), "bucket_name": .string(bucket), "bucket_region": "us-east-1",
        ]
        func submit(_ externalID: String, role: String = roleARN) async throws -> JSON {
            try await service.index(
                .bucket,
                ServiceBench.body(role: role, externalID: externalID, ["bucket_name": .string(bucket)]), for: caller)
        }
        /// The customer pastes a trust policy.
        func trust(_ policy: String) async throws {
            _ = try await moto.apply(
                MotoScenario(roles: [.init(roleName, trust: policy, policy: MotoScenario.read(bucket: bucket))]))
        }
        let stranger = MotoScenario.trust([MotoScenario.userARN("stranger")])
        /// How often STS was asked: its requests are the only ones with a body.
        func stsCount() -> Int { moto.log.split(separator: "\n").count { $0.contains("\"POST / ") } }
        func roleStatus() async throws -> JSON? {
            try await service.integrations.show(for: caller)["roles"]?.items.first?["status"]
        }

        // Mint.
        #expect(await code { _ = try await service.integrations.show(for: caller) } == "notFound not_found")
        #expect(await code { _ = try await service.integrations.putRole(target, for: caller) } == "notFound not_found")
        let minted = try await service.integrations.mint(for: caller)
        let first = try #require(minted["external_id"]?.stringValue)
        #expect(first.wholeMatch(of: /cap_org_[0-9a-f]{24}/) != nil)
        #expect(try await service.integrations.mint(for: caller) == minted, "it is minted once")

        // A wrong value, and a role that nobody registered, before STS is asked.
        let asked = stsCount()
        for wrong in ["cap_org_000000000000000000000000", first + "0", " \(first)", first.uppercased()] {
            #expect(await code { _ = try await submit(wrong) } == "forbidden external_id_mismatch")
        }
        #expect(await code { _ = try await submit(first) } == "forbidden role_not_registered")
        #expect(stsCount() == asked)

        // A role that does not trust us yet is not activated; with the minted policy it is.
        try await trust(stranger)
        #expect(try await service.integrations.putRole(target, for: caller)["status"] == "failed")
        #expect(await code { _ = try await submit(first) } == "forbidden role_not_active")
        try await trust(try #require(minted["trust_policy"]).text)
        let active = try await service.integrations.putRole(target, for: caller)
        #expect(active["status"] == "active", "\(active.text)")
        #expect(try await service.integrations.show(for: caller)["status"] == "active")
        let job = try await submit(first)
        #expect(job["status"] == "completed" && job.at("result", "files_indexed") == 1, "\(job.text)")

        // Rotate at once: the old value stops, and the new one works once the customer has it in the policy.
        let rotated = try await service.integrations.rotate([:], for: caller)
        let second = try #require(rotated["external_id"]?.stringValue)
        #expect(second != first && rotated["previous_external_id_valid_until"] == .null)
        #expect(await code { _ = try await submit(first) } == "forbidden external_id_mismatch")
        let tooEarly = try await submit(second)
        #expect(tooEarly["error_code"] == "access_denied_trust", "\(tooEarly.text)")
        #expect(try await roleStatus() == "access_revoked")
        #expect(await code { _ = try await submit(second) } == "forbidden access_revoked")
        try await trust(try #require(rotated["trust_policy"]).text)
        #expect(try await service.integrations.verify(target, for: caller)["status"] == "active")
        #expect(try await submit(second)["status"] == "completed")

        // A bucket that it can't read says nothing against the role, and a job of another one goes on.
        let elsewhere = try await service.integrations.verify(
            ["role_arn": .string(roleARN), "bucket_name": "no-such-bucket", "bucket_region": "us-east-1"], for: caller)
        #expect(elsewhere["status"] == "active" && elsewhere.at("check", "verdict") == "failed", "\(elsewhere.text)")
        #expect(try await submit(second)["status"] == "completed")

        // Rotate with an overlap: both are taken; the role decides which one it demands.
        let overlapping = try await service.integrations.rotate(["overlap_seconds": 3_600], for: caller)
        let third = try #require(overlapping["external_id"]?.stringValue)
        #expect(overlapping["previous_external_id_valid_until"] != .null)
        // The policy has the old one still.
        #expect(try await service.integrations.verify(target, for: caller)["status"] == "active")
        #expect(try await submit(third)["error_code"] == "access_denied_trust")
        #expect(try await roleStatus() == "active", "the old one is valid, too")
        #expect(try await submit(second)["status"] == "completed")
        // The one to paste takes both, so that no job fails meanwhile.
        let both = try #require(overlapping["trust_policy"]).text
        #expect(both.contains(second) && both.contains(third))
        try await trust(both)
        #expect(try await submit(third)["status"] == "completed")
        #expect(try await submit(second)["status"] == "completed")
        let newOnly = both.replacing("[\"\(third)\",\"\(second)\"]", with: "\"\(third)\"")
        #expect(!newOnly.contains(second), "\(both)")
        try await trust(newOnly)
        #expect(try await submit(third)["status"] == "completed")
        #expect(try await submit(second)["error_code"] == "access_denied_trust")
        #expect(try await roleStatus() == "active", "the role demands the new one by now")
        #expect(await code { _ = try await submit(first) } == "forbidden external_id_mismatch")
        for overlap in [-1, 24 * 3_600 + 1] {
            #expect(
                await code {
                    _ = try await service.integrations.rotate(["overlap_seconds": .integer(overlap)], for: caller)
                }?.contains("value_range") == true)
        }

        // A role that lets in who names no external ID is refused.
        try await trust(MotoScenario.trust([MotoScenario.userARN("vendor")]))
        #expect(try await service.integrations.verify(target, for: caller)["status"] == "failed")
        try await trust(try #require(overlapping["trust_policy"]).text)
        #expect(try await service.integrations.verify(target, for: caller)["status"] == "active")

        // Taken away.
        try await trust(stranger)
        #expect(try await submit(third)["error_code"] == "access_denied_trust")
        #expect(try await roleStatus() == "access_revoked")
        #expect(await code { _ = try await submit(third) } == "forbidden access_revoked")
        try await service.integrations.deleteRole(roleARN, for: caller)
        #expect(await code { try await service.integrations.deleteRole(roleARN, for: caller) } == "notFound not_found")
        #expect(await code { _ = try await submit(third) } == "forbidden role_not_registered")

        // Another organization has another ID, and can't use this one's.
        let other = try await service.caller("Other")
        _ = try await service.collections.put("c", [:], for: other)
        #expect(try await service.integrations.mint(for: other)["external_id"] != .string(third))
        #expect(
            await code {
                _ = try await service.index(
                    .bucket, ServiceBench.body(role: roleARN, externalID: third), for: other)
            } == "forbidden external_id_mismatch")
        await service.shutDown()
    }
}
