import ArgumentParser

extension CommandConfiguration {
    /// A command whose help has a line that can be tried as it is.
    /// - Parameter hasRareFlags: whether some of its flags are `ArgumentVisibility.rare`.
    init(
        commandName: String, abstract: String, discussion: String = "", example: String, hasRareFlags: Bool = false,
        version: String = "",
        subcommands: [any ParsableCommand.Type] = []
    ) {
        self.init(
            commandName: commandName, abstract: abstract,
            discussion: [discussion, hasRareFlags ? "Flags that few need: --help-hidden" : "", "Example: \(example)"]
                .filter { !$0.isEmpty }.joined(separator: "\n"),
            version: version, subcommands: subcommands)
    }
}

extension ArgumentVisibility {
    /// Of a flag that few need: it has no line in `--help`, which is to fit a screen, but one in `--help-hidden`, in
    /// the manual, and in what shells complete.
    static let rare: ArgumentVisibility = {
        let words = CommandLine.arguments.dropFirst().prefix { $0 != "--" }
        return words.contains { ["-h", "--help", "help"].contains($0) } ? .hidden : .default
    }()
}
