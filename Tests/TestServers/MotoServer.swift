import Foundation

/// A local AWS: moto's server, which after `apply` checks signatures, IAM policies, trust policies with external IDs,
/// and session tokens.
public final class MotoServer: Sendable {
    /// On 127.0.0.1.
    public let port: Int
    private let process: ServerProcess

    /// For every service: `http://127.0.0.1:port`.
    public var endpointURL: String { "http://127.0.0.1:\(port)" }

    /// Starts the server and waits until it listens, a second or two.
    public init() async throws {
        (process, port) = try await ServerProcess.listening { port in
            try ServerProcess(
                Python.interpreter,
                // Until a scenario is there, nothing is checked.
                environment: ["INITIAL_NO_AUTH_ACTION_COUNT": "100000000", "PYTHONWARNINGS": "ignore"]
            ) { _ in [TestScripts.path("moto_server.py"), String(port)] }
        }
    }

    /// Creates what `scenario` names, and turns authorization on. May be called again to add more, and to give a role
    /// other policies.
    public func apply(_ scenario: MotoScenario) async throws -> MotoScenario.Outcome {
        let output = try await Python.run(
            "moto_scenario.py", arguments: [endpointURL], input: JSONEncoder().encode(scenario))
        return try JSONDecoder().decode(MotoScenario.Outcome.self, from: output)
    }

    /// What the server printed: a line for each request.
    public var log: String { process.log }

    /// Ends the server.
    public func stop() { process.stop() }
}
