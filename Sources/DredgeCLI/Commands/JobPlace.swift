import ArgumentParser
import Dredge
import DredgeAWS
import DredgeConfig
import DredgeShards
import Foundation

/// Where a job's files are.
enum JobPlace {
    /// Calls `body` with the storage that `text` names: `s3://bucket/prefix/`, or a directory. What it throws of jobs
    /// and runs becomes a `CommandFailure`.
    static func with<Value>(
        _ text: String, _ options: StorageOptions, _ body: (any JobStorage) async throws -> Value
    ) async throws -> Value {
        let storage = try storage(text, options)
        let result: Result<Value, any Error>
        do { result = .success(try await body(storage)) } catch { result = .failure(error) }
        await storage.close()
        do {
            return try result.get()
        } catch let error as JobError {
            throw CommandFailure(error)
        } catch let error as RunError {
            throw CommandFailure(error.code == .invalidSource ? .usage : .fatal, of: error, FatalText.text(error))
        }
    }

    /// Calls `body` with a job, and with the place of the jobs, where `text` is its URL in one. Throws as `with`.
    static func withJob<Value>(
        _ text: String, _ options: StorageOptions, _ body: (Job, JobResults?) async throws -> Value
    ) async throws -> Value {
        guard let (place, id) = split(text) else {
            return try await with(text, options) { try await body(try await Job($0), nil) }
        }
        return try await with(place, options) { storage in
            try await body(try await Job(id, in: storage), JobResults(storage))
        }
    }

    /// Calls `body` with a job, or with the one that has the latest catalog where `text` is a place of jobs.
    static func withMerged<Value>(
        _ text: String, _ options: StorageOptions, _ body: (Job) async throws -> Value
    ) async throws -> Value {
        if split(text) != nil { return try await withJob(text, options) { job, _ in try await body(job) } }
        return try await with(text, options) { storage in
            guard let latest = try await JobResults(storage).latest() else {
                return try await body(try await Job(storage))
            }
            return try await body(try await Job(latest, in: storage))
        }
    }

    /// The ID of a job that `text` names by its ID or its URL; nil: it is none.
    static func id(_ text: String) -> String? {
        let name = text.split(separator: "/").last ?? ""
        return JobNames.job(name.hasPrefix("job-") ? String(name) : "job-\(name)")
    }

    /// The place of jobs and the job of a URL of a job; nil: it is none, or names no place.
    private static func split(_ text: String) -> (place: String, id: String)? {
        guard let folder = text.split(separator: "/").last, let id = JobNames.job(folder),
            let end = text.range(of: folder, options: .backwards)
        else { return nil }
        let place = String(text[..<end.lowerBound])
        return (place.isEmpty ? "./" : place, id)
    }

    private static func storage(_ text: String, _ options: StorageOptions) throws -> any JobStorage {
        if text.hasPrefix("s3://") { return try options.bucketStorage(text) }
        guard !text.isEmpty else { throw CommandFailure(.usage, "dredge: the URL of the job is empty.") }
        guard !text.prefix(while: { $0 != "/" }).hasSuffix(":") else {
            throw CommandFailure(
                .usage,
                "dredge: \(Quoting.quoted(text)) is neither of the form s3://bucket/prefix/ nor a directory. Put ./ "
                    + "before a directory of that name.")
        }
        return DirectoryStorage(text)
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
            "A folder of this machine for what is being made, where a worker goes on with its shard. Default: the "
                + "system's for temporary files.",
            valueName: "folder"), completion: .directory)
    var scratch: String?

    @Option(
        help: ArgumentHelp(
            "Assume this role for the job's files. Default: the machine's own identity.", valueName: "arn"))
    var resultsRole: String?

    @Option(help: ArgumentHelp("The external ID of that role.", valueName: "id", visibility: .rare))
    var resultsExternalID: String?

    @Option(
        help: ArgumentHelp(
            "Region of the job's bucket; found out when absent or wrong.", valueName: "region", visibility: .rare))
    var resultsRegion: String?

    @Option(
        name: .customLong("results-endpoint-url"),
        help: ArgumentHelp(
            "Endpoint of the S3-compatible service with the job's files; default AWS_ENDPOINT_URL_S3, else AWS.",
            valueName: "url", visibility: .rare))
    var resultsEndpointURL: String?

    /// The bucket at `text`, an S3 URL. Throws a `CommandFailure` with all that is wrong.
    func bucketStorage(_ text: String) throws -> BucketStorage {
        let environment = ProcessInfo.processInfo.environment
        var check = FlagCheck()
        let address = SourceURL(text)
        if let address {
            check.rule("the bucket", address.bucket) {
                FieldRules.bucket($0, isLegacyAllowed: resultsEndpointURL != nil)
            }
            check.rule("the prefix", address.prefix, FieldRules.prefix)
        } else {
            check.report("\(Quoting.quoted(text)) is not of the form s3://bucket/prefix/")
        }
        check.rule("--results-region", resultsRegion, Region.complaint)
        check.rule("--results-endpoint-url", resultsEndpointURL, EndpointURL.complaint)
        check.rule("--results-role", resultsRole) {
            FieldRules.roleARN(
                $0, isOtherService: EndpointSettings(environment: environment).hasEndpoint(nil, of: .sts))
        }
        check.rule("--results-external-id", resultsExternalID, RoleHopRules.externalID)
        if resultsRole == nil, resultsExternalID != nil { check.report("--results-external-id needs --results-role") }
        try check.finish()
        let prefix = address?.prefix ?? ""
        let place = Source(
            name: "results", bucket: address?.bucket ?? "",
            prefix: prefix.isEmpty || prefix.hasSuffix("/") ? prefix : prefix + "/", region: resultsRegion,
            endpointURL: resultsEndpointURL,
            auth: resultsRole.map { .assumeRole([RoleHop(roleARN: $0, externalID: resultsExternalID)]) } ?? .ambient,
            expectedBucketOwner: .anyone)
        do throws(RunError) {
            return try BucketStorage(place, base: .defaultChain(), environment: environment)
        } catch {
            throw CommandFailure(.fatal, of: error, FatalText.text(error))
        }
    }
}

extension CommandFailure {
    /// A job's error with its exit status: `stopped` where the same may work later, or on another machine.
    init(_ error: JobError) {
        let status: ExitStatus =
            switch error.code {
            case _ where error.mayPass: .stopped
            case .usage: .usage
            case .cancelled: .stopped
            case .storage, .badFile, .unequalResults, .shardsMissing, .scratchInUse: .fatal
            }
        self.init(status, of: error, "dredge: \(Quoting.escaped(error.description))")
    }
}
