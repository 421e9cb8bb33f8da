import Testing

@testable import DredgeAWS

@Suite struct DenialTests {
    private static let caller = "arn:aws:sts::999988887777:assumed-role/worker/i-1"
    private static let role = "arn:aws:iam::111122223333:role/DredgeRead"

    private static func message(_ action: String, _ resource: String, _ reason: String) -> String {
        "User: \(caller) is not authorized to perform: \(action) on resource: \(resource)\(reason)"
    }

    /// The wordings of "Troubleshoot access denied error messages" (IAM User Guide).
    static let wordings: [(reason: String, decision: Denial.Decision)] = [
        ("", .unknown),
        (" because no identity-based policy allows the sts:AssumeRole action", .notAllowed(by: .identity)),
        (" because no resource-based policy allows the sts:AssumeRole action", .notAllowed(by: .resource)),
        (" because no role trust policy allows the sts:AssumeRole action", .notAllowed(by: .trust)),
        (" because no service control policy allows the sts:AssumeRole action", .notAllowed(by: .serviceControl)),
        (" because no resource control policy allows the sts:AssumeRole action", .notAllowed(by: .resourceControl)),
        (" because no permissions boundary allows the sts:AssumeRole action", .notAllowed(by: .permissionsBoundary)),
        (" because no session policy allows the sts:AssumeRole action", .notAllowed(by: .session)),
        (" because no VPC endpoint policy allows the sts:AssumeRole action", .notAllowed(by: .endpoint)),
        (" with an explicit deny in an identity-based policy", .denied(by: .identity)),
        (" with an explicit deny in a resource-based policy", .denied(by: .resource)),
        (" with an explicit deny in the role trust policy", .denied(by: .trust)),
        (
            " with an explicit deny in a service control policy: arn:aws:organizations::1:policy/p-1",
            .denied(by: .serviceControl)
        ),
        (" with an explicit deny in a resource control policy", .denied(by: .resourceControl)),
        (" with an explicit deny in a permissions boundary", .denied(by: .permissionsBoundary)),
        (" with an explicit deny in a session policy", .denied(by: .session)),
        (" with an explicit deny in a VPC endpoint policy", .denied(by: .endpoint)),
    ]

    @Test(arguments: wordings) func `the policy that decided is read from each of AWS's wordings`(
        reason: String, decision: Denial.Decision
    ) {
        let denial = Denial(Self.message("sts:AssumeRole", Self.role, reason))
        #expect(denial.caller == Self.caller)
        #expect(denial.action == "sts:AssumeRole")
        #expect(denial.resource == Self.role)
        #expect(denial.decision == decision)
    }

    @Test func `quotes around a resource are no part of it`() {
        let key = "arn:aws:kms:eu-west-1:111122223333:key/1234"
        let denial = Denial(
            Self.message("kms:Decrypt", "\"\(key)\"", " because no identity-based policy allows the kms:Decrypt action")
        )
        #expect(denial.action == "kms:Decrypt")
        #expect(denial.resource == key)
    }

    @Test(arguments: ["", "Access Denied", "User: ", "not authorized to perform: ", "because no", "explicit deny in "])
    func `what says nothing is taken for nothing`(message: String) {
        let denial = Denial(message)
        #expect(denial.decision == .unknown)
        #expect(denial.caller == nil && denial.action == nil && denial.resource == nil)
    }
}

extension DenialTests {
    @Test(arguments: [
        ("arn:aws:kms:eu-west-1:1:key/2 is disabled.", "arn:aws:kms:eu-west-1:1:key/2"),
        ("Key 'arn:aws:kms:eu-west-1:1:key/2' does not exist", "arn:aws:kms:eu-west-1:1:key/2"),
        ("not for arn:aws-cn:kms:cn-north-1:1:key/2.", "arn:aws-cn:kms:cn-north-1:1:key/2"),
        ("arn:aws:s3:::bucket is denied", nil), ("", nil),
    ])
    func `a key is found wherever a message names it`(message: String, key: String?) {
        #expect(Denial.keyARN(in: message) == key)
    }
}
