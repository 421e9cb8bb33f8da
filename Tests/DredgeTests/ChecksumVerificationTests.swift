import Dredge
import DredgeAWS
import DredgeBase
import DredgeStore
import Foundation
import TestServers
import Testing

/// What becomes of objects whose bytes are held against the checksums that the service keeps of them.
@Suite struct ChecksumVerificationTests {
    private static let small = Array("a line of text\n".utf8)
    /// Five parts.
    private static let large = {
        var maker = TextMaker(seed: 20_261_129)
        return maker.text(byteCount: 300_000)
    }()

    private static func source(at server: ScriptedS3Server) -> Source {
        var source = Workbench.source(at: server)
        source.verifiesChecksums = true
        return source
    }

    private static func limits() -> Limits {
        var limits = FaultTests.smallParts()
        limits.markedByteCount = 1
        limits.outagePatience = .zero
        return limits
    }

    private static func base64(_ algorithm: ChecksumAlgorithm, _ body: [UInt8]) -> String {
        Data(Checksum.value(algorithm, of: body)).base64EncodedString()
    }

    /// The service keeps this of a key.
    private static func told(
        _ key: String, _ name: String, _ value: String, type: String? = "FULL_OBJECT"
    ) -> ScriptedS3Server.Fault {
        .headers(on: .head, ["x-amz-checksum-\(name)": value, "x-amz-checksum-type": type]).forKey(key).times(-1)
    }

    @Test("I11: what has the checksum that the service keeps of it is stored and counted, by each algorithm")
    func rightChecksums() async throws {
        let names: [(ChecksumAlgorithm, String)] = [
            (.crc64nvme, "crc64nvme"), (.crc32c, "crc32c"), (.crc32, "crc32"), (.sha256, "sha256"), (.sha1, "sha1"),
        ]
        var scenario = ScriptedS3Server.Scenario()
        for (algorithm, name) in names {
            for (kind, body) in [("small", Self.small), ("large", Self.large)] {
                let key = "\(kind)-\(name).txt"
                scenario.objects.append(.init(key, body: body))
                // A service that does not know of types tells none.
                scenario.faults.append(
                    Self.told(key, name, Self.base64(algorithm, body), type: kind == "small" ? nil : "FULL_OBJECT"))
            }
        }
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        let report = try await bench.run([Self.source(at: server)], limits: Self.limits())
        #expect(report.indexed.objects == 10 && report.verifiedCount == 10 && !report.isIncomplete)
        let heads = try server.requests().filter { $0.action == .head }
        #expect(heads.count == 10)
        for head in heads {
            #expect(head.headers["x-amz-checksum-mode"] == "ENABLED")
            #expect(head.headers["authorization"]?.contains("x-amz-checksum-mode") == true)
        }

        // Nothing tells the store from one that was not verified, and nothing is asked for without the option.
        let plain = try await bench.run([Workbench.source(at: server)], into: "plain", limits: Self.limits())
        #expect(plain.indexed.objects == 10 && plain.verifiedCount == nil)
        #expect(try server.requests().count { $0.action == .head } == 10)
        #expect(try await bench.digest() == bench.digest("plain"))
    }

    @Test("I11: what has another checksum is read twice, fails, and nothing of it is stored")
    func wrongChecksums() async throws {
        let wrong = Self.base64(.crc32c, [1])
        let server = try await ScriptedS3Server(
            .init(
                objects: [
                    .init("good.txt", body: Self.small), .init("large.txt", body: Self.large),
                    .init("small.txt", body: Self.small),
                ],
                faults: [Self.told("large.txt", "crc32c", wrong), Self.told("small.txt", "crc32c", wrong)]))
        defer { server.stop() }
        let bench = try Workbench()
        let report = try await bench.run([Self.source(at: server)], limits: Self.limits())
        #expect(report.outcome == .complete && report.isIncomplete)
        #expect(report.indexed.objects == 1 && report.verifiedCount == 0)
        #expect(report.failedReasons == ["checksumMismatch": 2])
        #expect(report.failures.allSatisfy { $0.reason.contains("CRC-32C") }, "\(report.failures)")
        let requests = try server.requests()
        for key in ["large.txt", "small.txt"] {
            #expect(requests.count { $0.action == .head && $0.key == Array(key.utf8) } == 2)
        }
        #expect(requests.count { $0.action == .get && $0.key == Array("large.txt".utf8) } == 10)
        let store = try ChunkStore.open(reading: bench.path("store"))
        #expect(try await store.verify().isSound)
        #expect(try await store.stats().chunkCount == 1)
        #expect(try await bench.text(of: "large.txt").isEmpty)
        #expect(try await bench.text(of: "small.txt").isEmpty)

        // The next run reads them again.
        try server.play(
            .init(objects: [
                .init("good.txt", body: Self.small), .init("large.txt", body: Self.large),
                .init("small.txt", body: Self.small),
            ]))
        let next = try await bench.run([Self.source(at: server)], limits: Self.limits())
        #expect(next.indexed.objects == 2 && next.verifiedCount == 0 && !next.isIncomplete)
        #expect(try await bench.text(of: "large.txt") == Self.large)
    }

