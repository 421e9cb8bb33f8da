import DredgeAWS
import Foundation
import TestServers
import Testing

@testable import DredgePolicy

/// What puts policies into place, each as its own kind of judge reads it.
@Suite struct PolicySetupTests {
    private static let items = GeneratedPolicies.all
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

    /// The texts themselves, to be looked at in a change. `DREDGE_WRITE_GOLDEN=1` writes them anew.
    @Test(arguments: items) func `the texts are as they were`(_ item: GeneratedPolicies.Item) throws {
        let texts: [(end: String, text: String?)] = [
            ("json", item.setup.document.prettyJSON + "\n"), ("sh", item.setup.shellCommands),
            ("template.json", item.setup.cloudFormationTemplate), ("tf", item.setup.terraformConfiguration),
        ]
        for (end, text) in texts {
            let file = Self.directory.appending(path: "\(item.name).\(end)")
            if ProcessInfo.processInfo.environment["DREDGE_WRITE_GOLDEN"] == "1" {
                try FileManager.default.createDirectory(at: Self.directory, withIntermediateDirectories: true)
                if let text { try Data(text.utf8).write(to: file) }
            }
            guard let text else {
                #expect(!FileManager.default.fileExists(atPath: file.path))
                continue
            }
            #expect(try String(contentsOf: file, encoding: .utf8) == text, "\(file.lastPathComponent)")
        }
    }

    @Test func `CloudFormation's own check has nothing to say`() async throws {
        let templates = Self.items.compactMap { item in item.setup.cloudFormationTemplate.map { (item.name, $0) } }
        #expect(templates.count == Self.items.count - 2)  // a key's policy, an access point's
        let complaints = try await PolicyTools.cloudFormationComplaints(templates.map(\.1))
        for (template, complaints) in zip(templates, complaints) {
            #expect(complaints.isEmpty, "\(template.0)")
        }
    }

    @Test func `Terraform's language is read back as the same documents`() async throws {
        let answers = try await PolicyTools.terraformArguments(Self.items.map(\.setup.terraformConfiguration))
        for (item, arguments) in zip(Self.items, answers) {
            let documents = arguments.filter { ["policy", "assume_role_policy"].contains($0[1]) }.map { $0[2] }
            if item.kind == .kms {
                #expect(arguments.map { $0[1] } == ["key_id", "grantee_principal", "operations"])
                #expect(arguments.contains { $0[2].contains(GeneratedPolicies.vendor) })
                continue
            }
            let read = try documents.map { try Self.object($0) }
            #expect(try read.first == Self.object(item.setup.document.compactJSON), "\(item.name)")
            if case .newRole(let role) = item.setup.holder, let permissions = role.permissions {
                #expect(try read.last == Self.object(permissions.compactJSON))
            }
        }
    }

    /// Not everybody has Terraform, and Debian doesn't either: python-hcl2 stands in for it.
    @Test(.enabled(if: Program.isInPath("terraform"))) func `Terraform formats them no other way`() async throws {
        let text = Self.items.map(\.setup.terraformConfiguration).joined(separator: "\n")
        #expect(try await Program.run("terraform", ["fmt", "-"], input: Data(text.utf8)).output == text)
    }

    @Test func `moto makes the stacks, and has the documents then`() async throws {
        let server = try await MotoServer()
        defer { server.stop() }
        // moto makes no bucket policies of templates, and says nothing.
        let items = Self.items.filter { $0.setup.cloudFormationTemplate != nil && $0.kind != .bucket }
        let answers = try await PolicyTools.deploy(items.compactMap(\.setup.cloudFormationTemplate), to: server)
        #expect(answers.count == items.count)
        for (item, answer) in zip(items, answers) { try expect(item, in: Self.object(answer)) }
    }

