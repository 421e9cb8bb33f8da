import TestServers
import Testing

/// The scenarios of `Tests/Scenarios` that say how the binary exits.
@Suite(.timeLimit(.minutes(30))) struct ScenarioTests {
    static let names = FaultScenario.names.filter { (try? FaultScenario(named: $0))?.exitCode != nil }

    @Test("the binary exits as the scenario says, and with 0 when all is well again", arguments: names)
    func exits(_ name: String) async throws {
        let scenario = try FaultScenario(named: name)
        let server = try await ScriptedS3Server(scenario.undisturbed)
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        func run(auth: String = "ambient") async throws -> DredgeBinary.Outcome {
            try directory.write(
                "c.yaml",
                """
                store: s.chunks
                limits: {part: 64KiB}
                sources:
                  - name: scripted
                    bucket: bucket
                    region: us-east-1
                    endpoint_url: "\(server.endpointURL)"
                    sts_endpoint_url: "\(server.endpointURL)"
                    auth: \(auth)
                """)
            return try await DredgeBinary.run(
                ["run", "c.yaml", "--no-progress"],
                environment: ["AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "notCheckedHere"],
                directory: directory.url)
        }
        if scenario.isSecondRun == true { #expect(try await run().status == 0) }
        try server.play(scenario.disturbed)
        let role = "{assume_role: [{role_arn: \"\(MotoScenario.roleARN("reader"))\", external_id: abc}]}"
        let outcome = try await run(auth: scenario.service?.sessionSeconds == nil ? "ambient" : role)
        #expect(outcome.status == scenario.exitCode, "\(outcome)")
        try server.play(scenario.undisturbed)
        let mended = try await run()
        #expect(mended.status == 0, "\(mended)")
    }
}
