import DredgeAWS
import DredgeBase
public import DredgeLedger
import DredgeStore
import Foundation

/// What a job is: made once by the planner, and the same for all who read it. Nothing in it is secret.
public struct JobFile: Codable, Sendable, Hashable {
    /// What the planner left out of the manifests.
    public struct LeftOut: Codable, Sendable, Hashable {
        /// Objects that the sources' filters leave out; nil: not known, because a service told of keys twice.
        public var filtered: Int? = 0
        /// Entries of the listing that can't be used, by reason.
        public var failed: [String: Int] = [:]
        /// Sources whose listing contradicted itself, so that keys may be missing from it.
        public var distrusted: [String] = []
    }

    /// What tells a source from others.
    public struct SourceName: Codable, Sendable, Hashable {
        /// Its name.
        public var name: String
        /// The bucket.
        public var bucket: String
        /// The key prefix.
        public var prefix: String
        /// The service; nil: AWS.
        public var endpoint: String?
        /// Its filters; nil: it has none.
        public var filters: String?

        /// Whether both name the same objects, but for filters.
        func isSame(as other: SourceName) -> Bool {
            // Byte for byte, as S3 tells keys apart.
            [
                (name, other.name), (bucket, other.bucket), (prefix, other.prefix),
                (endpoint ?? "", other.endpoint ?? ""),
            ]
            .allSatisfy { $0.utf8.elementsEqual($1.utf8) }
        }
    }

    /// What a job goes on from: its shards are only what is new or changed since.
    public struct Since: Codable, Sendable, Hashable {
        /// The jobs before it, the oldest first: each goes on from the one before.
        public var jobs: [String]
        /// SHA-256 of the last one's catalog.
        public var catalogDigest: String
        /// Objects that are as they were, and in no shard.
        public var unchangedCount: Int
        /// What the planner itself has decided of objects: those that are gone, for instance.
        public var settled: Settled
        /// What became of documents that are not listed any more, by source.
        public var removals: [String: RemovalOutcome]
        /// Sources of which earlier jobs have stored something.
        public var storedSources: [String]
    }

    /// Rows of results that the planner has written, without a worker.
    public struct Settled: Codable, Sendable, Hashable {
        /// SHA-256 of the rows.
        public var digest: String
        /// What earlier jobs had of these objects.
        public var replaced: RowSums
        /// What stands for that now.
        public var made: RowSums
    }

    /// Version of the job's files; another one is refused.
    public var formatVersion = Self.currentVersion
    /// Names the job: a hash of everything else in this file.
    public var id = ""
    /// The version of the planner.
    public var dredgeVersion: String
    /// The config file's text, in which values of the environment are named, not written out.
    public var config: String
    /// The settings of the index that the config comes to.
    public var settings: [String: String]
    /// The sources that the config comes to: a worker that finds others has another environment.
    public var sources: [SourceName]
    /// Shards, from 0.
    public var shardCount: Int
    /// Objects of all manifests.
    public var objectCount: Int
    /// Their bytes as listed.
    public var byteCount: UInt64
    /// What was listed, and is in no manifest.
    public var leftOut: LeftOut
    /// SHA-256 of the index.
    public var indexDigest: String
    /// What it goes on from; nil: it reads all.
    public var since: Since?

    static let currentVersion = 1

    /// The name that its content has.
    var contentID: String {
        get throws {
            var copy = self
            copy.id = ""
            return String(SHA256.hex(try JobText.bytes(copy)).prefix(Self.idLength))
        }
    }

    static let idLength = 16

    /// Whether it can be one that a planner has written: then nothing in it makes a number overflow, or a name lead
    /// elsewhere.
    var isPossible: Bool {
        let names = Set(sources.map(\.name))
        guard names.count == sources.count, sources.count <= ShardLimits.sourceCountMax else { return false }
        guard let since else { return true }
        return (1..<ShardLimits.generationCountMax).contains(since.jobs.count)
            && since.jobs.allSatisfy { JobNames.job(JobNames.folder($0)) == $0 }
            && since.removals.values.allSatisfy { outcome in
                [outcome.removedCount, outcome.markedCount, outcome.withheldCount].allSatisfy(RowSums.isPossible)
            }
    }
}

/// The shards of a job, each a range of keys.
struct ShardIndex: Codable, Sendable, Hashable {
    struct Shard: Codable, Sendable, Hashable {
        var objectCount: Int
        var byteCount: UInt64
        /// SHA-256 of the manifest, before compression.
        var manifestDigest: String
        /// With what it begins.
        var first: FirstObject
        /// Its place among the shards in order of source and key, from 0.
        var position: Int
    }
    /// Source and key of an object.
    struct FirstObject: Codable, Sendable, Hashable {
        var source: String
        /// Percent-encoded.
        var key: String

