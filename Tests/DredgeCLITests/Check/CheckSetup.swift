import DredgeCheck
import Foundation
import TestServers
import Testing

/// A set-up of accounts as a customer and a vendor may have made it, and what `dredge check` must find in it.
struct CheckSetup: Sendable, CustomTestStringConvertible {
    /// What is to be found, as a sentence; its words are the golden file's name.
    var name: String
    /// Where it fails, or warns; nil: nowhere.
    var step: CheckStep.Kind?
    /// What is to be told first there.
    var cause: CheckCause.Code?
    /// What else is told there, in this order; empty: the first is certain, and stands alone.
    var others: [CheckCause.Code] = []
    /// What works, and should not.
    var findings: [SecurityFinding.Code] = []
    var status: Int32 = 3
    var auth = CheckSetup.role()
    /// Lines of the source beside name, bucket, endpoints and auth.
    var settings: [String] = []
    /// Beside the keys.
    var environment: [String: String] = [:]
    var scenario = CheckSetup.sound()
    /// Instead of the scripted server's.
    var endpointURL: String?
    var stsEndpointURL: String?
    var scheme = "http"
    /// Not where the text has words of libraries, which differ from version to version.
    var comparesText = true

    var testDescription: String { name }

    var fileName: String {
        name.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: "-") + ".txt"
    }
}

extension CheckSetup {
    static let bucket = "acme-contracts"
    static let customerAccount = "111122223333"
    static let vendorAccount = "999988887777"
    static let roleARN = "arn:aws:iam::\(customerAccount):role/DredgeRead"
    static let externalID = "acme-7f3a91"
    static let accessKeyID = "AKIAVENDORVENDOR0001"
    static let environment = [
        "AWS_ACCESS_KEY_ID": accessKeyID, "AWS_SECRET_ACCESS_KEY": "notCheckedHere", "AWS_REGION": "eu-central-1",
    ]

    /// One role, which demands the external ID.
    static func role(_ arn: String = roleARN, externalID: String? = externalID, _ more: String = "") -> String {
        "{assume_role: [{role_arn: \"\(arn)\"\(externalID.map { ", external_id: \($0)" } ?? "")\(more)}]}"
    }

    /// A vendor's user, a bucket with three documents, and a role that is given away for the right external ID only.
    static func sound(_ faults: [ScriptedS3Server.Fault] = []) -> ScriptedS3Server.Scenario {
        var scenario = ScriptedS3Server.Scenario(
            objects: ["2025/a.txt", "2025/b.txt", "2026/c.txt"].map { .init($0, body: Array("text\n".utf8)) },
            faults: faults + demanding(externalID))
        scenario.bucket = bucket
        scenario.callerARN = "arn:aws:iam::\(vendorAccount):user/dredge"
        scenario.session = .init(
            accessKeyID: "ASIASESSIONSESSION01", secretAccessKey: "notCheckedEither", sessionToken: "notCheckedEither")
        return scenario
    }

    /// AssumeRole is refused unless it has this external ID.
    static func demanding(_ externalID: String) -> [ScriptedS3Server.Fault] {
        [refusal().when("form", lacks: "ExternalId=\(externalID)").times(-1)]
    }

    /// As AWS refuses AssumeRole, with what newer messages say of the policy that decided.
    static func refusal(
        by caller: String = "arn:aws:iam::\(vendorAccount):user/dredge", of role: String = roleARN,
        _ reason: String = ""
    ) -> ScriptedS3Server.Fault {
        .error(
            on: .assumeRole, 403, "AccessDenied",
            message: "User: \(caller) is not authorized to perform: sts:AssumeRole on resource: \(role)\(reason)"
        ).times(-1)
    }

