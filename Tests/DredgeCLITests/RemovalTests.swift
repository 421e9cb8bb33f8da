import Foundation
import TestServers
import Testing

/// A config that is mistyped, and the flag that says it is not.
@Suite(.timeLimit(.minutes(30))) struct RemovalTests {
    @Test func `removals that may be a mistake are withheld with status 2, until they are confirmed`() async throws {
        let server = try await ScriptedS3Server(
            .init(objects: (0..<3).map { .init("2025/\($0).txt", body: Array("text \($0)\n".utf8)) }))
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        func dredge(_ prefix: String, _ flags: String...) async throws -> DredgeBinary.Outcome {
            try directory.write(
                "c.yaml",
                """
                store: s.chunks
                sources:
                  - {name: docs, bucket: bucket, prefix: \(prefix), endpoint_url: "\(server.endpointURL)",
                     region: us-east-1, auth: anonymous}
                """)
            return try await DredgeBinary.run(["run", "c.yaml", "--no-progress"] + flags, directory: directory.url)
        }
        let store = StoreFile("s.chunks", in: directory)
        #expect(try await dredge("2025/").status == 0)

        let told = "the removal of 3 documents is withheld. Its listing is empty."
        let plan = try await dredge("2026/", "--dry-run")
        #expect(plan.status == 0 && plan.error.contains("  Source \"docs\": \(told)"), "\(plan)")
        let planned = try JSONLine.object(try await dredge("2026/", "--dry-run", "--json").output)
        let source = try #require((planned["sources"] as? [[String: Any]])?.first)
        #expect(source["withheld_count"] as? Int == 3 && source["removed_count"] as? Int == 0)
        for _ in 0..<2 {
            let withheld = try await dredge("2026/")
            #expect(withheld.status == 2, "\(withheld)")
            #expect(withheld.error.hasPrefix("Complete, with removals withheld: run "), "\(withheld)")
            #expect(withheld.error.contains("\nSource \"docs\": \(told)"), "\(withheld)")
            #expect(withheld.error.contains("--confirm-deletions"), "\(withheld)")
            #expect(try await store.texts().count == 3)
        }
        let json = try await dredge("2026/", "--json")
        #expect(json.status == 2 && json.error.contains("dredge: Source \"docs\": \(told)"), "\(json)")
        let report = try JSONLine.object(json.output)
        #expect(report["outcome"] as? String == "incomplete" && report["withheld_count"] as? Int == 3)
        let withheld = try #require((report["withheld"] as? [[String: Any]])?.first)
        #expect(withheld["reason"] as? String == "empty listing" && withheld["source"] as? String == "docs")

        #expect(try await dredge("2025/").status == 0)
        let confirmed = try await dredge("2026/", "--confirm-deletions")
        #expect(confirmed.status == 0 && confirmed.error.contains("3 documents."), "\(confirmed)")
        #expect(try await store.texts().isEmpty)
    }
}
