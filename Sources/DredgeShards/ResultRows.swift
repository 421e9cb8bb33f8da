import DredgeBase
import DredgeS3
import Foundation

/// What one job's workers, and its planner, say of each object: one row after the other, in order.
final class ResultRows {
    private let job: Job
    private let order: SourceOrder
    private let folder: URL
    /// What the planner has settled.
    private let settled: RowFileReader?
    private var settledRow: ObjectRow?
    /// Of the shards that are still to come, the first one last.
    private var shards: [Catalog.Shard]
    private var current: RowFileReader?
    private var currentRow: ObjectRow?
    private var fileCount = 0

    /// - Parameters:
    ///   - order: knows all sources of the job.
    ///   - folder: of this machine, where one shard's rows are at a time.
    init(_ generation: Generation, order: SourceOrder, in folder: URL) async throws(JobError) {
        job = generation.job
        self.order = order
        self.folder = folder
        shards = generation.catalog.shards.reversed()
        settled = try await job.settledRows(in: folder)
        settledRow = try settled?.next()
        try await advance()
    }

    /// The next row; nil: there are no more.
    func next() async throws(JobError) -> ObjectRow? {
        guard let row = currentRow else { return try takeSettled() }
        if let settledRow, try place(settledRow) < place(row) { return try takeSettled() }
        try await advance()
        return row
    }

    private func takeSettled() throws(JobError) -> ObjectRow? {
        guard let row = settledRow else { return nil }
        settledRow = try settled?.next()
        return row
    }

    private func place(_ row: ObjectRow) throws(JobError) -> RowPlace {
        guard let place = order.place(row.source, row.object.key.bytes) else { throw Job.changed(job.url) }
        return place
    }

    private func advance() async throws(JobError) {
        currentRow = try current?.next()
        while currentRow == nil, let shard = shards.popLast() {
            fileCount += 1
            current = nil
            current = try await RowFileReader(
                job, JobNames.result(shard.shard, shard.resultDigest), .result, digest: shard.resultDigest,
                at: folder.appending(path: "rows-\(job.file.id)-\(fileCount).csv.gz").path)
            currentRow = try current?.next()
        }
    }
}

extension Job {
    /// The rows that the planner has written of what no worker does; nil: there are none.
    func settledRows(in folder: URL) async throws(JobError) -> RowFileReader? {
        guard let settled = file.since?.settled else { return nil }
        return try await RowFileReader(
            self, JobNames.settled, .result, digest: settled.digest,
            at: folder.appending(path: "settled-\(file.id)-\(ScratchFolder.random()).csv.gz").path)
    }
}

/// The rows of a file of a job, by a copy on this machine that goes with this.
final class RowFileReader {
    private let reader: RowReader
    private let path: String
    private let place: String
    private let digest: String
    private var isAtEnd = false

    /// - Parameter digest: SHA-256 that the rows have.
    init(
        _ job: Job, _ name: String, _ kind: ObjectRow.Kind, digest: String, at path: String
    ) async throws(JobError) {
        try await job.storage.download(name, to: path)
        self.path = path
        self.digest = digest
        place = job.url + name
        do throws(JobError) { reader = try RowReader(path, kind) } catch {
            try? FileManager.default.removeItem(atPath: path)
            throw Self.named(error, path, place)
        }
    }

    /// The error of the copy, with the name of the job's file: that is what people know.
    private static func named(_ error: JobError, _ path: String, _ place: String) -> JobError {
        var error = error
        error.place = place
        error.message = error.message.replacing(path, with: place)
        return error
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The next row; nil: there are no more. Throws at the end where the rows are others than were written.
    func next() throws(JobError) -> ObjectRow? {
        if isAtEnd { return nil }
        do throws(JobError) { if let row = try reader.next() { return row } } catch {
            throw Self.named(error, path, place)
        }
        isAtEnd = true
        guard reader.finish() == digest else { throw Job.changed(place) }
        return nil
    }
}

/// What a job and those before it say of each object: the newest row of each that is not removed, in order.
final class HistoryRows {
    private let generations: [ResultRows]
    private let order: SourceOrder
    /// The next row of each, the newest job's first.
    private var heads: [(place: RowPlace, row: ObjectRow)?] = []

    /// - Parameter history: the oldest first.
    init(_ history: [Generation], order: SourceOrder, in folder: URL) async throws(JobError) {
        var generations: [ResultRows] = []
        for generation in history.reversed() {
            generations.append(try await ResultRows(generation, order: order, in: folder))
        }
        self.generations = generations
        self.order = order
        heads = generations.map { _ in nil }
        for index in generations.indices { try await advance(index) }
    }

    /// The next row, and where it stands; nil: there are no more.
    func next() async throws(JobError) -> (place: RowPlace, row: ObjectRow)? {
        while let place = heads.lazy.compactMap({ $0?.place }).min() {
            var newest: ObjectRow?
            for index in heads.indices where heads[index]?.place == place {
                if newest == nil { newest = heads[index]?.row }
                try await advance(index)
            }
            if let newest, newest.result?.state != ObjectRow.Result.removed { return (place, newest) }
        }
        return nil
    }

    private func advance(_ index: Int) async throws(JobError) {
        guard let row = try await generations[index].next() else { return heads[index] = nil }
        guard let place = order.place(row.source, row.object.key.bytes) else {
            throw JobError(
                code: .badFile, place: "the rows of a job",
                message: "They name the source \(row.source), which it has not.",
                advice: "Somebody has changed the job's files: plan the job anew.")
        }
        heads[index] = (place, row)
    }
}
