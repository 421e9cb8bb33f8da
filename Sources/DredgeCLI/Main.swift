import ArgumentParser
import Dredge
import DredgeLedger
import DredgeService
import DredgeStore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@main
struct Main {
    static func main() async {
        // A reader that went away (`| head`) is an error of `write`, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        settleLimits()
        let code = await run(Array(CommandLine.arguments.dropFirst()))
        let isWritten = StandardOutput.shared.flush()
        exit(isWritten || code != ExitStatus.complete.rawValue ? code : ExitStatus.fatal.rawValue)
    }

    /// Allows no core file, which would hold the session's keys (I8), and as many descriptors as this user may have:
    /// each connection takes one.
    private static func settleLimits() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(coreResource, &none)
        var descriptors = rlimit()
        guard getrlimit(descriptorResource, &descriptors) == 0 else { return }
        descriptors.rlim_cur = min(descriptors.rlim_max, descriptorCountWanted)
        setrlimit(descriptorResource, &descriptors)
    }

    /// Enough for the most connections, and as many again for files.
    private static let descriptorCountWanted = rlim_t(2 * Limits.requestCountMax)
    #if canImport(Glibc)
        private static let coreResource = __rlimit_resource_t(RLIMIT_CORE.rawValue)
        private static let descriptorResource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let coreResource = RLIMIT_CORE
        private static let descriptorResource = RLIMIT_NOFILE
    #endif

    /// Parses and runs a command line, and tells how that ended; returns the exit code of `ExitStatus`.
    static func run(_ arguments: [String]) async -> Int32 {
        let (status, problem) = await end(of: arguments)
        let answer = Answer.take()
        if arguments.prefix(while: { $0 != "--" }).contains("--json"), answer != nil || status != .complete {
            let line = OutcomeLine(CommandName.of(arguments), status, problem, answer: answer)
            // A reader that went away is told by the exit code.
            do { try StandardOutput.shared.write(try JSONText.line(line)) } catch is StandardOutput.ReaderGone {
            } catch { StandardError.write("dredge: the outcome can't be told as JSON: \(error)\n") }
        }
        return status.rawValue
    }

    private static func end(of arguments: [String]) async -> (ExitStatus, OutcomeLine.Problem?) {
        do {
            var command = try await DredgeCommand.asyncParseAsRoot(arguments)
            if var asyncCommand = command as? any AsyncParsableCommand {
                try await asyncCommand.run()
            } else {
                try command.run()
            }
            return (.complete, nil)
        } catch let failure as CommandFailure {
            if !failure.message.isEmpty { StandardError.write(failure.message + "\n") }
            return (failure.status, failure.problem)
        } catch let error as StoreError {
            StandardError.write(FatalText.text(error) + "\n")
            let isUsage = [.noSuchObject, .noSuchSource, .noSuchRun, .otherSettings].contains(error.code)
            return (isUsage ? .usage : .fatal, OutcomeLine.Problem(error, text: ""))
        } catch let error as DataDirectoryProblem {
            StandardError.write("dredge: \(error)\n")
            return (.fatal, OutcomeLine.Problem(error, text: "\(error)"))
        } catch is StandardOutput.ReaderGone {
            return (.complete, nil)
        } catch {
            var text = DredgeCommand.fullMessage(for: error)
            if DredgeCommand.exitCode(for: error) == .success {  // --help, --version
                if text == VersionText.title { text += "\n" + VersionText.details }
                try? StandardOutput.shared.write(text.isEmpty ? "" : text + "\n")
                return (.complete, nil)
            }
            var message = DredgeCommand.message(for: error)
            if let misspelling = Misspelling(arguments, of: DredgeCommand.self) {
                message = misspelling.text
                // In the place of the parser's first line, which counts all words behind it as unexpected, too.
                let usage = text.split(separator: "\n").drop { !$0.hasPrefix("Usage:") }
                text = (["Error: \(misspelling.text)"] + usage).joined(separator: "\n")
            }
            StandardError.write(text + "\n")
            return (.usage, OutcomeLine.Problem(code: "usage", message: message))
        }
    }
}

/// The name of a command, with those that it belongs to: `store ls`.
enum CommandName {
    static func of(_ arguments: [String]) -> String {
        var names: [String] = []
        var commands = DredgeCommand.configuration.subcommands
        for argument in arguments {
            guard let command = commands.first(where: { $0._commandName == argument }) else { break }
            names.append(argument)
            commands = command.configuration.subcommands
        }
        return names.joined(separator: " ")
    }
}

struct DredgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dredge",
        abstract: "Index S3 buckets into a store of chunks with exact token counts.",
        discussion: """
            Exit codes: 0 complete, 1 wrong usage or config, 2 complete with failed objects or withheld removals, \
            or differences found by `store diff`, 3 fatal (credentials, bucket, endpoint, disk, store), 4 stopped and \
            resumable, 130 second interrupt.

            `man dredge` shows the manual where a package has installed it. \
            `dredge --generate-completion-script SHELL` prints the completions of bash, zsh or fish.
            """,
        example: "dredge init contracts.yaml && dredge check contracts.yaml && dredge run contracts.yaml",
        version: VersionText.title,
        subcommands: [
            InitCommand.self, RunCommand.self, IndexCommand.self, CheckCommand.self, PolicyCommand.self,
            StoreCommand.self,
            CountCommand.self, PlanCommand.self, WorkerCommand.self, StatusCommand.self, MergeCommand.self,
            BenchCommand.self, ServeCommand.self, KeysCommand.self,
        ])
}
