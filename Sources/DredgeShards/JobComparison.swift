import Dredge
import DredgeBase
import DredgeLedger
import DredgeS3
import Foundation

/// Compares what is listed now with what earlier jobs have made of it, by the rules by which a run compares a listing
/// with its store: `ListingDecision` for what is listed, `RemovalRule` for what is not.
final class JobComparison {
    private let sources: [Source]
    private let filters: [SourceFilter]
    private let order: SourceOrder
    private let folder: URL
    /// What is to be read, in order, and with it what the listing alone would have a worker drop.
    private var toReadPath: String { folder.appending(path: "to-read.csv.gz").path }
    /// The rows of what is not listed any more, in order.
    private var missingPath: String { folder.appending(path: "missing.csv.gz").path }
    /// What is listed again as it is stored, in order.
    private var againPath: String { folder.appending(path: "again.csv.gz").path }
    private var candidates: [RemovalCandidates]
    private var decisions: [RemovalDecision] = []
    /// Objects that are as they were.
    private(set) var unchangedCount = 0
    /// By source: whether something of it is stored.
    private var isStored: [Bool]
    /// Sources of which something is stored.
    var storedSources: [String] { sources.indices.filter { isStored[$0] }.map { sources[$0].name } }
    /// By source: what came from then on may be missing in the listing; nil: nothing may.
    private var begins: [Date?]

    /// - Parameters:
    ///   - candidates: by source, with what is known before anything is compared.
    ///   - folder: of this machine, for rows.
    init(
        _ sources: [Source], order: SourceOrder, candidates: [RemovalCandidates], in folder: URL
    ) throws(RunError) {
        self.sources = sources
        var filters: [SourceFilter] = []
        for source in sources { filters.append(try SourceFilter(source)) }
        self.filters = filters
        self.order = order
        self.candidates = candidates
        self.folder = folder
        isStored = sources.map { _ in false }
        begins = sources.map { _ in nil }
    }

    /// Goes over all objects, and decides what becomes of those that are left over.
    /// - Parameters:
    ///   - isTrusted: by source, whether its listing can't have left out anything.
    ///   - begins: by source, when the inventory was begun that stands for its listing; nil: it was listed now.
    func compare(
        _ listed: SortedRecords, with history: HistoryRows, isTrusted: [Bool], begins: [Date?]
    ) async throws(JobError) {
        self.begins = begins
        var toRead = try RowWriter(toReadPath, .manifest)
        var missing = try RowWriter(missingPath, .result)
        var again = try RowWriter(againPath, .manifest)
        var old = try await history.next()
        while let record = try listed.next() {
            let (code, object) = (record.source, record.object)
            let place = RowPlace(code, object.key.bytes)
            while let gone = old, gone.place < place {
                try take(missing: gone.row, gone.place, &missing)
                old = try await history.next()
            }
            var previous: ObjectRow?
            if let same = old, same.place == place {
                previous = same.row
                old = try await history.next()
            }
            try take(object, of: order.source(of: code), previous, &toRead, &again)
        }
        while let gone = old {
            try take(missing: gone.row, gone.place, &missing)
            old = try await history.next()
        }
        _ = try toRead.finish()
        _ = try missing.finish()
        _ = try again.finish()
        decisions = sources.indices.map {
            sources[$0].removal.decision(on: candidates[$0], isTrusted: isTrusted[$0])
        }
    }

    private func take(
        missing row: ObjectRow, _ place: RowPlace, _ missing: inout RowWriter
    ) throws(JobError) {
        let source = order.source(of: place.code)
        if row.result?.digest != nil {
            isStored[source] = true
            candidates[source].storedCount += 1
            if let begin = begins[source], let modified = row.object.lastModified, modified >= begin {
                return unchangedCount += 1
            }
            candidates[source].missingCount += 1
            if row.result?.reason == RemovalDecision.withheldReason { candidates[source].withheldBeforeCount += 1 }
        }
        try missing.write(row)
    }

    private func take(
        _ object: ListedObject, of source: Int, _ previous: ObjectRow?, _ toRead: inout RowWriter,
        _ again: inout RowWriter
    ) throws(JobError) {
        let name = sources[source].name
        guard let previous, let result = previous.result else {
            return try toRead.write(ObjectRow(source: name, object: object))
        }
        if result.digest != nil {
            isStored[source] = true
            candidates[source].storedCount += 1
        }
        let row = ObjectRow(
            source: name, object: object, previous: .init(size: previous.object.size, result: result))
        let decision = ListingDecision(filters[source].entry(object), known: KnownObject(previous))
        if decision == .unchanged || isSkippedAsBefore(object, decision, previous) {
            unchangedCount += 1
            if decision == .unchanged, result.state != ObjectState.indexed.rawValue { try again.write(row) }
            return
        }
        if decision.leavesContentOver, result.digest != nil { candidates[source].leftOutCount += 1 }
        try toRead.write(row)
    }

    /// Whether a worker would find the same reason again, in the same version.
    private func isSkippedAsBefore(
        _ object: ListedObject, _ decision: ListingDecision, _ previous: ObjectRow
    ) -> Bool {
        guard case .skip(let reason, _, let keepsContent) = decision, let result = previous.result else { return false }
        return result.state == ObjectState.skipped.rawValue && result.reason == reason
            && previous.object.eTag == object.eTag && previous.object.size == object.size
            && (result.digest == nil || keepsContent)
    }

    // MARK: After that

