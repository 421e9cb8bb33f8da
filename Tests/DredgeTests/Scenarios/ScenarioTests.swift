import DredgeStore
import Foundation
import TestServers
import Testing

@testable import Dredge

/// The files of `Tests/Scenarios`: what a service does to a run, and the account of every object.
@Suite(.timeLimit(.minutes(30))) struct ScenarioTests {
    @Test("every object is accounted for, and the next run mends what was missing", arguments: FaultScenario.names)
    func scenario(named name: String) async throws {
        let scenario = try FaultScenario(named: name)
        try await ScriptedServers.shared.with { try await play(scenario, at: $0) }
    }

    private func play(_ scenario: FaultScenario, at server: ScriptedS3Server) async throws {
        let bench = try Workbench()
        let plain = Workbench.source(at: server)
        let calm = HastyRun(bench)
        try server.play(scenario.undisturbed)
        try #require(try await calm.run(plain, into: "undisturbed").isComplete)
        let undisturbed = try await bench.digest("undisturbed")
        if scenario.isSecondRun == true { try #require(try await calm.run(plain, into: "store").isComplete) }

        try server.play(scenario.disturbed)
        let result = try await HastyRun(bench, scenario).run(source(of: scenario, at: server), into: "store")
        #expect(result.end == scenario.end, "\(result)")
        #expect(result.report?.addsUp == true, "\(result)")
        #expect(result.report?.removedCount == scenario.removedCount ?? 0)
        #expect(result.report?.withheld.map(\.reason.rawValue) == [scenario.withheld].compactMap(\.self))
        try await expectAccount(of: scenario, in: bench)
        let digest = try await bench.digest()
        switch scenario.content {
        case .undisturbed: #expect(digest == undisturbed)
        case .other: #expect(digest != undisturbed)
        case .any: break
        }

        // Whatever it was: when it is over, the next run ends as if it had not been.
        try server.play(scenario.undisturbed)
        let mended = try await calm.run(plain, into: "store")
        #expect(mended.isComplete && mended.report?.addsUp == true, "\(mended)")
        #expect(try await bench.digest() == undisturbed)
        #expect(try await ChunkStore.open(reading: bench.path("store")).verify().isSound)
    }

    private func expectAccount(of scenario: FaultScenario, in bench: Workbench) async throws {
        var states: [String: String] = [:]
        for try await object in try ChunkStore.open(reading: bench.path("store")).objects() {
            let reason = object.reason.map { ": \($0)" } ?? ""
            states[String(decoding: object.key, as: UTF8.self)] = object.state.rawValue + reason
        }
        let named = scenario.account.keys.filter { !$0.hasSuffix("*") }
        for key in Set(scenario.keys).union(named).union(states.keys).sorted() {
            let (state, expected) = (states[key] ?? "absent", scenario.state(of: key) ?? "absent")
            if expected != "any" { #expect(state == expected, "\(key)") }
        }
    }

    private func source(of scenario: FaultScenario, at server: ScriptedS3Server) -> Source {
        let source = Workbench.source(at: server)
        return scenario.service?.sessionSeconds == nil ? source : source.assumingRole(at: server)
    }

    private static let sound = """
        {
          "about": "Nothing happens.",
          "objects": [{"keys": ["a", "b"], "size": 10, "seed": 1}],
          "faults": [{"on": "get", "do": "head", "headers": {"ETag": null}}],
          "settings": {"attemptCount": 2},
          "end": "fatal: service",
          "content": "undisturbed",
          "account": {"*": "indexed"}
        }
        """

    @Test(arguments: [
        ("\"about\"", "\"abuot\""), ("\"size\"", "\"sizes\""), ("\"headers\"", "\"header\""),
        ("\"attemptCount\"", "\"attempts\""), ("\"head\"", "\"heads\""), ("\"get\"", "\"gte\""),
        ("fatal: service", "fatal"), ("undisturbed", "same"), ("\"*\"", "\"a\""),
        ("\"content\"", "\"withhold\": \"x\", \"content\""),
    ])
    func `what a file has misspelt is refused`(right: String, wrong: String) throws {
        _ = try FaultScenario(Data(Self.sound.utf8))
        #expect(throws: (any Error).self) { try FaultScenario(Data(Self.sound.replacing(right, with: wrong).utf8)) }
    }
}

extension Result<RunReport, RunError> {
    /// In the words of a scenario; nil: it was stopped.
    fileprivate var end: FaultScenario.End? {
        switch self {
        case .success(let report): report.outcome == .complete ? report.isIncomplete ? .incomplete : .complete : nil
        case .failure(let error): .fatal(error.code.rawValue)
        }
    }
}
