import Foundation
import TestServers
import Testing

/// What a newcomer reads first.
@Suite(.timeLimit(.minutes(30))) struct HelpTests {
    /// As `--experimental-dump-help` has them (swift-argument-parser, ArgumentParserToolInfo).
    private struct Tool: Decodable {
        let command: Command
    }
    private struct Command: Decodable {
        let commandName: String
        let subcommands: [Command]?
        let arguments: [Argument]?

        /// All that can be asked for help, by their words.
        func paths(_ words: [String] = []) -> [(words: [String], command: Command)] {
            [(words, self)]
                + (subcommands ?? []).filter { $0.commandName != "help" }
                .flatMap { $0.paths(words + [$0.commandName]) }
        }
    }
    private struct Argument: Decodable {
        struct Name: Decodable { let kind: String, name: String }
        let names: [Name]?
        let shouldDisplay: Bool
    }

    private func commands() async throws -> [(words: [String], command: Command)] {
        let dump = try await DredgeBinary.run(["--experimental-dump-help"])
        let tool = try JSONDecoder().decode(Tool.self, from: Data(dump.output.utf8))
        return tool.command.paths()
    }

    @Test func `every command's help fits a screen of 80 columns and 50 lines, and has an example of it`() async throws
    {
        let commands = try await commands()
        #expect(commands.count >= 40)
        for (words, _) in commands {
            let help = try await DredgeBinary.run(words + ["--help"])
            let lines = help.output.split(separator: "\n", omittingEmptySubsequences: false)
            // A line of usage may be longer: a terminal breaks it.
            let rowCount = lines.reduce(0) { $0 + max(1, ($1.count + 79) / 80) }
            #expect(help.status == 0 && rowCount <= 51, "\(words): \(rowCount) rows")
            let example = try #require(lines.first { $0.hasPrefix("Example: ") }, "\(words)")
            #expect(help.output.contains((["dredge"] + words).joined(separator: " ")), "\(words): \(example)")
        }
    }

    @Test func `flags that help leaves out are in the longer help, the manual and what shells complete`() async throws {
        var rareCount = 0
        let completions = try await DredgeBinary.run(["--generate-completion-script", "bash"])
        for (words, command) in try await commands() {
            let short = try await DredgeBinary.run(words + ["--help"]).output
            let long = try await DredgeBinary.run(words + ["--help-hidden"]).output
            for argument in command.arguments ?? [] {
                guard let name = argument.names?.first(where: { $0.kind == "long" })?.name, name != "help" else {
                    continue
                }
                #expect(argument.shouldDisplay, "the manual leaves out --\(name) of \(words)")
                #expect(long.contains("--\(name)"), "\(words) --\(name)")
                #expect(completions.output.contains("--\(name)"), "\(words) --\(name)")
                guard !short.contains("--\(name)") else { continue }
                rareCount += 1
                #expect(short.contains("--help-hidden"), "\(words) does not say where --\(name) is")
            }
        }
        #expect(rareCount > 0)
    }

    @Test func `examples of help name commands and flags that there are`() async throws {
        let commands = try await commands()
        for (words, _) in commands {
            let help = try await DredgeBinary.run(words + ["--help"]).output
            let start = try #require(help.range(of: "Example: "))
            let end = help[start.upperBound...].range(of: "\n\n")?.lowerBound ?? help.endIndex
            let text = help[start.upperBound..<end].replacing("\n", with: " ")
            for part in text.split(whereSeparator: { ";|&>".contains($0) }) {
                let parts = part.split(separator: " ").map(String.init)
                guard parts.first == "dredge" else { continue }
                let named = commands.filter { parts.dropFirst().starts(with: $0.words) }
                    .max { $0.words.count < $1.words.count }
                let command = try #require(named, "\(part)")
                #expect(!command.words.isEmpty, "\(part)")
                let flags = Set((command.command.arguments ?? []).flatMap { $0.names ?? [] }.map(\.name))
                for flag in parts where flag.hasPrefix("-") && flag != "-" {
                    #expect(flags.contains(String(flag.drop { $0 == "-" })), "\(part): \(flag)")
                }
            }
        }
    }
}