    /// By source: what becomes of documents that are not listed any more.
    var removals: [String: RemovalOutcome] {
        var removals: [String: RemovalOutcome] = [:]
        for (index, source) in sources.enumerated() {
            let outcome = RemovalOutcome(decisions[index], candidates[index])
            if outcome != RemovalOutcome() { removals[source.name] = outcome }
        }
        return removals
    }

    /// Calls `body` with each row of what is to be read, in order.
    func forEachToRead(_ body: (ObjectRow) throws(JobError) -> Void) throws(JobError) {
        let reader = try RowReader(toReadPath, .manifest)
        while let row = try reader.next() { if leftOverReason(row) == nil { try body(row) } }
    }

    /// Why an object that is listed would lose what is stored of it, where that may not go; nil: a worker may do it.
    private func leftOverReason(_ row: ObjectRow) -> String? {
        guard row.previous?.result.digest != nil, let source = order.source(named: row.source),
            decisions[source] != .remove, let reason = filters[source].skipReason(row.object), !reason.keepsContent
        else { return nil }
        return reason.rawValue
    }

    /// Writes the rows of what no worker has to do.
    func settle(to path: String) throws(JobError) -> JobFile.Settled {
        var (replaced, made) = (RowSums(), RowSums())
        var writer = try RowWriter(path, .result)
        let missing = try PlacedRows(missingPath, .result, order)
        let again = try PlacedRows(againPath, .manifest, order)
        let toRead = try PlacedRows(toReadPath, .manifest, order)
        while let first = [missing, again, toRead].filter({ $0.row != nil }).min(by: { $0.place < $1.place }),
            let row = first.row
        {
            try first.advance()
            let after: ObjectRow.Result? =
                if first === missing { settled(missing: row) } else if first === again { settled(again: row) } else {
                    settled(toRead: row)
                }
            guard let after else { continue }
            if let before = row.previous {
                replaced.add(before.result, byteCount: before.size)
            } else if let before = row.result {
                replaced.add(before, byteCount: row.object.size)
            }
            if after.state != ObjectRow.Result.removed { made.add(after, byteCount: row.object.size) }
            var object = row.object
            // What is stored is not the version of the row: nobody must take it for that one.
            if row.result != nil, KnownObject(row).content == nil { object.eTag = ETag("") }
            try writer.write(ObjectRow(source: row.source, object: object, result: after))
        }
        return JobFile.Settled(digest: try writer.finish(), replaced: replaced, made: made)
    }

    /// What becomes of an object that is listed again as it is stored.
    private func settled(again row: ObjectRow) -> ObjectRow.Result? {
        var after = row.previous?.result
        after?.state = ObjectState.indexed.rawValue
        return after
    }

    /// What becomes of an object that is listed so that its content would go, and may not; nil: a worker reads it, or
    /// it stays as it is.
    private func settled(toRead row: ObjectRow) -> ObjectRow.Result? {
        guard let reason = leftOverReason(row), let previous = row.previous else { return nil }
        var after = previous.result
        (after.state, after.reason) = (ObjectState.skipped.rawValue, reason)
        return previous.result.state == after.state && previous.size == row.object.size ? nil : after
    }

    /// What becomes of an object that is not listed any more; nil: it stays as it is.
    private func settled(missing row: ObjectRow) -> ObjectRow.Result? {
        guard let before = row.result, let source = order.source(named: row.source) else { return nil }
        let decision = decisions[source]
        let gone = ObjectRow.Result(
            state: ObjectRow.Result.removed, reason: "", chunkCount: 0, tokenCount: 0, digest: nil)
        if before.digest == nil {
            if case .withhold = decision { return nil }
            return gone
        }
        if decision == .remove { return gone }
        guard let reason = decision.missingReason else { return nil }
        var after = before
        (after.state, after.reason) = (ObjectState.vanished.rawValue, reason)
        return after == before ? nil : after
    }
}

/// Rows of a file on this machine, one after the other, with where they stand.
private final class PlacedRows {
    private let reader: RowReader
    private let order: SourceOrder
    /// The row in hand; nil: there are no more.
    private(set) var row: ObjectRow?
    private(set) var place: RowPlace

    init(_ path: String, _ kind: ObjectRow.Kind, _ order: SourceOrder) throws(JobError) {
        reader = try RowReader(path, kind)
        self.order = order
        place = RowPlace(SourceOrder.Code(value: 0), [])
        try advance()
    }

    func advance() throws(JobError) {
        row = try reader.next()
        if let row, let place = order.place(row.source, row.object.key.bytes) { self.place = place }
    }
}

extension KnownObject {
    /// What a row of a result tells of an object.
    fileprivate init(_ row: ObjectRow) {
        let version = Version(eTag: row.object.eTag, size: row.object.size)
        let result = row.result
        // Of what could not be read, the row has the version that was listed, and not the one that is stored.
        let isStored =
            result?.digest != nil
            && (result?.state == ObjectState.indexed.rawValue || RemovalDecision.isKept(result?.state, result?.reason))
        let reason = result?.state == ObjectState.skipped.rawValue ? result?.reason : nil
        let isOfBytes = reason.map { !SkipReason.ofListing.contains(SkipReason(rawValue: $0)) } ?? false
        self.init(
            key: row.object.key.bytes, content: isStored ? version : nil, skipped: isOfBytes ? version : nil,
            skipReason: isOfBytes ? reason : nil, isWithheld: result?.reason == RemovalDecision.withheldReason)
    }
}

extension RemovalDecision {
    /// Whether an object of this state is one that is not listed any more, and kept all the same.
    static func isKept(_ state: String?, _ reason: String?) -> Bool {
        state == ObjectState.vanished.rawValue && (reason == markedReason || reason == withheldReason)
    }
}
