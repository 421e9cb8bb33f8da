import Foundation

@testable import DredgeConfig

/// Decodes a config and returns its problems as printed, in order; empty where it is right.
func problems(
    _ text: String, store: String? = nil, environment: [String: String] = [:]
) -> [String] {
    do {
        _ = try Config(
            text, fileName: "c.yaml", store: store.map { .replaced(by: $0) } ?? .required, environment: environment)
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

/// A config that is right but for what stands in `source`, which is indented by four spaces and begins on line 4.
func problemsOfSource(_ source: String, environment: [String: String] = [:]) -> [String] {
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
    return problems(
        "store: s.chunks\nsources:\n  - name: one\n\(lines.joined(separator: "\n"))\n", environment: environment)
}

let repositoryRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