    @Test func `bash runs the commands, twice where they add`() async throws {
        let server = try await MotoServer()
        defer { server.stop() }
        // moto can't read the policy of an access point back.
        for item in Self.items where item.name != "bucket-access-point" {
            try await PolicyTools.reset(server)
            try await Self.prepare(item, in: server)
            var setup = item.setup
            if case .key(_, let reader) = setup.holder {
                // The key's ID is moto's choice.
                let arn = try await Program.run(
                    "aws", ["kms", "create-key", "--query", "KeyMetadata.Arn", "--output", "text"], aws: server
                ).output.trimmingCharacters(in: .whitespacesAndNewlines)
                setup.holder = .key(try EncryptionKey(arn), reader: reader)
            }
            let isAdding =
                switch setup.holder {
                case .bucket, .key: true
                default: false
                }
            for _ in 0..<(isAdding ? 2 : 1) {
                let outcome = try await Program.run("bash", ["-s"], input: setup.shellCommands, aws: server)
                #expect(outcome.status == 0, "\(item.name): \(outcome.error)")
            }
            try expect(item, in: try await Self.state(of: setup.holder, in: server))
        }
    }

    @Test func `what a bucket's policy says already stays`() async throws {
        let server = try await MotoServer()
        defer { server.stop() }
        let item = try #require(Self.items.first { $0.name == "bucket" })
        try await Self.prepare(item, in: server)
        let old =
            #"{"Version":"2012-10-17","Statement":{"Sid":"Old","Effect":"Deny","Principal":"*","Action":"s3:*","#
            + #""Resource":"arn:aws:s3:::acme-contracts","Condition":{"Bool":{"aws:SecureTransport":"false"}}}}"#
        _ = try await Program.run(
            "aws", ["s3api", "put-bucket-policy", "--bucket", "acme-contracts", "--policy", old], aws: server)
        #expect(try await Program.run("bash", ["-s"], input: item.setup.shellCommands, aws: server).status == 0)
        let state = try await Self.state(of: item.setup.holder, in: server)
        let statements = try #require((state["bucket"] as? NSDictionary)?["Statement"] as? [NSDictionary])
        #expect(statements.count == 3)
        #expect(statements.first?["Sid"] as? String == "Old")
    }

    @Test func `a bucket's policy that can't be read is not overwritten`() async throws {
        let server = try await MotoServer()
        defer { server.stop() }
        let item = try #require(Self.items.first { $0.name == "bucket" })
        let outcome = try await Program.run("bash", ["-s"], input: item.setup.shellCommands, aws: server)
        #expect(outcome.status == 1)
        #expect(outcome.error.contains("NoSuchBucket"), "\(outcome.error)")
    }

    @Test(arguments: ["plain", "", "it's", "$(reboot)", "a\nb", "`x`", "\\", "*", "~", "-n", "é"])
    func `a shell reads a quoted word as it was`(text: String) async throws {
        let outcome = try await Program.run("sh", ["-s"], input: Data("printf %s \(PolicySetup.quoted(text))".utf8))
        #expect(outcome.output == text)
    }

    // MARK: Helpers