    @Test("I11: two versions that nothing but their checksum tells apart are never mixed")
    func aVersionThatLooksTheSame() async throws {
        var old = ScriptedS3Server.Object("large.txt", body: Self.large)
        old.eTag = "\"the same\""
        let body = Array(Self.large.reversed())
        var new = ScriptedS3Server.Object("large.txt", body: body)
        new.eTag = old.eTag
        let checksums = [(Self.large, 1), (body, -1)].map { body, times in
            ScriptedS3Server.Fault.headers(on: .head, ["x-amz-checksum-sha256": Self.base64(.sha256, body)])
                .times(times)
        }
        let server = try await ScriptedS3Server(
            .init(objects: [old], faults: checksums + [.replace(on: .get, new).times(1, afterSkipping: 2)]))
        defer { server.stop() }
        let bench = try Workbench()
        let report = try await bench.run([Self.source(at: server)], limits: Self.limits())
        #expect(report.indexed.objects == 1 && report.verifiedCount == 1)
        #expect(try await bench.text(of: "large.txt") == body)
        #expect(try await ChunkStore.open(reading: bench.path("store")).verify().isSound)
    }

    @Test func `what has no checksum of the whole object is indexed unverified`() async throws {
        let server = try await ScriptedS3Server(
            .init(
                objects: ["composite", "none", "odd", "short"].map { .init($0, body: Self.small) },
                faults: [
                    Self.told("composite", "crc32", Self.base64(.crc32, [1]) + "-3", type: "COMPOSITE"),
                    Self.told("odd", "crc32", "no base64", type: nil),
                    Self.told("short", "sha256", Self.base64(.crc32, Self.small)),
                ]))
        defer { server.stop() }
        let bench = try Workbench()
        let report = try await bench.run([Self.source(at: server)])
        #expect(report.indexed.objects == 4 && report.verifiedCount == 0 && !report.isIncomplete)
    }

    @Test func `a large object that is verified is read from its beginning, another goes on`() async throws {
        let checksum = Self.told("large.txt", "crc64nvme", Self.base64(.crc64nvme, Self.large))
        for isVerified in [true, false] {
            let objects = [ScriptedS3Server.Object("large.txt", body: Self.large)]
            let server = try await ScriptedS3Server(
                .init(
                    objects: objects,
                    faults: [.error(on: .get, 403, "AccessDenied").when("range", has: "-299999").times(-1)]))
            defer { server.stop() }
            let bench = try Workbench()
            // Without the option, so that what was read of it is kept.
            let failed = try await bench.run([Workbench.source(at: server)], limits: Self.limits())
            #expect(failed.failed.objects == 1)
            let count = try server.requests().count
            try server.play(.init(objects: objects, faults: isVerified ? [checksum] : []))
            let report = try await bench.run([Self.source(at: server)], limits: Self.limits())
            #expect(report.indexed.objects == 1 && report.verifiedCount == (isVerified ? 1 : 0))
            let fromStart = try server.requests().dropFirst(count).contains {
                $0.headers["range"]?.hasPrefix("bytes=0-") ?? false
            }
            #expect(fromStart == isVerified)
            #expect(try await bench.text(of: "large.txt") == Self.large)
            try await bench.run([Workbench.source(at: server)], into: "other", limits: Self.limits())
            #expect(try await bench.digest() == bench.digest("other"))
            #expect(try await ChunkStore.open(reading: bench.path("store")).verify().isSound)
        }
    }

    @Test func `an object that is gone or has grown since it was listed is dealt with as ever`() async throws {
        let server = try await ScriptedS3Server(
            .init(
                objects: [.init("gone.txt", body: Self.small), .init("grown.txt", body: Self.small)],
                faults: [
                    .replace(on: .head, .init("grown.txt", body: Self.large)).forKey("grown.txt"),
                    .error(on: .head, 404, "NoSuchKey").forKey("gone.txt").times(-1),
                    .error(on: .get, 404, "NoSuchKey").forKey("gone.txt").times(-1),
                ]))
        defer { server.stop() }
        let bench = try Workbench()
        let report = try await bench.run([Self.source(at: server)], limits: Self.limits())
        #expect(report.vanished.objects == 1)
        #expect(report.indexed.objects == 1)
        #expect(try await bench.text(of: "grown.txt") == Self.large)
    }

    @Test func `a dry run reads nothing, and so verifies nothing`() async throws {
        let server = try await ScriptedS3Server(
            .init(
                objects: [.init("small.txt", body: Self.small)],
                faults: [Self.told("small.txt", "crc32", Self.base64(.crc32, [1]))]))
        defer { server.stop() }
        let bench = try Workbench()
        let plans = try await bench.plan([Self.source(at: server)])
        #expect(plans[0].toFetch.objects == 1)
        #expect(try server.requests().allSatisfy { $0.action == .list })
    }

    @Test func `the checksums that moto keeps are those of the bytes`() async throws {
        let server = try await MotoServer()
        defer { server.stop() }
        let externalID = "cap_org_0123456789abcdef01234567"
        let objects = ["CRC32", "SHA1", "SHA256", nil].map { algorithm in
            var object = MotoScenario.Object("2025/\(algorithm ?? "none").txt", Data(Self.large))
            object.checksumAlgorithm = algorithm
            return object
        }
        let outcome = try await server.apply(.vendorAndCustomer(externalID: externalID, objects: objects))
        let key = try #require(outcome.accessKeys["vendor"])
        var source = Source(
            bucket: "acme-contracts", prefix: "2025",
            auth: .assumeRole([RoleHop(roleARN: MotoScenario.roleARN("customer-read"), externalID: externalID)]))
        source.verifiesChecksums = true
        let bench = try Workbench()
        let report = try await bench.run(
            [source], limits: Self.limits(),
            base: .fixed(Credentials(accessKeyID: key.id, secretAccessKey: key.secret)),
            environment: ["AWS_ENDPOINT_URL": server.endpointURL])
        #expect(report.indexed.objects == 4 && report.verifiedCount == 3 && !report.isIncomplete, "\(report)")
    }
}
