import Foundation
import TestServers
import Testing

extension CustomerAccountTests {
    /// What keeps a run from its bucket: status 3, and one paragraph that names the source, the step, what the service
    /// said, and what to change.
    @Suite struct RefusalTests {
        private let account: CustomerAccount
        private let directory: TemporaryDirectory

        init() throws {
            account = try #require(CustomerAccount.current)
            directory = try TemporaryDirectory()
        }

        /// Runs `config`, which must end with one paragraph that has all of `parts`, in this order.
        private func expectRefusal(
            _ config: String, environment: [String: String]? = nil, _ parts: [String],
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            let outcome = try await account.run(config, in: directory, environment: environment)
            #expect(outcome.status == 3, "\(outcome)", sourceLocation: sourceLocation)
            #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
            let paragraph = try Refusal.paragraph(outcome, sourceLocation: sourceLocation)
            Refusal.expect(parts, inOrderIn: paragraph, sourceLocation: sourceLocation)
        }

        @Test func `a wrong external ID`() async throws {
            try await expectRefusal(
                account.config(externalID: "wrong-id"),
                [
                    "dredge: source \"contracts\": could not assume role \(MotoScenario.roleARN("customer-read")): ",
                    "(code AccessDenied, HTTP 403, request ", "external ID",
                ])
        }

        @Test func `no external ID where the role demands one`() async throws {
            try await expectRefusal(
                account.config(externalID: nil),
                ["source \"contracts\": could not assume role ", "code AccessDenied", "sts:ExternalId"])
        }

        @Test func `an external ID that is required and protects nothing`() async throws {
            let required = { (config: String) in config + "\n    require_external_id: true\n" }
            let role = "customer-over-trusting"
            try await expectRefusal(
                required(account.config(role: role)),
                [
                    "dredge: source \"contracts\": could not verify the external ID of \(MotoScenario.roleARN(role)): ",
                    "can be used without its external ID",
                    #"{"StringEquals": {"sts:ExternalId": "\#(CustomerAccount.externalID)"}}"#,
                ])
            #expect(try await account.run(account.config(role: role), in: directory).status == 0)
            #expect(
                try await account.run(required(account.config()), ["--store", "t.chunks"], in: directory).status == 0)
        }

        @Test func `no permission to list`() async throws {
            try await expectRefusal(
                account.config(role: "customer-no-list"),
                [
                    "source \"contracts\": could not list s3://acme-contracts/: ",
                    "(code AccessDenied, HTTP 403, request ",
                    "s3:ListBucket on arn:aws:s3:::acme-contracts",
                ])
        }

        @Test func `no permission to read`() async throws {
            try await expectRefusal(
                account.config(role: "customer-list-only"),
                [
                    "source \"contracts\": could not read objects of s3://acme-contracts/: ",
                    "every object that was tried is refused",
                    "(code AccessDenied, HTTP 403, request ", "s3:GetObject on arn:aws:s3:::acme-contracts/",
                ])
        }

        @Test func `no such bucket`() async throws {
            try await expectRefusal(
                account.config(role: "customer-any-bucket", bucket: "acme-contract"),
                [
                    "source \"contracts\": could not list s3://acme-contract/: ",
                    "(code NoSuchBucket, HTTP 404, request ",
                    "Check the bucket's name (acme-contract)",
                ])
        }

        @Test func `a wrong secret key`() async throws {
            var environment = try account.environment()
            environment["AWS_SECRET_ACCESS_KEY"] = String(repeating: "x", count: 40)
            try await expectRefusal(
                account.config(), environment: environment,
                ["source \"contracts\": could not assume role ", "code SignatureDoesNotMatch, HTTP 403", "secret"])
        }

        @Test func `no credentials at all`() async throws {
            try await expectRefusal(
                account.config(), environment: [:], ["source \"contracts\": could not ", "AWS_ACCESS_KEY_ID"])
        }

        @Test func `an endpoint where nobody listens`() async throws {
            let port = try LoopbackPort.free()
            let config = account.config().replacing(
                "    endpoint_url: \"\(account.server.endpointURL)\"",
                with: "    endpoint_url: \"http://127.0.0.1:\(port)\"")
            try await expectRefusal(
                config,
                [
                    "source \"contracts\": could not list s3://acme-contracts/: ", "127.0.0.1:\(port) can't be reached",
                    "the endpoint URL, whether its server runs,",
                ])
        }

        @Test func `an STS endpoint where nobody listens`() async throws {
            let port = try LoopbackPort.free()
            let config = account.config().replacing(
                "sts_endpoint_url: \"\(account.server.endpointURL)\"",
                with: "sts_endpoint_url: \"http://127.0.0.1:\(port)\"")
            try await expectRefusal(config, ["source \"contracts\": could not assume role ", "127.0.0.1"])
        }
    }
}

/// A paragraph on standard error that says why a run ended.
enum Refusal {
    /// The last line, which alone may begin with the program's name: a paragraph, however long, is one line.
    static func paragraph(
        _ outcome: DredgeBinary.Outcome, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let lines = outcome.error.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.last == "", sourceLocation: sourceLocation)
        #expect(lines.count { $0.hasPrefix("dredge: ") } == 1, "\(outcome.error)", sourceLocation: sourceLocation)
        return String(try #require(lines.dropLast().last, sourceLocation: sourceLocation))
    }

    static func expect(_ parts: [String], inOrderIn text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        var rest = text[...]
        for part in parts {
            guard let range = rest.firstRange(of: part) else {
                Issue.record("\"\(part)\" is missing in: \(text)", sourceLocation: sourceLocation)
                return
            }
            rest = rest[range.upperBound...]
        }
    }
}
