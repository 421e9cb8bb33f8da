public import ArgumentParser
public import DredgeService
import DredgeConfig
import Foundation

/// `dredge keys`: the keys of the HTTP API. Works beside a server that runs.
struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Make, list and revoke keys of the HTTP API.",
        example: "dredge keys create --data /var/lib/dredge --organization acme",
        subcommands: [KeysCreateCommand.self, KeysListCommand.self, KeysRevokeCommand.self])
}

struct DataDirectory: ParsableArguments {
    @Option(
        help: ArgumentHelp("The server's data directory; made if it is missing.", valueName: "directory"),
        completion: .directory)
    var data: String

    /// The keys of a directory that is there.
    func keys() throws -> APIKeys {
        guard let keys = try IndexService.openKeys(directory: url, makesDirectory: false) else {
            throw CommandFailure(
                .usage, "\(Quoting.escaped(data)) has no server's data. `dredge keys create` makes it.")
        }
        return keys
    }

    var url: URL { URL(filePath: data, directoryHint: .isDirectory) }
}

struct KeysCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make a key, and print it this once.",
        discussion: """
            The first key of an organization makes the organization. What is kept of a key is its SHA-256.
            """,
        example: "dredge keys create --data /var/lib/dredge --organization acme")

    @OptionGroup var directory: DataDirectory

    @Option(help: ArgumentHelp("Whose key it is.", valueName: "name"))
    var organization: String

    @Option(help: "What it is for: development, staging or production. It sees the collections of that only.")
    var environment = APIEnvironment.development

    @Flag(help: "Print the key and the organization's ID as a line of JSON.")
    var json = false

    func run() async throws {
        guard let keys = try IndexService.openKeys(directory: directory.url, makesDirectory: true) else { return }
        let key: NewAPIKey
        do {
            key = try await keys.create(organization: organization, environment: environment)
        } catch ServiceError.invalid(let problems) {
            throw CommandFailure(.usage, problems.map { "--organization: \($0.message)" }.joined(separator: "\n"))
        }
        if json { Answer.give(key) } else { try StandardOutput.shared.write("\(key.key)\n") }
    }
}

struct KeysListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List keys, without the keys themselves.",
        example: "dredge keys list --data /var/lib/dredge")

    @OptionGroup var directory: DataDirectory

    @Option(help: ArgumentHelp("Those of this organization only.", valueName: "name"))
    var organization: String?

    @Flag(help: "Print a line of JSON for each key.")
    var json = false

    func run() async throws {
        let keys = try await directory.keys().list(organization: organization)
        for key in keys {
            if json {
                try StandardOutput.shared.write(JSONText.line(key))
            } else {
                let state = key.revokedAt.map { "revoked \($0)" } ?? "valid"
                try StandardOutput.shared.write(
                    "\(key.keyID)  \(key.environment.rawValue)  \(key.createdAt)  \(state)  \(key.organization)\n")
            }
        }
    }
}

struct KeysRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Make a key invalid, from the next request on.",
        example: "dredge keys revoke --data /var/lib/dredge 3")

    @OptionGroup var directory: DataDirectory

    @Argument(help: ArgumentHelp("The key's ID, as `keys list` shows it.", valueName: "key-id"))
    var keyID: String

    func run() async throws {
        guard try await directory.keys().revoke(keyID: keyID) else {
            throw CommandFailure(
                .usage, "There is no valid key \(Quoting.escaped(keyID)). `dredge keys list` shows all keys.")
        }
        try StandardOutput.shared.write("revoked \(keyID)\n")
    }
}

extension APIEnvironment: ExpressibleByArgument {}