        var keyBytes: [UInt8] { Array(key.utf8).withUnsafeBytes { URIEncoding.decode($0) } ?? [] }
    }
    /// By shard.
    var shards: [Shard]
}

/// What a worker has made of a shard: the same, whichever worker it was.
struct DoneFile: Codable, Sendable, Hashable {
    var formatVersion = JobFile.currentVersion
    var shard: Int
    /// Of the manifest that was worked on.
    var manifestDigest: String
    /// SHA-256 of the result's rows, before compression: the names of the result and of the store.
    var resultDigest: String
    /// The rows.
    var made: RowSums
    /// What earlier jobs had of these objects; nil: nothing.
    var replaced: RowSums?
    /// Of the rows, those of objects that could not be read, and of which what an earlier job has stored stays; nil:
    /// there are none.
    var kept: RowSums?

    /// Whether all numbers can be: then sums of them are no overflow.
    var isPossible: Bool { [made, replaced, kept].allSatisfy { $0?.isPossible ?? true } }

    /// What the shard's own store holds.
    var content: ContentDigest {
        var content = made.content
        if let kept { content -= kept.content }
        return content
    }
}

/// The names of a job's files.
package enum JobNames {
    /// Beside the jobs' folders: says what is there.
    static let results = "dredge-results.json"
    /// Beside the jobs' folders: names the job with the latest catalog.
    static let latest = "latest.json"
    static let job = "job.json"
    static let index = "manifests/index.json"
    static let done = "done"
    static let failed = "failed"
    static let claims = "claims"
    static let catalog = "catalog.json"
    static let settled = "manifests/settled.csv.gz"

    /// The folder of a job.
    static func folder(_ job: String) -> String { "job-\(job)" }

    /// The job of a folder; nil: it is none of a job.
    package static func job(_ folder: some StringProtocol) -> String? {
        guard folder.hasPrefix("job-"), case let id = folder.dropFirst(4), id.count == JobFile.idLength,
            id.allSatisfy({ $0.isHexDigit && !$0.isUppercase })
        else { return nil }
        return String(id)
    }

    static func manifest(_ shard: Int) -> String { "manifests/\(number(shard)).csv.gz" }
    static func done(_ shard: Int) -> String { "done/\(number(shard)).json" }
    /// - Parameter place: 1 of who does it first, 2 of who does it a second time because the first is slow.
    static func claim(_ shard: Int, _ place: Int = 1) -> String { "claims/\(number(shard))-\(place).json" }
    static func failed(_ shard: Int, _ attempt: String) -> String { "failed/\(number(shard))-\(attempt).json" }
    static func result(_ shard: Int, _ digest: String) -> String { "out/\(number(shard))/\(digest).csv.gz" }
    static func store(_ shard: Int, _ digest: String) -> String { "out/\(number(shard))/\(digest).chunks" }

    /// `00017`
    static func number(_ shard: Int) -> String {
        let digits = String(shard)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    /// The shard of a file of `done` or `claims`; nil: it is none of a shard.
    static func shard(_ name: String) -> Int? {
        guard let shard = Int(name.prefix { "0123456789".contains($0) }),
            [done(shard), claim(shard), claim(shard, 2)].contains(where: { $0.hasSuffix("/\(name)") })
        else { return nil }
        return shard
    }
}

/// JSON of a job's files: keys in snake_case and in alphabetical order, so that one content has one text.
enum JobText {
    static func bytes(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    /// The same; what can't be written is a fault of this code.
    static func encoded(_ value: some Encodable) throws(JobError) -> [UInt8] {
        do { return try bytes(value) } catch {
            throw JobError(
                code: .badFile, place: "a file of the job", message: "It can't be written as JSON: \(error).",
                advice: "This is a fault of dredge: please report it.")
        }
    }

    /// Throws a `JobError` that names the file.
    static func value<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8], place: String) throws(JobError) -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            let version = try decoder.decode(JobFileVersion.self, from: Data(bytes)).formatVersion
            if let version, version != JobFile.currentVersion {
                throw JobError(
                    code: .badFile, place: place,
                    message: "It has version \(version); this dredge reads version \(JobFile.currentVersion).",
                    advice: "Use the dredge that planned the job, or plan it anew.")
            }
            return try decoder.decode(Value.self, from: Data(bytes))
        } catch let error as JobError {
            throw error
        } catch {
            throw JobError(
                code: .badFile, place: place, message: "It is damaged, or no file of a job.",
                advice: "Check the job's URL. If it is right, plan the job anew.")
        }
    }
}

private struct JobFileVersion: Decodable { var formatVersion: Int? }
