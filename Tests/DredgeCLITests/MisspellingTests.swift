import TestServers
import Testing

@testable import DredgeCLI

/// What `dredge` says of a command that there is not.
@Suite struct MisspellingTests {
    @Test(arguments: [
        (["sotre", "ls", "x"], "'sotre'. Did you mean 'store'?", "dredge"),
        (["rnu"], "'rnu'. Did you mean 'run'?", "dredge"),
        (["store", "lss", "x"], "'lss'. Did you mean 'ls'?", "dredge store"),
        (["store", "exprot"], "'exprot'. Did you mean 'export'?", "dredge store"),
        (["policy", "lnit", "x"], "'lnit'. Did you mean 'lint'?", "dredge policy"),
        (["store", "everything"], "'everything'.", "dredge store"), (["a\nb"], "'a\\nb'.", "dredge"),
    ]) func `the nearest one is named, where there is one`(
        arguments: [String], expected: String, command: String
    ) async throws {
        let outcome = try await DredgeBinary.run(arguments)
        #expect(outcome.status == 1 && outcome.output.isEmpty)
        #expect(
            outcome.error == """
                Error: There is no command \(expected)
                Usage: \(command) <subcommand>
                  See '\(command) --help' for more information.

                """)
    }

    @Test(arguments: [["store", "ls", "none", "--prefx", "a"], ["run"], ["count", "sotre"], ["--none", "sotre"]])
    func `what is wrong behind a right command, or before it, is told as ever`(arguments: [String]) async throws {
        let outcome = try await DredgeBinary.run(arguments)
        #expect(outcome.status == 1 && !outcome.error.contains("There is no command"))
    }

    @Test(arguments: [
        ("", "", 0), ("run", "", 3), ("run", "rnu", 1), ("store", "sotre", 1), ("plan", "lan", 1), ("ls", "lss", 1),
        ("check", "chekc", 1), ("merge", "mreeg", 2), ("status", "stats", 1),
    ]) func `neighbours that changed places are one mistake`(a: String, b: String, distance: Int) {
        #expect(Misspelling.distance(a, b) == distance && Misspelling.distance(b, a) == distance)
    }
}
