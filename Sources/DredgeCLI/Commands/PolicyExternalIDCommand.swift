import ArgumentParser
import DredgeAWS
import DredgeConfig
import DredgeService

struct PolicyExternalIDCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "external-id", abstract: "Make an external ID for one customer.",
        discussion: """
            Prints 128 random bits in hexadecimal. Who reads for many customers makes one for each of them, keeps it, \
            and tells the customer, who puts it into the trust policy. The customer must not choose it: whoever knows \
            another customer's ID could name that one.
            """,
        example: """
            dredge policy external-id --prefix acme-
            """)

    @Option(
        help: ArgumentHelp("What it begins with: letters, digits and characters of _+=,.@:/-", valueName: "text"))
    var prefix = ""

    func run() throws {
        let id = prefix + RandomToken.hexadecimal(byteCount: 16)
        if let complaint = RoleHopRules.externalID(id) {
            throw CommandFailure(
                .usage, "dredge: --prefix \(Quoting.quoted(prefix)): \(Quoting.quoted(id)) \(complaint)")
        }
        try StandardOutput.shared.write(id + "\n")
    }
}