    private static func object(_ json: String) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? NSDictionary)
    }

    /// Makes what the holder must be beside.
    private static func prepare(_ item: GeneratedPolicies.Item, in server: MotoServer) async throws {
        func aws(_ arguments: String...) async throws {
            let outcome = try await Program.run("aws", arguments, aws: server)
            guard outcome.status == 0 else { throw ServerProblem(description: outcome.error) }
        }
        let trust = #"{"Version":"2012-10-17","Statement":[]}"#
        switch item.setup.holder {
        case .newRole, .key: return
        case .role(let name, _):
            try await aws("iam", "create-role", "--role-name", name, "--assume-role-policy-document", trust)
        case .user(let name, _): try await aws("iam", "create-user", "--user-name", name)
        case .bucket: try await aws("s3api", "create-bucket", "--bucket", "acme-contracts")
        }
    }

    /// What the holder has now.
    private static func state(of holder: PolicySetup.Holder, in server: MotoServer) async throws -> NSDictionary {
        func aws(_ arguments: String...) async throws -> Any {
            let outcome = try await Program.run("aws", arguments, aws: server)
            guard outcome.status == 0 else { throw ServerProblem(description: outcome.error) }
            return try JSONSerialization.jsonObject(with: Data(outcome.output.utf8), options: .fragmentsAllowed)
        }
        switch holder {
        case .newRole(let role):
            var state: [String: Any] = [
                "trust": try await aws(
                    "iam", "get-role", "--role-name", role.name, "--query", "Role.AssumeRolePolicyDocument"),
                "arn": try await aws("iam", "get-role", "--role-name", role.name, "--query", "Role.Arn"),
                "seconds": try await aws(
                    "iam", "get-role", "--role-name", role.name, "--query", "Role.MaxSessionDuration"),
            ]
            #expect(state["seconds"] as? Int == role.sessionSecondsMax)
            if role.permissions != nil {
                state["DredgeAccess"] = try await aws(
                    "iam", "get-role-policy", "--role-name", role.name, "--policy-name", "DredgeAccess", "--query",
                    "PolicyDocument")
            }
            return state as NSDictionary
        case .role(let name, let policyName):
            return [
                policyName: try await aws(
                    "iam", "get-role-policy", "--role-name", name, "--policy-name", policyName, "--query",
                    "PolicyDocument")
            ]
        case .user(let name, let policyName):
            return [
                policyName: try await aws(
                    "iam", "get-user-policy", "--user-name", name, "--policy-name", policyName, "--query",
                    "PolicyDocument")
            ]
        case .bucket:
            let text = try await aws("s3api", "get-bucket-policy", "--bucket", "acme-contracts", "--query", "Policy")
            return ["bucket": try object(text as? String ?? "")]
        case .key(let key, _):
            let text = try await aws(
                "kms", "get-key-policy", "--key-id", key.arn.description, "--policy-name", "default", "--query",
                "Policy")
            return ["key": try object(text as? String ?? "")]
        }
    }

    private func expect(_ item: GeneratedPolicies.Item, in state: NSDictionary) throws {
        let document = try Self.object(item.setup.document.compactJSON)
        switch item.setup.holder {
        case .newRole(let role):
            #expect(state["trust"] as? NSDictionary == document, "\(item.name)")
            #expect((state["arn"] as? String)?.hasSuffix(":\(role.arn.resource)") == true)
            let permissions = try role.permissions.map { try Self.object($0.compactJSON) }
            #expect(state["DredgeAccess"] as? NSDictionary == permissions)
        case .role(_, let policyName), .user(_, let policyName):
            #expect(state[policyName] as? NSDictionary == document, "\(item.name)")
        case .bucket: #expect(state["bucket"] as? NSDictionary == document, "\(item.name)")
        case .key:
            // The statement stands behind the one that the key came with, once.
            let statements = (state["key"] as? NSDictionary)?["Statement"] as? [NSDictionary]
            #expect(statements?.count == 2)
            #expect(statements?.last == (document["Statement"] as? [NSDictionary])?.first)
        }
    }
}

extension Program {
    /// Runs a program to its end. The AWS CLI of the tests' Python environment talks to `server`.
    fileprivate static func run(
        _ name: String, _ arguments: [String], input: String = "", aws server: MotoServer
    ) async throws -> Outcome {
        let tools = URL(filePath: try Python.pinned()).deletingLastPathComponent().path
        return try await run(
            name, arguments, input: Data(input.utf8),
            environment: [
                "PATH": "\(tools):/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8", "AWS_PAGER": "",
                "AWS_ACCESS_KEY_ID": "setup", "AWS_SECRET_ACCESS_KEY": "setup", "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ENDPOINT_URL": server.endpointURL, "PYTHONWARNINGS": "ignore",
            ])
    }
}
