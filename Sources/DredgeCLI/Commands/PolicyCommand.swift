import ArgumentParser
import DredgeAWS
import DredgeConfig
import DredgePolicy

struct PolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Print the policies that let a reader in, or check some.",
        discussion: """
            Prints what each side has to put into place for a source of a config file, or for what the flags say (they \
            win over the config). Nothing is asked of AWS. External IDs are not secrets; keys are never taken as \
            arguments.
            """,
        example: "dredge policy trust contracts.yaml",
        subcommands: [
            PolicyTrustCommand.self, PolicyPermissionsCommand.self, PolicyBucketCommand.self, PolicyKMSCommand.self,
            PolicyVendorCommand.self, PolicyJobCommand.self, PolicyS3DestinationCommand.self,
            PolicyIcebergDestinationCommand.self, PolicyRedshiftDestinationCommand.self, PolicyExternalIDCommand.self,
            PolicyLintCommand.self,
        ])
}

/// The form in which a policy is printed.
enum PolicyFormat: String, ExpressibleByArgument, CaseIterable {
    case json, cli, cloudformation, terraform
}

/// Prints a policy to standard output, and what to know about it to standard error.
struct PolicyOutput: ParsableArguments {
    @Option(help: "The policy itself, or what applies it.")
    var format: PolicyFormat = .json

    func print(_ document: PolicyDocument, holder: () throws -> PolicySetup.Holder, notes: [String] = []) throws {
        let text: String
        if format == .json {
            text = document.prettyJSON + "\n"
        } else {
            let setup = PolicySetup(document: document, holder: try holder())
            switch format {
            case .json, .cli: text = setup.shellCommands
            case .terraform: text = setup.terraformConfiguration
            case .cloudformation:
                guard let template = setup.cloudFormationTemplate else {
                    throw CommandFailure(
                        .usage,
                        "dredge: CloudFormation can't add to the policy of a key or an access point that is there; put "
                            + "the statements (--format json) into the template that makes it, or use --format cli")
                }
                text = template
            }
        }
        for note in notes { StandardError.write("note: \(Quoting.escaped(note))\n") }
        try StandardOutput.shared.write(text)
    }
}

/// Runs `body`, and turns its error into one about wrong usage that looks as all others do.
func orUsage<Value>(_ body: () throws(AWSError) -> Value) throws -> Value {
    do {
        return try body()
    } catch {
        throw CommandFailure(
            .usage, "dredge: could not \(Quoting.escaped("\(error.step): \(error.message). \(error.advice)"))")
    }
}
