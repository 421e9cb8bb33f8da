import Testing

@testable import DredgeAWS

@Suite struct CallerPrincipalTests {
    @Test func `a session is named by its role`() throws {
        let principal = try #require(
            CallerPrincipal(callerARN: "arn:aws-cn:sts::123456789012:assumed-role/worker/i-0123"))
        #expect(principal.kind == .role(name: "worker"))
        #expect(principal.arn == "arn:aws-cn:iam::123456789012:role/worker")
        #expect(principal.partition == "aws-cn" && principal.account == "123456789012" && principal.pattern == nil)
    }

    @Test func `a user, a role and a root user are named by their own ARN`() throws {
        for (arn, kind) in [
            ("arn:aws:iam::123456789012:user/team/jo", CallerPrincipal.Kind.user),
            ("arn:aws:iam::123456789012:role/path/reader", .role(name: "reader")),
            ("arn:aws:iam::123456789012:root", .rootUser),
            ("arn:aws:sts::123456789012:federated-user/jo", .other),
        ] {
            let principal = try #require(CallerPrincipal(callerARN: arn))
            #expect(principal.kind == kind)
            #expect(principal.arn == arn)
        }
    }

    /// The path of such a role isn't told, and its suffix changes when the permission set is assigned anew.
    @Test func `a role of IAM Identity Center is named by its account and a pattern`() throws {
        let principal = try #require(
            CallerPrincipal(
                callerARN:
                    "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Data_Team_0123456789abcdef/jo@example.com"))
        #expect(principal.kind == .singleSignOnRole(permissionSet: "Data_Team"))
        #expect(principal.arn == "arn:aws:iam::123456789012:root")
        #expect(
            principal.pattern
                == "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com*/AWSReservedSSO_Data_Team_*")
    }

    @Test(arguments: ["", "vendor", "arn:aws:iam::123456789012", "arn:aws:iam::123456789012:"])
    func `what is no principal is refused`(arn: String) {
        #expect(CallerPrincipal(callerARN: arn) == nil)
    }
}
