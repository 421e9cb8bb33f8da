import Foundation
import TestServers
import Testing

/// `Examples/systemd`.
@Suite(.timeLimit(.minutes(5))) struct SystemdExampleTests {
    private static let examples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Examples/systemd")

    private func unit(_ name: String) throws -> String {
        try String(contentsOf: Self.examples.appending(path: name), encoding: .utf8)
    }

    @Test(.enabled(if: Program.isInPath("systemd-analyze"), "systemd is not installed"))
    func `systemd finds nothing wrong with the units`() async throws {
        let directory = try TemporaryDirectory()
        // It looks whether the program is there.
        let service = try unit("dredge.service").replacing("/usr/bin/dredge", with: DredgeBinary.url.path)
        try directory.write("dredge.service", service)
        try directory.write("dredge.timer", unit("dredge.timer"))
        let outcome = try await Program.run(
            "systemd-analyze", ["verify", "dredge.timer", "dredge.service"], directory: directory.url)
        #expect(outcome.status == 0 && outcome.error.isEmpty, "\(outcome)")
    }

    @Test func `the service's command runs as it stands, and leaves the metrics`() async throws {
        let server = try await ScriptedS3Server(.init(objects: [.init("a.txt", body: Array("a\n".utf8))]))
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        try directory.write(
            "documents.yaml", "sources: [{bucket: bucket, endpoint_url: \"\(server.endpointURL)\", auth: anonymous}]\n")
        let text = try unit("dredge.service").replacing("\\\n", with: " ")
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("ExecStart=/usr/bin/dredge ") })
        let words = line.split(separator: " ").dropFirst().map(String.init)
        let arguments = words.map { word in
            word.hasPrefix("/") ? directory.url.appending(path: (word as NSString).lastPathComponent).path : word
        }
        let outcome = try await DredgeBinary.run(arguments)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.error.contains(" info run ended "), "\(outcome)")
        #expect(try Exposition(directory.text("dredge.prom"))["dredge_run_outcome", ["outcome": "complete"]] == 1)
    }
}
