import Foundation
import Testing

@testable import DredgePolicy

/// `Golden/lint/README.md` says where the policies are from.
@Suite struct GoldenLintTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/lint")

    private static func files(_ name: String) -> [URL] {
        let files = try? FileManager.default.contentsOfDirectory(
            at: folder.appending(path: name), includingPropertiesForKeys: nil)
        return (files ?? []).filter { ["json", "yaml"].contains($0.pathExtension) }.sorted { $0.path < $1.path }
    }

    private static func findings(_ file: URL) throws -> [PolicyFinding] {
        PolicyLint.report(
            on: try String(contentsOf: file, encoding: .utf8), now: Date(timeIntervalSince1970: 1_764_547_200)
        ).findings
    }

    @Test func `there are enough policies of both kinds`() {
        #expect(Self.files("broken").count >= 40 && Self.files("good").count >= 10)
    }

    @Test(arguments: files("broken")) func `the mistakes of a broken policy are found`(file: URL) throws {
        let found = try Self.findings(file).map { finding in
            "\(finding.severity.rawValue) \(finding.rule) \(finding.path)".trimmingCharacters(in: .whitespaces)
        }
        let expected = try String(
            contentsOf: file.deletingPathExtension().appendingPathExtension("expected"), encoding: .utf8
        )
        .split(separator: "\n").map(String.init)
        #expect(!expected.isEmpty)
        for line in expected { #expect(found.contains(line), "\(file.lastPathComponent) has \(found)") }
    }

    @Test(arguments: files("good")) func `in a good policy nothing is found`(file: URL) throws {
        #expect(try Self.findings(file).isEmpty, "\(file.lastPathComponent)")
    }
}
