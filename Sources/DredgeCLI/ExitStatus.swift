/// The exit status of the process.
enum ExitStatus: Int32 {
    case complete = 0
    /// The command line or the config is wrong. Also what `count` gives, as `wc` does, when a file could not be read.
    case usage = 1
    /// Everything was dealt with, but objects failed, or removals are withheld; `store diff` found differences.
    case incomplete = 2
    /// Credentials, bucket, endpoint, disk, or a store that can't be used; problems that `policy lint` found.
    case fatal = 3
    /// Stopped by a signal; the same command goes on from there.
    case stopped = 4
    /// A second signal ended the process. Shells count that as 128 + SIGINT.
    case interrupted = 130
}

/// Ends a command. Its message goes to standard error, its status is that of the process.
struct CommandFailure: Error {
    var status: ExitStatus
    /// Empty: everything has been said.
    var message: String
    /// What `--json` tells of it; nil: nothing went wrong but what the command's answer says.
    var problem: OutcomeLine.Problem?

    init(_ status: ExitStatus, _ message: String = "") {
        self.status = status
        self.message = message
        guard !message.isEmpty else { return }
        let code = status == .usage ? "usage" : status == .stopped ? "stopped" : "other"
        problem = OutcomeLine.Problem(code: code, message: String(message.trimmingPrefix("dredge: ")))
    }

    /// - Parameter text: what is said of `error`.
    init(_ status: ExitStatus, of error: any Error, _ text: String) {
        self.status = status
        message = text
        problem = OutcomeLine.Problem(error, text: text)
    }
}
