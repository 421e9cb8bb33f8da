import DredgeCheck
import Foundation
import TestServers
import Testing

/// What a run and a check tell of one and the same refusal: both name the same likeliest cause.
@Suite(.timeLimit(.minutes(30))) struct AdviceTests {
    private typealias Fault = ScriptedS3Server.Fault

    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static let role = CheckSetup.roleARN
    private static let secrets = ["notCheckedHere", "notCheckedEither"]
    private static let wrongSignature =
        "The request signature we calculated does not match the signature you provided. Check your key and signing "
        + "method."

    private static func signature(_ action: ScriptedS3Server.Action) -> Fault {
        .error(on: action, 403, "SignatureDoesNotMatch", message: wrongSignature).times(-1)
    }

    /// What `dredge run` says in the end, and the causes that `dredge check` names.
    private func told(
        _ faults: [Fault], auth: String = CheckSetup.role(), environment: [String: String] = [:],
        isOfObjects: Bool = false,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> (run: String, check: [CheckCause], page: String) {
        let server = try await ScriptedS3Server(CheckSetup.sound(faults))
        defer { server.stop() }
        try directory.write(
            "c.yaml",
            """
            store: s.chunks
            limits: {outage_patience: 1s}
            sources:
              - name: contracts
                bucket: \(CheckSetup.bucket)
                endpoint_url: "\(server.endpointURL)"
                sts_endpoint_url: "\(server.endpointURL)"
                auth: \(auth)
            """)
        func dredge(_ arguments: [String], status: Int32 = 3) async throws -> DredgeBinary.Outcome {
            let outcome = try await DredgeBinary.run(
                arguments, environment: CheckSetup.environment.merging(environment) { $1 }, directory: directory.url)
            #expect(outcome.status == status, "\(outcome)", sourceLocation: sourceLocation)
            for secret in Self.secrets {
                #expect(!(outcome.output + outcome.error).contains(secret), sourceLocation: sourceLocation)
            }
            return outcome
        }
        let run = try await dredge(["run", "c.yaml"], status: isOfObjects ? 2 : 3)
        let paragraph = isOfObjects ? run.error : try Refusal.paragraph(run, sourceLocation: sourceLocation)
        let page = try await dredge(["check", "c.yaml"]).output
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let report = try decoder.decode(
            CheckReport.self, from: Data(try await dredge(["check", "c.yaml", "--json"]).output.utf8))
        let causes = report.sources[0].steps.first { !$0.causes.isEmpty }?.causes ?? []
        return (paragraph, causes, page)
    }

    // MARK: Signatures

    @Test(arguments: [CheckSetup.role(), "ambient"])
    func `a signature refused of keys that worked is laid to a proxy or the service, not to the secret`(
        auth: String
    ) async throws {
        let told = try await told([Self.signature(.get)], auth: auth)
        Refusal.expect(["SignatureDoesNotMatch", "Most likely a proxy changes requests"], inOrderIn: told.run)
        #expect(!told.run.lowercased().contains("secret"), "\(told.run)")
        #expect(told.check.map(\.code) == [.requestChanged, .serviceFailed])
        #expect(told.check.allSatisfy { !$0.isCertain && !$0.summary.contains("secret") })
        #expect(told.page.contains("Likely cause:"))
    }

    @Test func `a role's session that signs for the next role has no wrong secret`() async throws {
        let other = "arn:aws:iam::444455556666:role/Second"
        let auth =
            "{assume_role: [{role_arn: \"\(Self.role)\", external_id: \(CheckSetup.externalID)}, "
            + "{role_arn: \"\(other)\", external_id: \(CheckSetup.externalID)}]}"
        let told = try await told([Self.signature(.assumeRole).when("form", has: "Second")], auth: auth)
        Refusal.expect(["could not assume role \(other)", "Most likely a proxy changes requests"], inOrderIn: told.run)
        #expect(!told.run.lowercased().contains("secret"), "\(told.run)")
        #expect(told.check.map(\.code) == [.requestChanged, .serviceFailed])
    }

    @Test(arguments: [[:], ["AWS_SESSION_TOKEN": "notCheckedHere"]])
    func `a signature refused of keys that never worked is laid to the secret first`(
        environment: [String: String]
    ) async throws {
        let told = try await told(
            [Self.signature(.list), Self.signature(.getCallerIdentity)], auth: "ambient", environment: environment)
        Refusal.expect(["Most likely the secret access key doesn't belong to", "a proxy"], inOrderIn: told.run)
        #expect(told.run.contains("session token") == !environment.isEmpty)
        #expect(told.check.map(\.code) == [.secretKeyWrong, .requestChanged])
    }

    // MARK: Roles

    /// Who asks, what AWS says behind its sentence, and how the causes begin: in the check, and in a run.
    static let roles: [(caller: String, reason: String, causes: [CheckCause.Code], told: [String])] = [
        (
            CheckSetup.vendorAccount, "", [.externalIDWrong, .callerNotTrusted, .callerMayNotAssume, .roleMissing],
            [
                "(1) the external ID", "(2) the trust policy doesn't name", "(3) the own policies",
                "(4) the role doesn't",
            ]
        ),
        (
            CheckSetup.customerAccount, "",
            [.callerNotTrusted, .externalIDWrong, .callerMayNotAssume, .roleMissing],
            [
                "(1) the trust policy doesn't name", "(2) the external ID", "(3) the own policies",
                "(4) the role doesn't",
            ]
        ),
        (
            CheckSetup.vendorAccount, " with an explicit deny in a service control policy", [.deniedExplicitly],
            ["AWS says that a statement forbids it, in a service control policy", "Deny"]
        ),
        (
            CheckSetup.vendorAccount, " because no identity-based policy allows the sts:AssumeRole action",
            [.callerMayNotAssume], ["AWS says that the own policies of the principal"]
        ),
        (
            CheckSetup.vendorAccount, " because no role trust policy allows the sts:AssumeRole action",
            [.callerNotTrusted, .externalIDWrong, .roleMadeAnew],
            [
                "the role's trust policy", "(1) the trust policy doesn't name", "(2) the external ID",
                "(3) the principal",
            ]
        ),
        (
            CheckSetup.vendorAccount, " because no permissions boundary allows the sts:AssumeRole action",
            [.deniedAbove], ["AWS says that the caller's permissions boundary doesn't allow it"]
        ),
    ]

    @Test(arguments: roles) func `a run and a check rank the causes of a refused role alike`(
        row: (caller: String, reason: String, causes: [CheckCause.Code], told: [String])
    ) async throws {
        let caller = "arn:aws:iam::\(row.caller):user/dredge"
        let server: [Fault] = [
            CheckSetup.refusal(by: caller, row.reason),
            .raw(
                on: .getCallerIdentity,
                """
                <GetCallerIdentityResponse><GetCallerIdentityResult><Arn>\(caller)</Arn><UserId>AIDA</UserId>\
                <Account>\(row.caller)</Account></GetCallerIdentityResult></GetCallerIdentityResponse>
                """
            ).times(-1),
        ]
        let told = try await told(server)
        #expect(Array(told.check.map(\.code).prefix(row.causes.count)) == row.causes)
        Refusal.expect(row.told, inOrderIn: told.run)
        #expect((told.check.count == 1) == !told.run.contains("(2)"), "\(told.run)")
    }

    // MARK: Buckets and objects

    private static let listing = "s3:ListBucket on \(BucketSetups.bucketARN)"
    private static let reading = "s3:GetObject on \(BucketSetups.bucketARN)/20"

    static let buckets:
        [(action: ScriptedS3Server.Action, auth: String, reason: String?, causes: [CheckCause.Code], told: [String])] =
            [
                (
                    .list, CheckSetup.role(), nil, [.listNotAllowed, .prefixNotAllowed, .bucketPolicy, .deniedAbove],
                    [
                        "(1) no policy of the identity", listing, "(2) a condition on s3:prefix",
                        "(3) a statement of the",
                    ]
                ),
                (
                    .list, "ambient", nil, [.bucketPolicy, .listNotAllowed, .prefixNotAllowed, .deniedAbove],
                    ["(1) the bucket's policy doesn't let", listing, "(2) no policy of", "(3) a condition"]
                ),
                (
                    .list, CheckSetup.role(), "with an explicit deny in a resource-based policy", [.deniedExplicitly],
                    ["S3 says that a statement forbids it, in the bucket's policy", listing, BucketSetups.session]
                ),
                (
                    .list, CheckSetup.role(), "because no VPC endpoint policy allows the s3:ListBucket action",
                    [.deniedAbove], ["S3 says that the policy of a VPC endpoint", listing]
                ),
                (.list, "anonymous", nil, [.bucketPolicy], ["S3 says that the bucket is not public", "auth"]),
                (
                    .get, CheckSetup.role(), nil, [.getNotAllowed, .bucketPolicy, .deniedAbove],
                    ["(1) no policy of the identity", reading, "(2) a statement of the bucket's policy", "(3)"]
                ),
                (
                    .get, CheckSetup.role(), "because no identity-based policy allows the s3:GetObject action",
                    [.getNotAllowed], ["S3 says that no policy of", "allow \(reading)"]
                ),
            ]

    @Test(arguments: buckets) func `a run and a check rank the causes of a refused listing or read alike`(
        row: (
            action: ScriptedS3Server.Action, auth: String, reason: String?, causes: [CheckCause.Code], told: [String]
        )
    ) async throws {
        let permission = row.action == .list ? "s3:ListBucket" : "s3:GetObject"
        let message =
            row.reason.map { BucketSetups.told(permission, on: BucketSetups.bucketARN, $0) } ?? "Access Denied"
        let told = try await told(
            [BucketSetups.refused(row.action, message), BucketSetups.refused(.head, message)], auth: row.auth)
        #expect(told.check.map(\.code) == row.causes)
        Refusal.expect(row.told, inOrderIn: told.run)
    }

    // MARK: Keys

    private static let foreignKey = "arn:aws:kms:eu-central-1:444455556666:key/9876fedc-98fe-76dc-54ba-0987654321fe"

    static let keys: [(code: String, status: Int, message: String, causes: [CheckCause.Code], told: [String])] = [
        (
            "AccessDenied", 403,
            BucketSetups.told(
                "kms:Decrypt", on: foreignKey, "because no resource-based policy allows the kms:Decrypt action"),
            [.keyPolicyNotAllowing, .keyManagedByAWS],
            [
                "(1) the key's own policy", "(2) the key is the one that AWS manages", "kms:Decrypt on the KMS key",
                foreignKey,
            ]
        ),
        (
            "AccessDenied", 403,
            "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you "
                + "are not allowed to access.", [.decryptNotAllowed, .keyPolicyNotAllowing],
            ["(1) no policy of the identity that signs allows kms:Decrypt", "(2) the key's own policy"]
        ),
        (
            "KMS.AccessDeniedException", 400, "User is not allowed to use \(BucketSetups.keyARN).",
            [.decryptNotAllowed, .keyPolicyNotAllowing],
            ["(1) no policy of", "kms:Decrypt", BucketSetups.keyARN, "(2) the key's own policy"]
        ),
        (
            "KMS.DisabledException", 400, "\(BucketSetups.keyARN) is disabled.", [.keyUnusable],
            ["S3 says that the KMS key \(BucketSetups.keyARN) is disabled", "kms:Decrypt"]
        ),
        (
            "KMS.NotFoundException", 400, "Key '\(BucketSetups.keyARN)' does not exist", [.keyUnusable],
            ["S3 says that the KMS key \(BucketSetups.keyARN) does not exist any more", "kms:Decrypt"]
        ),
        (
            "KMS.KMSInvalidStateException", 400, "\(BucketSetups.keyARN) is pending deletion.", [.keyUnusable],
            ["S3 says that the KMS key \(BucketSetups.keyARN) can't be used now", "kms:Decrypt"]
        ),
    ]

    @Test(arguments: keys) func `a key that keeps an object from being read is named, with who must let it in`(
        row: (code: String, status: Int, message: String, causes: [CheckCause.Code], told: [String])
    ) async throws {
        let told = try await told(
            [.error(on: .get, row.status, row.code, message: row.message).times(-1)],
            isOfObjects: row.code.hasPrefix("KMS."))
        Refusal.expect(row.told, inOrderIn: told.run)
        #expect(
            told.run.contains("both must allow kms:Decrypt: the key's own policy, and a policy of the role or user"))
        #expect(!told.run.contains("s3:GetObject"), "\(told.run)")
        #expect(told.check.map(\.code) == row.causes)
        if row.causes != [.keyUnusable] {
            #expect(told.check.contains { $0.evidence.contains("both must allow kms:Decrypt") })
        }
        if let key = [Self.foreignKey, BucketSetups.keyARN].first(where: row.message.contains) {
            #expect(told.page.contains("Encryption key \(key)"), "\(told.page)")
        }
    }

    // MARK: Failures of the service

    static let failures: [(action: ScriptedS3Server.Action, status: Int, code: String)] = [
        (.list, 500, "InternalError"), (.get, 503, "ServiceUnavailable"), (.assumeRole, 500, "InternalFailure"),
        (.assumeRole, 503, "SomethingNew"),
    ]

    @Test(arguments: failures) func `a failure of the service's own is nobody else's to change`(
        action: ScriptedS3Server.Action, status: Int, code: String
    ) async throws {
        let told = try await told(
            [.error(on: action, status, code, message: "We are in trouble.").times(-1)], isOfObjects: action == .get)
        Refusal.expect([code, "SCRIPTED0001", "the service's own failure", "request ID"], inOrderIn: told.run)
        #expect(!told.run.contains("endpoint?"), "\(told.run)")
        #expect(told.check.map(\.code) == [.serviceFailed])
        #expect(told.check.map(\.change.who.role) == [.service])
        #expect(told.check.allSatisfy { $0.change.document == nil })
        Refusal.expect(
            ["Who can change it: nobody but who runs the service.", "What to change: Nothing of yours."],
            inOrderIn: told.page)
    }
}
