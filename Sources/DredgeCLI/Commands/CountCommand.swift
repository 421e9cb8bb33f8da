import ArgumentParser
import DredgeConfig
import DredgeText

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

struct CountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "count", abstract: "Count tokens exactly, as wc counts words.",
        discussion: """
            Prints a line COUNT PATH for each file, and a total when there are several. Without a file, or for -, it \
            reads standard input. A file's count is that of its whole text; a file is mapped, not read into memory, so \
            it must not be cut while it is counted. Standard input is held in memory.
            """,
        example: "dredge count README.md; cat *.txt | dredge count -")

    @Option(help: ArgumentHelp("\(Tokenizer.names).", valueName: "name"))
    var tokenizer = Tokenizer.o200kBase.rawValue

    @Argument(help: ArgumentHelp("The files.", valueName: "file"), completion: .file())
    var files: [String] = []

    func validate() throws {
        if let complaint = Tokenizer.complaint(tokenizer) {
            throw ValidationError("--tokenizer \(Quoting.quoted(tokenizer)) \(complaint)")
        }
    }

    func run() throws {
        let counter = TokenCounter(Tokenizer(rawValue: tokenizer) ?? .o200kBase)
        if files.isEmpty {
            try StandardOutput.shared.write("\(try count(descriptor: STDIN_FILENO, "standard input", counter))\n")
            return
        }
        var total = 0
        var hasFailed = false
        for file in files {
            do {
                let count =
                    file == "-"
                    ? try count(descriptor: STDIN_FILENO, "standard input", counter) : try count(file: file, counter)
                total += count
                try StandardOutput.shared.write("\(count) \(Quoting.escaped(file))\n")
            } catch let failure as CommandFailure {
                // So that the complaint stands where the file's line would stand.
                StandardOutput.shared.flush()
                StandardError.write(failure.message + "\n")
                hasFailed = true
            }
        }
        if files.count > 1 { try StandardOutput.shared.write("\(total) total\n") }
        if hasFailed { throw CommandFailure(.usage) }
    }

    private func count(file: String, _ counter: TokenCounter) throws -> Int {
        do {
            return try InputFile.withBytes(of: file) { counter.count($0) }
        } catch let failure as InputFile.Failure {
            throw CommandFailure(.usage, "dredge: \(Quoting.escaped(file)): \(failure.reason)")
        }
    }

    private func count(descriptor: Int32, _ name: String, _ counter: TokenCounter) throws -> Int {
        do {
            return try InputFile.readAll(descriptor).withUnsafeBytes { counter.count($0) }
        } catch {
            throw CommandFailure(.usage, "dredge: \(name): \(error.reason)")
        }
    }
}
