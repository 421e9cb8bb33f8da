import ArgumentParser
import Dredge
import DredgeAWS
import DredgeConfig
import DredgeShards
import Foundation

/// Where a job's files are.
enum JobPlace {
    /// The storage that `text` names: `s3://bucket/prefix/`, or a directory. Throws a `CommandFailure`.
    static func storage(_ text: String, _ options: StorageOptions) throws -> any JobStorage {
        guard text.hasPrefix("s3://") else {
            guard !text.isEmpty else { throw CommandFailure(.usage, "dredge: the URL of the job is empty.") }
            return DirectoryStorage(text)
        }
        throw CommandFailure(.usage, "dredge: \(Quoting.quoted(text)): jobs in buckets come with the next build.")
    }

    /// The config in a job's file, with the environment of this process. Throws a `CommandFailure`.
    static func config(of job: Job) throws -> Config {
        do {
            return try Config(
                bytes: Array(job.file.config.utf8), fileName: "the config of \(job.url)job.json", store: .optional,
                environment: ProcessInfo.processInfo.environment)
        } catch {
            throw CommandFailure(.usage, error.description)
        }
    }

    /// The folder for stores and listings while they are made. Throws a `CommandFailure`.
    static func scratch(_ path: String?) -> URL {
        path.map { URL(fileURLWithPath: $0, isDirectory: true) } ?? FileManager.default.temporaryDirectory
    }
}

/// How the bucket of a job's files is reached.
struct StorageOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A folder of this machine for what is being made; a worker that finds its shard there goes on with it. "
                + "Default: the system's folder for temporary files.", valueName: "directory"), completion: .directory)
    var scratch: String?
}

extension CommandFailure {
    /// A job's error with its exit status: what a scheduler may try again is not among them.
    init(_ error: JobError) {
        let status: ExitStatus =
            switch error.code {
            case .usage: .usage
            case .cancelled: .stopped
            case .storage, .badFile, .unequalResults, .shardsMissing: .fatal
            }
        self.init(status, "dredge: \(Quoting.escaped(error.description))")
    }
}
