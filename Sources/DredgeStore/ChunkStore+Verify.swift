public import DredgeLedger
internal import GRDB

/// Something that is wrong with a store.
public struct StoreProblem: Sendable, Codable, Hashable, CustomStringConvertible {
    /// The batch that it is about.
    public var batch: BatchID?
    /// The object's row.
    public var object: ObjectID?
    /// The object's key, with U+FFFD for what is not UTF-8.
    public var key: String?
    /// What is wrong.
    public var what: String

    /// "batch 7: the directory's checksum is wrong".
    public var description: String {
        let place = [batch.map { "batch \($0)" }, object.map { "object \($0)\(key.map { " (\($0))" } ?? "")" }]
            .compactMap(\.self).joined(separator: ", ")
        return place.isEmpty ? what : "\(place): \(what)"
    }
}

/// What a full check found.
public struct VerifyReport: Sendable, Codable, Hashable {
    /// Batches inflated.
    public var batchCount = 0
    /// Objects with content.
    public var objectCount = 0
    /// Chunks of these objects.
    public var chunkCount = 0
    /// Bytes inflated.
    public var rawByteCount: UInt64 = 0
    /// All problems, those beyond `StoreLimits.problemCountMax` only counted.
    public var problemCount = 0
    /// The first of them.
    public var problems: [StoreProblem] = []

    /// Whether the store is as it should be.
    public var isSound: Bool { problemCount == 0 }

    /// None yet.
    package init() {}

    /// Adds the report of another part.
    package static func += (sum: inout VerifyReport, part: VerifyReport) {
        sum.batchCount += part.batchCount
        sum.objectCount += part.objectCount
        sum.chunkCount += part.chunkCount
        sum.rawByteCount += part.rawByteCount
        sum.problemCount += part.problemCount
        sum.problems += part.problems.prefix(StoreLimits.problemCountMax - sum.problems.count)
    }

    /// Adds a problem that is none of a batch or an object.
    package mutating func add(_ what: String) { add(batch: nil, what) }

    mutating func add(batch: BatchID? = nil, object: ObjectID? = nil, key: [UInt8]? = nil, _ what: String) {
        problemCount += 1
        guard problems.count < StoreLimits.problemCountMax else { return }
        problems.append(
            StoreProblem(
                batch: batch, object: object, key: key.map { String(decoding: $0, as: UTF8.self) }, what: what))
    }
}

extension ChunkStore {
    /// Checks everything: SQLite's own structures; that each row is as it was written; that the settings are those that
    /// the runs were made with; that the last run's objects are all there; that each batch inflates, with right
    /// checksums, to what its row says; that each chunk of an object is where its span says; that an object's ordinals
    /// count from 0 without a gap, its chunks cover the document (and tile it, when the settings have an
    /// `overlap_tokens` of 0), and its tokens add up.
    ///
    /// Never stops at damage, whatever the bytes are; throws only when the file can't be opened. Reads the whole file,
    /// twice. Memory is one batch and a bounded number of directories.
    public func verify() async throws(StoreError) -> VerifyReport {
        let (path, settings) = (path, settings)
        return try await readSnapshot { Verifier.report($0, path: path, settings: settings) }
    }
}
