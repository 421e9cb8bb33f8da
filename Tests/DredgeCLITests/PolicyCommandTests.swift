import DredgePolicy
import Foundation
import TestServers
import Testing

/// `dredge policy`, as its user runs it. What it prints is tested where it is made (`PolicySetupTests`).
@Suite struct PolicyCommandTests {
    private static let vendor = "arn:aws:iam::444455556666:role/Vendor"
    private static let reader = "arn:aws:iam::111122223333:role/customers/DredgeRead"
    private static let config = """
        store: s.chunks
        sources:
          - name: contracts
            bucket: acme-contracts
            prefix: 2025/
            region: eu-west-1
            kms_key_arn: arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
            auth:
              assume_role:
                - role_arn: \(vendor)
                  tags: {team: search, project: x}
                  transitive_tags: [team]
                  source_identity: alice
                - role_arn: \(reader)
                  external_id: acme-1
                  duration: 1h
          - name: open
            bucket: acme-open
            auth: ambient
        """

    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("c.yaml", Self.config)
    }

    private func policy(_ arguments: String..., input: String? = nil) async throws -> DredgeBinary.Outcome {
        try await DredgeBinary.run(
            ["policy"] + arguments, input: Data((input ?? "").utf8), directory: directory.url)
    }

    private func statements(_ outcome: DredgeBinary.Outcome) throws -> [[String: Any]] {
        #expect(outcome.status == 0, "\(outcome)")
        let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        return try #require(document?["Statement"] as? [[String: Any]])
    }

    @Test func `the trust of a hop names the role of the hop before, with what it hands on`() async throws {
        let outcome = try await policy("trust", "c.yaml", "--source", "contracts")
        let statements = try statements(outcome)
        #expect(
            statements.map { $0["Action"] as? String } == ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"])
        #expect(statements.allSatisfy { ($0["Principal"] as? [String: String]) == ["AWS": Self.vendor] })
        #expect(outcome.output.contains(#""sts:ExternalId": "acme-1""#))
        #expect(outcome.output.contains(#""aws:TagKeys": "team""#) && !outcome.output.contains("project"))
        #expect(outcome.output.contains(#""sts:SourceIdentity": "alice""#))
        // What to know goes where it does not get into the policy.
        #expect(outcome.error.hasPrefix("note: AWS stores \(Self.vendor) as the unique ID"))
    }

    @Test func `who assumes the first hop must be told`() async throws {
        let outcome = try await policy("trust", "c.yaml", "--source", "contracts", "--hop", "1")
        #expect(outcome.status == 1 && outcome.output.isEmpty)
        #expect(outcome.error.contains("--principal") && outcome.error.contains("aws sts get-caller-identity"))
        let told = try await policy(
            "trust", "c.yaml", "--source", "contracts", "--hop", "1", "--without-external-id", "--principal",
            "arn:aws:sts::777788889999:assumed-role/Base/session")
        #expect(
            try statements(told)[0]["Principal"] as? [String: String] == ["AWS": "arn:aws:iam::777788889999:role/Base"])
        #expect(told.error.contains("demands no external ID"))
        #expect(try statements(told)[1]["Action"] as? String == "sts:TagSession")
    }

    @Test func `flags win over the config, and do without one`() async throws {
        let other = try await policy(
            "permissions", "c.yaml", "--source", "contracts", "--prefix", "2024/", "--versions")
        #expect(
            other.output.contains("arn:aws:s3:::acme-contracts/2024/*") && other.output.contains("GetObjectVersion"))
        #expect(other.output.contains("s3.eu-west-1.amazonaws.com"))
        let bare = try await statements(policy("permissions", "--bucket", "acme", "--region", "cn-north-1"))
        #expect(bare.map { $0["Resource"] as? String } == ["arn:aws-cn:s3:::acme", "arn:aws-cn:s3:::acme/*"])
        #expect(bare.allSatisfy { $0["Condition"] == nil })
    }

    @Test func `the reader of a bucket and of a key is the role that reads`() async throws {
        let bucket = try await statements(policy("bucket", "c.yaml", "--source", "contracts"))
        #expect(bucket.allSatisfy { ($0["Principal"] as? [String: String]) == ["AWS": Self.reader] })
        let kms = try await statements(policy("kms", "c.yaml", "--source", "contracts"))
        #expect(kms.map { $0["Resource"] as? String } == ["*"])
        let ambient = try await policy("bucket", "c.yaml", "--source", "open")
        #expect(ambient.status == 1 && ambient.error.contains("who reads?"))
    }

    @Test func `the vendor may assume the roles of a pattern, which the role must match`() async throws {
        let outcome = try await policy(
            "vendor", "c.yaml", "--source", "contracts", "--role-name-pattern", "customers/DredgeRead*")
        #expect(
            try statements(outcome).map { $0["Resource"] as? String } == ["arn:aws:iam::*:role/customers/DredgeRead*"])
        #expect(
            try statements(outcome)[0]["Action"] as? [String] == [
                "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity",
            ])
        let mismatch = try await policy(
            "vendor", "--role-arn", "arn:aws:iam::111122223333:role/ClientRole", "--role-name-pattern", "ClientRole-*")
        #expect(mismatch.status == 1 && mismatch.output.isEmpty)
        #expect(
            mismatch.error.hasPrefix(
                "dredge: could not name the roles to assume: the pattern 'ClientRole-*' doesn't match"))
        // In a chain the identity is the role of the hop before.
        let commands = try await policy("vendor", "c.yaml", "--source", "contracts", "--format", "cli")
        #expect(commands.output.contains("aws iam put-role-policy \\\n  --role-name Vendor \\\n"))
    }

    @Test func `a job's worker may assume the first role of each chain, and read what has none`() async throws {
        let results = ["--results", "s3://acme-results/dredge"]
        let worker = try await DredgeBinary.run(
            ["policy", "job", "c.yaml", "--role", "worker"] + results, directory: directory.url)
        let statements = try statements(worker)
        #expect(
            statements.map { $0["Sid"] as? String }
                == ["ListResults", "ReadResults", "WriteResults", "ReadSource", "AssumeRole"])
        #expect(statements[1]["Resource"] as? String == "arn:aws:s3:::acme-results/dredge/job-*")
        #expect(statements[3]["Resource"] as? String == "arn:aws:s3:::acme-open/*")
        #expect(statements[4]["Resource"] as? String == Self.vendor)
        #expect(
            statements[4]["Action"] as? [String] == ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"])
        #expect(worker.error.contains("\"open\"") && worker.error.contains("not as vanished"))
        // Whoever only merges needs no source.
        let merger = try await policy(
            "job", "--role", "planner", "--results", "s3://acme-results/dredge", "--principal",
            "arn:aws-cn:iam::444455556666:user/merger", "--format", "cli")
        #expect(merger.output.contains("aws iam put-user-policy \\\n  --user-name merger \\\n"))
        #expect(merger.output.contains("arn:aws-cn:s3:::acme-results/dredge/*") && !merger.output.contains("sts:"))
    }

    @Test(arguments: [
        (["trust", "c.yaml"], "choose one with --source: \"contracts\", \"open\""),
        (["trust", "c.yaml", "--source", "contract"], "c.yaml: there is no source named \"contract\""),
        (["trust", "--source", "contracts"], "needs a config file"),
        (["trust", "c.yaml", "--source", "contracts", "--hop", "3"], "--hop 3 is not among the 2 hops"),
        (["trust", "c.yaml", "--source", "contracts", "--principal", vendor], "leave it away, or choose --hop 1"),
        (["trust", "--principal", vendor], "no external ID is known"),
        (["trust", "--principal", "ec2.amazonaws.com", "--external-id", "acme-1"], "say --without-external-id"),
        (["trust", "--principal", "*", "--external-id", "acme-1"], "let everybody in"),
        (["trust", "--principal", vendor, "--external-id", "acme 1"], "no external ID can have"),
        (["trust", "--principal", vendor, "--external-id", "acme-1", "--format", "cli"], "which role?"),
        (
            ["trust", "--principal", vendor, "--external-id", "acme-1", "--principal-form", "any"],
            "root-with-arn-condition"
        ),
        (["permissions"], "which bucket?"), (["permissions", "--bucket", "s3://acme"], "is a URL"),
        (["permissions", "--bucket", "acme", "--format", "terraform"], "which role?"),
        (["kms", "--principal", vendor], "which key?"),
        (
            ["kms", "--principal", vendor, "--kms-key-arn", "arn:aws:kms:us-east-1:111122223333:alias/a"],
            "describe-key"
        ),
        (["kms", "c.yaml", "--source", "contracts", "--format", "cloudformation"], "use --format cli"),
        (["bucket", "--bucket", "acme", "--principal", "ec2.amazonaws.com"], "not an AWS service"),
        (["vendor"], "which role?"),
        (["vendor", "--role-arn", reader, "--format", "cli"], "aws sts get-caller-identity"),
        (["destination-iceberg", "--bucket", "acme", "--glue-database", "lake"], "which region?"),
        (["destination-redshift", "--redshift-cluster", "c"], "which warehouse?"),
        (["job", "c.yaml", "--role", "worker"], "Give --results"),
        (["job", "--role", "merger", "--results", "s3://acme/q/"], "planner, worker, results"),
        (["job", "--role", "planner", "--results", "/shared"], "a directory needs no policy"),
        (["job", "--role", "planner", "--job", "s3://acme/q/job-1/"], "--job is for workers"),
        (["job", "--role", "worker", "--job", "s3://acme/q/x/"], "does not end in job-"),
        (
            ["job", "--role", "worker", "--results", "s3://acme/", "--job", "s3://acme/q/job-1/"],
            "does not lie below --results"
        ),
        (["job", "--role", "worker", "--results", "s3://acme/", "--role-name-pattern", "R*"], "needs a config file"),
        (
            ["job", "c.yaml", "--role", "worker", "--results", "s3://acme/", "--role-name-pattern", "R*"],
            "doesn't match"
        ),
        (["job", "--role", "worker", "--results", "s3://acme/", "--format", "cli"], "aws sts get-caller-identity"),
        (["job", "--role", "results", "--results", "s3://acme/", "--format", "cli"], "--results-role"),
        (["job", "--role", "worker", "--results", "s3://acme/", "--kms-key-arn", "k"], "not the ARN of a KMS key"),
        (["lint", "absent.json"], "No such file"),
        (["lint", "--kind", "role", "c.yaml"], "trust, permissions, bucket, kms"),
    ])
    func `what is missing or wrong is said, with status 1`(arguments: [String], part: String) async throws {
        let outcome = try await DredgeBinary.run(["policy"] + arguments, directory: directory.url)
        #expect(outcome.status == 1 && outcome.output.isEmpty, "\(outcome)")
        #expect(outcome.error.contains(part), "\(outcome.error)")
    }

    @Test(arguments: [
        ["trust", "c.yaml", "--source", "contracts"], ["permissions", "c.yaml", "--source", "contracts"],
        ["bucket", "c.yaml", "--source", "contracts", "--principal-form", "root-with-arn-condition"],
        ["kms", "c.yaml", "--source", "contracts"], ["vendor", "c.yaml", "--source", "contracts"],
        ["trust", "c.yaml", "--source", "contracts", "--format", "cloudformation"],
        ["destination-s3", "c.yaml", "--source", "contracts"],
        ["destination-iceberg", "c.yaml", "--source", "contracts", "--glue-database", "lake"],
        [
            "destination-redshift", "--role-arn", reader, "--region", "eu-west-1", "--redshift-cluster", "c",
            "--redshift-database", "d",
        ],
        ["job", "c.yaml", "--results", "s3://acme-results/dredge/", "--role", "planner"],
        ["job", "c.yaml", "--job", "s3://acme-results/job-1/", "--role", "worker", "--role-name-pattern", "V*"],
        [
            "job", "--results", "s3://acme-results/", "--role", "results", "--results-role", vendor, "--kms-key-arn",
            "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", "--format", "cloudformation",
        ],
    ])
    func `what is printed stands the check`(arguments: [String]) async throws {
        let printed = try await DredgeBinary.run(["policy"] + arguments, directory: directory.url)
        #expect(printed.status == 0, "\(printed.error)")
        let writes = arguments[0].hasPrefix("destination") || arguments[0] == "job"
        let checked = try await DredgeBinary.run(
            ["policy", "lint"] + (writes ? ["--writer"] : []) + ["-"], input: Data(printed.output.utf8),
            directory: directory.url)
        #expect(checked.status == 0 && checked.error.isEmpty, "\(checked)")
        let lines = checked.output.split(separator: "\n")
        #expect(!lines.isEmpty)
        for line in lines {
            let isClean = line.contains(": checked: ") && line.hasSuffix(": nothing found")
            #expect(isClean || line.hasPrefix("looked at in a"), "\(line)")
        }
    }

    @Test func `problems are printed as compilers do, with status 3`() async throws {
        let trust = """
            {
              "Version": "2012-10-17",
              "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": "\(Self.vendor)"},
                "Action": "sts:AssumeRole"
              }
            }
            """
        try directory.write("trust.json", trust)
        try directory.write("advice.json", #"{"Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#)
        let outcome = try await policy("lint", "trust.json", "advice.json")
        #expect(outcome.status == 3 && outcome.error.isEmpty)
        let lines = outcome.output.split(separator: "\n").filter {
            !$0.contains(": checked: ") && !$0.hasPrefix("looked at in ")
        }
        #expect(
            lines.joined(separator: "\n") == """
                trust.json:3:16: problem: Statement: no external ID is demanded, so that whoever can act as the \
                principal gets in. Add "Condition": {"StringEquals": {"sts:ExternalId": "…"}}. [external-id-missing]
                advice.json:1:1: advice: there is no Version, so that it is 2008-10-17, the old language. \
                Write "Version": "2012-10-17". [version-missing]
                """)
        #expect(
            outcome.output.contains("\ntrust.json:1:1: checked: a trust policy of 1 statement: 1 finding\n"))
        #expect(try await policy("lint", "advice.json").status == 0)

        let json = try await policy("lint", "--json", "-", input: trust)
        #expect(json.status == 3)
        let report = try JSONLine.object(json.output)
        #expect(report["problem_count"] as? Int == 1)
        let finding = try #require((report["findings"] as? [[String: Any]])?.first)
        #expect(finding["rule"] as? String == "external-id-missing" && finding["file"] as? String == "-")
        #expect(finding["line"] as? Int == 3 && finding["path"] as? String == "Statement")
    }

    // MARK: Against a config

    private static let one = """
        store: s.chunks
        sources:
          - name: contracts
            bucket: acme-contracts
            prefix: 2025/
            region: eu-west-1
            kms_key_arn: arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab
            auth:
              assume_role: [{role_arn: "\(reader)", external_id: acme-1}]
        """

    /// Writes `one.yaml`, and the four policies that `dredge policy` prints for it.
    private func writeSet() async throws -> [String] {
        try directory.write("one.yaml", Self.one)
        let commands = [
            ["trust", "one.yaml", "--principal", Self.vendor], ["permissions", "one.yaml"],
            ["bucket", "one.yaml", "--principal", Self.reader], ["kms", "one.yaml", "--principal", Self.reader],
        ]
        for arguments in commands {
            let printed = try await DredgeBinary.run(["policy"] + arguments, directory: directory.url)
            #expect(printed.status == 0, "\(printed)")
            try directory.write("\(arguments[0]).json", printed.output)
        }
        return commands.map { "\($0[0]).json" }
    }

    /// The lines about the sources, without their reasons.
    private func verdicts(_ outcome: DredgeBinary.Outcome) -> [String] {
        outcome.output.split(separator: "\n").filter { $0.hasPrefix("contracts: ") }.map { line in
            line.split(separator: ": ").dropFirst().prefix(2).joined(separator: " ").split(separator: " on ")[0]
                .description
        }
    }

    @Test func `the policies that are printed for a config allow what its sources need`() async throws {
        let files = try await writeSet()
        let outcome = try await DredgeBinary.run(
            ["policy", "lint", "--config", "one.yaml", "--principal", Self.vendor] + files, directory: directory.url)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(
            verdicts(outcome) == [
                "allowed sts:AssumeRole", "not checked sts:AssumeRole", "allowed s3:ListBucket",
                "allowed s3:GetObject", "allowed kms:Decrypt",
            ], "\(outcome.output)")
    }

    @Test(arguments: [
        (
            "trust.json", "acme-1", "acme-2", "problem sts:AssumeRole",
            "StringEquals sts:ExternalId 'acme-2', and the request has 'acme-1'"
        ),
        ("trust.json", "444455556666:role/Vendor", "444455556666:role/Other", "problem sts:AssumeRole", "Principal is"),
        (
            "permissions.json", "2025/*", "2024/*", "problem s3:ListBucket",
            "StringLike s3:prefix '2024/*', and the request has '2025/'"
        ),
        ("permissions.json", "acme-contracts/", "acme-contract/", "problem s3:GetObject", "Resource is"),
        ("permissions.json", "Allow", "Deny", "problem s3:GetObject", "denied by permissions.json"),
        ("kms.json", "eu-west-1.", "eu-west-2.", "problem kms:Decrypt", "kms:ViaService"),
    ])
    func `what the policies refuse a source is named`(
        file: String, right: String, wrong: String, verdict: String, reason: String
    ) async throws {
        let files = try await writeSet().filter { $0 != "bucket.json" }
        let text = try String(contentsOf: directory.url.appending(path: file), encoding: .utf8)
        #expect(text.contains(right))
        try directory.write(file, text.replacing(right, with: wrong))
        let outcome = try await DredgeBinary.run(
            ["policy", "lint", "--config", "one.yaml", "--principal", Self.vendor] + files, directory: directory.url)
        #expect(outcome.status == 3)
        #expect(verdicts(outcome).contains(verdict), "\(outcome.output)")
        #expect(outcome.output.contains(reason), "\(outcome.output)")
    }

    @Test func `what no file can tell is said to be not checked`() async throws {
        _ = try await writeSet()
        let outcome = try await policy("lint", "--config", "one.yaml", "--json", "trust.json")
        #expect(outcome.status == 0, "\(outcome)")
        let source = try #require(
            (try JSONLine.object(outcome.output)["sources"] as? [[String: Any]])?.first)
        let verdicts = (source["answers"] as? [[String: Any]])?.compactMap { $0["verdict"] as? String }
        #expect(verdicts == ["allowed", "not_checked", "not_checked", "not_checked", "not_checked"])
    }

    @Test func `an external ID is new each time, and what STS takes`() async throws {
        let outcomes = [try await policy("external-id"), try await policy("external-id")]
        #expect(outcomes.allSatisfy { $0.status == 0 && $0.output.wholeMatch(of: /[0-9a-f]{32}\n/) != nil })
        #expect(outcomes[0].output != outcomes[1].output)
        let named = try await policy("external-id", "--prefix", "acme-")
        #expect(named.output.wholeMatch(of: /acme-[0-9a-f]{32}\n/) != nil)
        let wrong = try await policy("external-id", "--prefix", "acme inc")
        #expect(wrong.status == 1 && wrong.output.isEmpty && wrong.error.contains("no external ID can have"))
    }

    @Test func `a policy can't drive the terminal`() async throws {
        let outcome = try await policy(
            "lint", "-", input: "{\"Statement\": [{\"Effect\": \"\\u001b[31m\", \"\\u001b]0;x\": 1}]}")
        #expect(outcome.status == 3 && !outcome.output.utf8.contains(0x1B), "\(outcome.output)")
    }
}
