import Dredge
import DredgeAWS
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
    /// In order: the rows of what is not listed any more, and of what is listed again.
    private var openPath: String { folder.appending(path: "open.csv.gz").path }
    private var candidates: [RemovalCandidates]
    private var decisions: [RemovalDecision] = []
    /// Objects that are as they were.
    private(set) var unchangedCount = 0
    /// By source, the key of one of them that is stored, percent-encoded.
    private(set) var witnesses: [String: String] = [:]

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
    }

    /// Goes over all objects, and decides what becomes of those that are left over.
    /// - Parameter isTrusted: by source, whether its listing can't have left out anything.
    func compare(
        _ listed: SortedObjects, with history: HistoryRows, isTrusted: [Bool]
    ) async throws(JobError) {
        var toRead = try RowWriter(toReadPath, .manifest)
        var open = try RowWriter(openPath, .result)
        var old = try await history.next()
        while let (code, object) = try listed.next() {
            let place = RowPlace(code, object.key.bytes)
            while let missing = old, missing.place < place {
                try take(missing: missing.row, missing.place, &open)
                old = try await history.next()
            }
            var previous: ObjectRow?
            if let same = old, same.place == place {
                previous = same.row
                old = try await history.next()
            }
            try take(object, of: order.source(of: code), previous, &toRead, &open)
        }
        while let missing = old {
            try take(missing: missing.row, missing.place, &open)
            old = try await history.next()
        }
        _ = try toRead.finish()
        _ = try open.finish()
        decisions = sources.indices.map {
            sources[$0].removal.decision(on: candidates[$0], isTrusted: isTrusted[$0])
        }
    }

    private func take(
        missing row: ObjectRow, _ place: RowPlace, _ open: inout RowWriter
    ) throws(JobError) {
        let source = order.source(of: place.code)
        if row.result?.digest != nil {
            candidates[source].storedCount += 1
            candidates[source].missingCount += 1
            if row.result?.reason == RemovalDecision.withheldReason { candidates[source].withheldBeforeCount += 1 }
        }
        try open.write(row)
    }

    private func take(
        _ object: ListedObject, of source: Int, _ previous: ObjectRow?, _ toRead: inout RowWriter,
        _ open: inout RowWriter
    ) throws(JobError) {
        let name = sources[source].name
        guard let previous, let result = previous.result else {
            return try toRead.write(ObjectRow(source: name, object: object))
        }
        if result.digest != nil { candidates[source].storedCount += 1 }
        let decision = ListingDecision(filters[source].entry(object), known: KnownObject(previous))
        if decision == .unchanged || isSkippedAsBefore(object, decision, previous) {
            unchangedCount += 1
            if decision == .unchanged, witnesses[name] == nil {
                witnesses[name] = URIEncoding.path(object.key.bytes)
            }
            guard decision == .unchanged, result.state != ObjectState.indexed.rawValue else { return }
            var again = result
            (again.state, again.reason) = (ObjectRow.Result.listedAgain, result.state)
            return try open.write(ObjectRow(source: name, object: object, result: again))
        }
        if decision.leavesContentOver, result.digest != nil { candidates[source].leftOutCount += 1 }
        try toRead.write(
            ObjectRow(source: name, object: object, previous: .init(size: previous.object.size, result: result)))
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
        while let row = try reader.next() {
            // What is stored of it would go, though it is listed.
            if row.previous?.result.digest != nil, let source = order.source(named: row.source),
                decisions[source] != .remove, let reason = filters[source].skipReason(row.object), !reason.keepsContent
            {
                continue
            }
            try body(row)
        }
    }

    /// Writes the rows of what no worker has to do.
    func settle(to path: String) throws(JobError) -> JobFile.Settled {
        var (replaced, made) = (RowSums(), RowSums())
        var writer = try RowWriter(path, .result)
        let reader = try RowReader(openPath, .result)
        while let row = try reader.next() {
            guard let source = order.source(named: row.source), var before = row.result,
                let after = settled(before, decisions[source])
            else { continue }
            if before.state == ObjectRow.Result.listedAgain { before.state = before.reason }
            replaced.add(before, byteCount: row.object.size)
            if after.state != ObjectRow.Result.removed { made.add(after, byteCount: row.object.size) }
            try writer.write(ObjectRow(source: row.source, object: row.object, result: after))
        }
        return JobFile.Settled(digest: try writer.finish(), replaced: replaced, made: made)
    }

    /// What becomes of an object that is listed again, or not any more; nil: it stays as it is.
    private func settled(_ before: ObjectRow.Result, _ decision: RemovalDecision) -> ObjectRow.Result? {
        var after = before
        if before.state == ObjectRow.Result.listedAgain {
            (after.state, after.reason) = (ObjectState.indexed.rawValue, "")
            return after
        }
        let gone = ObjectRow.Result(
            state: ObjectRow.Result.removed, reason: "", chunkCount: 0, tokenCount: 0, digest: nil)
        if before.digest == nil {
            if case .withhold = decision { return nil }
            return gone
        }
        if decision == .remove { return gone }
        guard let reason = decision.missingReason else { return nil }
        (after.state, after.reason) = (ObjectState.vanished.rawValue, reason)
        return after == before ? nil : after
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
    fileprivate static func isKept(_ state: String?, _ reason: String?) -> Bool {
        state == ObjectState.vanished.rawValue && (reason == markedReason || reason == withheldReason)
    }
}