    /// Runs `dredge check` on the set-up, for people and for programs, and compares with what must be found.
    func verify(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        let lines = settings.map { "    \($0)\n" }.joined()
        try directory.write(
            "c.yaml",
            """
            sources:
              - name: contracts
                bucket: \(Self.bucket)
                endpoint_url: "\(endpointURL ?? server.endpointURL.replacing("http:", with: "\(scheme):"))"
                sts_endpoint_url: "\(stsEndpointURL ?? server.endpointURL)"
                auth: \(auth)
            \(lines)
            """)
        let environment = Self.environment.merging(self.environment) { $1 }
        try await verify(
            {
                try await DredgeBinary.run(
                    ["check", "c.yaml"] + $0, environment: environment, directory: directory.url)
            },
            secrets: ["notCheckedHere", "notCheckedEither"], sourceLocation: sourceLocation)
    }

    /// - Parameter run: runs `dredge check` with more flags.
    func verify(
        _ run: ([String]) async throws -> DredgeBinary.Outcome, secrets: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let told = try await run([])
        #expect(told.status == status, "\(told)", sourceLocation: sourceLocation)
        #expect(told.error.isEmpty, "\(told)", sourceLocation: sourceLocation)
        if comparesText { try await Golden.expect(told.output, "check/\(fileName)", sourceLocation: sourceLocation) }

        let listed = try await run(["--json"])
        #expect(listed.status == status, "\(listed)", sourceLocation: sourceLocation)
        for secret in secrets {
            #expect(!(told.output + listed.output).contains(secret), sourceLocation: sourceLocation)
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let report = try decoder.decode(CheckReport.self, from: Data(listed.output.utf8))
        let check = try #require(report.sources.first, sourceLocation: sourceLocation)
        #expect((check.verdict == .failed) == (status == 3), sourceLocation: sourceLocation)
        let found = check.steps.first { !$0.causes.isEmpty }
        #expect(found?.kind == step, sourceLocation: sourceLocation)
        let expected = [cause].compactMap { $0 } + others
        #expect(found?.causes.map(\.code) ?? [] == expected, sourceLocation: sourceLocation)
        #expect(check.findings.map(\.code) == findings, sourceLocation: sourceLocation)
        for step in check.steps {
            for cause in step.causes {
                if let point = cause.code.checklistPoint {
                    #expect(point.steps.contains(step.kind), "\(cause.code)", sourceLocation: sourceLocation)
                }
                #expect(cause.isCertain == (step.causes.count == 1 && cause.isCertain), sourceLocation: sourceLocation)
            }
            let changes = step.causes.map(\.change) + check.findings.map(\.change)
            for document in changes.compactMap(\.document) {
                #expect(throws: Never.self, sourceLocation: sourceLocation) {
                    try JSONSerialization.jsonObject(with: Data(document.json.utf8))
                }
            }
        }
    }
}

/// Texts that were read by a person and found right.
enum Golden {
    private static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Golden")

    /// Compares with the file of that name. With `DREDGE_WRITE_GOLDEN=1` it is written instead, and the test fails all
    /// the same: what was written must be read.
    static func expect(
        _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let text = normalised(text)
        let file = directory.appending(path: name)
        if ProcessInfo.processInfo.environment["DREDGE_WRITE_GOLDEN"] == "1" {
            try Data(text.utf8).write(to: file)
            Issue.record("\(name) was written: read it, and run the test again", sourceLocation: sourceLocation)
            return
        }
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(text == expected, "\(name)", sourceLocation: sourceLocation)
    }

    /// Without what is another at each run: ports, request IDs, IDs of access keys and of checks, times.
    private static func normalised(_ text: String) -> String {
        text.replacing(#/127\.0\.0\.1:[0-9]+/#, with: "127.0.0.1:PORT")
            .replacing(#/localhost:[0-9]+/#, with: "localhost:PORT")
            .replacing(#/dredge-check-[0-9a-f]{12}/#, with: "dredge-check-ID")
            .replacing(#/Request ID: .*/#, with: "Request ID: REQUEST")
            .replacing(#/(A[KS]IA)…[0-9A-Z]{4}/#) { "\($0.output.1)…WXYZ" }
            .replacing(#/[0-9]+ minutes (ahead|behind)/#) { "MANY minutes \($0.output.1)" }
            .replacing(#/clock is [0-9]+ s (ahead|behind)/#) { "clock is MANY s \($0.output.1)" }
    }
}
