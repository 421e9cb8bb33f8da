import DredgeAWS
import DredgePolicy
import Foundation
import TestServers
import Testing

@testable import Dredge

/// With the generated policies a run works; without any one of their statements it fails. moto judges trust policies,
/// external IDs and what the caller may do; Ceph's gateway judges prefixes, bucket policies and writing, which moto
/// doesn't.
@Suite(.timeLimit(.minutes(30)), .serialized) struct PolicySufficiencyTests {
    private static let externalID = "acme-0123456789abcdef"
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Whether a run of the source reads its objects, and no other one.
    private func reads(_ source: Source, base: BaseCredentials) async throws -> Bool {
        do {
            let report = try await bench.run([source], into: UUID().uuidString, base: base)
            return report.outcome == .complete && report.indexed.objects == 2 && report.failed.objects == 0
        } catch let error as RunError {
            // A failure of any other kind would prove nothing.
            #expect(error.serviceCode == "AccessDenied", "\(error)")
            return false
        }
    }

    /// The document, and it without each of its statements.
    private func variants(_ document: PolicyDocument) -> [(isWhole: Bool, document: PolicyDocument)] {
        [(true, document)]
            + document.statements.indices.map { index in
                var less = document
                less.statements.remove(at: index)
                return (false, less)
            }
    }

    @Test func `trust, permissions and the vendor's policy let a run in, and each statement is needed`() async throws {
        let server = try await MotoServer()
        defer { server.stop() }
        let vendor = try TrustedPrincipal(MotoScenario.userARN("vendor"))
        let trust = AccessPolicies.trust(vendor, externalID: Self.externalID)
        let permissions = AccessPolicies.permissions(try BucketScope(bucket: "acme"))
        let pattern = try RolePattern(namePattern: "reader-*", mustMatch: MotoScenario.roleARN("reader-0"))
        var scenario = MotoScenario(
            users: [
                .init("vendor", policy: AccessPolicies.vendor(pattern).compactJSON), .init("idle", policy: nil),
            ],
            buckets: [
                .init("acme", objects: ["2025/a", "b"].map { .init("\($0).txt", Data("hello \($0)\n".utf8)) })
            ])
        // By the role's name: who assumes it, whether that works.
        var cases: [(role: String, user: String, isEnough: Bool)] = []
        func add(_ trust: PolicyDocument, _ permissions: PolicyDocument, user: String, isEnough: Bool) {
            let role = "reader-\(cases.count)"
            scenario.roles.append(.init(role, trust: trust.compactJSON, policy: permissions.compactJSON))
            cases.append((role, user, isEnough))
        }
        for (isWhole, document) in variants(trust) { add(document, permissions, user: "vendor", isEnough: isWhole) }
        for (isWhole, document) in variants(permissions) { add(trust, document, user: "vendor", isEnough: isWhole) }
        add(
            AccessPolicies.trust(try TrustedPrincipal(MotoScenario.userARN("idle")), externalID: Self.externalID),
            permissions, user: "idle", isEnough: false)
        let keys = try await server.apply(scenario).accessKeys
        for (role, user, isEnough) in cases {
            let source = Self.source("acme", at: server, hops: [Self.hop(role)])
            #expect(try await reads(source, base: Self.base(keys[user])) == isEnough, "\(role)")
        }
        for externalID in [nil, "acme-wrong"] {
            let source = Self.source("acme", at: server, hops: [Self.hop("reader-0", externalID: externalID)])
            #expect(try await !reads(source, base: Self.base(keys["vendor"])))
        }
    }

    @Test func `in a chain each role trusts the one before, exactly`() async throws {
        let server = try await MotoServer()
        defer { server.stop() }
        let hub = MotoScenario.roleARN("hub")
        let trust = AccessPolicies.trust(try TrustedPrincipal(hub), externalID: Self.externalID)
        let permissions = AccessPolicies.permissions(try BucketScope(bucket: "acme")).compactJSON
        let inner = AccessPolicies.vendor(try RolePattern(roleARN: MotoScenario.roleARN("reader"))).compactJSON
        let outer = AccessPolicies.trust(try TrustedPrincipal(MotoScenario.userARN("vendor")), externalID: nil)
        let other = AccessPolicies.trust(
            try TrustedPrincipal(MotoScenario.roleARN("other")), externalID: Self.externalID)
        let keys = try await server.apply(
            MotoScenario(
                users: [
                    .init("vendor", policy: AccessPolicies.vendor(try RolePattern(roleARN: hub)).compactJSON)
                ],
                roles: [
                    .init("hub", trust: outer.compactJSON, policy: inner),
                    .init("reader", trust: trust.compactJSON, policy: permissions),
                    .init("reader-of-other", trust: other.compactJSON, policy: permissions),
                ],
                buckets: [.init("acme", objects: ["a.txt", "b.txt"].map { .init($0, Data("hello\n".utf8)) })])
        ).accessKeys
        let base = Self.base(keys["vendor"])
        let hops = [Self.hop("hub", externalID: nil), Self.hop("reader")]
        #expect(try await reads(Self.source("acme", at: server, hops: hops), base: base))
        let others = [Self.hop("hub", externalID: nil), Self.hop("reader-of-other")]
        #expect(try await !reads(Self.source("acme", at: server, hops: others), base: base))
    }

    @Test func `permissions under a prefix are enough for it, and for no other`() async throws {
        let gateway = try await CephGateway.shared()
        let owner = try await gateway.makeUser("owner"), vendor = try await gateway.makeUser("vendor")
        let bucket = Self.unique("prefix")
        try await PolicyTools.makeBucket(bucket, objects: Self.objects, owner: owner, in: gateway)
        let document = AccessPolicies.permissions(
            try BucketScope(bucket: bucket, prefix: "2025/"), includesVersions: true)
        for (isWhole, document) in variants(document) {
            let role = try await gateway.makeRole("reader", trusting: vendor, policy: document.compactJSON)
            var hop = RoleHop(roleARN: role)
            hop.sessionPolicy = .none
            let source = Self.source(bucket, at: gateway, auth: .assumeRole([hop]))
            #expect(try await reads(source, base: Self.base(vendor)) == isWhole, "\(document.compactJSON)")
            guard isWhole else { continue }
            for prefix in ["", "2024/", "202"] {
                var other = source
                other.prefix = prefix
                #expect(try await !reads(other, base: Self.base(vendor)), "\(prefix)")
            }
        }
    }

    @Test func `a bucket policy lets a reader in directly, and each statement is needed`() async throws {
        let gateway = try await CephGateway.shared()
        let owner = try await gateway.makeUser("owner"), reader = try await gateway.makeUser("reader")
        let arn = "arn:aws:iam::\(CephGateway.account):user/\(reader.name)"
        let buckets = variants(
            AccessPolicies.bucket(
                try BucketScope(bucket: "BUCKET", prefix: "2025/"), reader: try TrustedPrincipal(arn)))
        for (isWhole, document) in buckets {
            let bucket = Self.unique("direct")
            try await PolicyTools.makeBucket(
                bucket, objects: Self.objects,
                policy: document.statements.isEmpty
                    ? nil : document.compactJSON.replacing("BUCKET", with: bucket), owner: owner, in: gateway)
            let source = Self.source(bucket, at: gateway, auth: .ambient)
            #expect(try await reads(source, base: Self.base(reader)) == isWhole, "\(document.compactJSON)")
        }
    }

    @Test func `a writer may do what writing needs, each action is needed, and nothing else is allowed`() async throws {
        let gateway = try await CephGateway.shared()
        let owner = try await gateway.makeUser("owner"), writer = try await gateway.makeUser("writer")
        let bucket = Self.unique("writer")
        try await PolicyTools.makeBucket(bucket, objects: Self.objects, owner: owner, in: gateway)
        let whole = AccessPolicies.s3Destination(try BucketScope(bucket: bucket, prefix: "out/"))
        func allowed(_ document: PolicyDocument) async throws -> Set<String> {
            let role = try await gateway.makeRole("writer", trusting: writer, policy: document.compactJSON)
            let answers = try await PolicyTools.write(
                as: writer, role: role, bucket: bucket, prefix: "out/", owner: owner, in: gateway)
            return Set(answers.filter(\.value).keys)
        }
        let expected: Set = ["put", "start upload", "list uploads", "list parts", "abort upload"]
        #expect(try await allowed(whole) == expected)
        let lost: [String: Set<String>] = [
            "s3:PutObject": ["put", "start upload"], "s3:AbortMultipartUpload": ["abort upload"],
            "s3:ListMultipartUploadParts": ["list parts"], "s3:ListBucketMultipartUploads": ["list uploads"],
        ]
        for (action, operations) in lost.sorted(by: { $0.key < $1.key }) {
            var less = whole
            for index in less.statements.indices { less.statements[index].actions.removeAll { $0 == action } }
            less.statements.removeAll(where: \.actions.isEmpty)
            #expect(try await allowed(less) == expected.subtracting(operations), "\(action)")
        }
        #expect(Set(whole.statements.flatMap(\.actions)) == Set(lost.keys))
    }

    // MARK: Helpers

    /// Two of them under `2025/`.
    private static let objects = ["2025/a.txt": "hello\n", "2025/b.txt": "world\n", "2024/c.txt": "old\n"]

    private static func unique(_ name: String) -> String { "\(name)-\(UUID().uuidString.prefix(8).lowercased())" }

    private static func hop(_ role: String, externalID: String? = externalID) -> RoleHop {
        RoleHop(roleARN: MotoScenario.roleARN(role), externalID: externalID)
    }

    private static func source(_ bucket: String, at server: MotoServer, hops: [RoleHop]) -> Source {
        Source(
            bucket: bucket, region: "us-east-1", endpointURL: server.endpointURL, stsEndpointURL: server.endpointURL,
            auth: .assumeRole(hops))
    }

    private static func source(_ bucket: String, at gateway: CephGateway, auth: SourceAuth) -> Source {
        Source(
            bucket: bucket, prefix: "2025/", region: "us-east-1", endpointURL: gateway.endpointURL,
            stsEndpointURL: gateway.endpointURL, auth: auth)
    }

    private static func base(_ key: MotoScenario.AccessKey?) -> BaseCredentials {
        .fixed(Credentials(accessKeyID: key?.id ?? "", secretAccessKey: key?.secret ?? ""))
    }

    private static func base(_ user: CephGateway.User) -> BaseCredentials {
        .fixed(Credentials(accessKeyID: user.accessKeyID, secretAccessKey: user.secretAccessKey))
    }
}
