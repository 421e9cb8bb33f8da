internal import DredgeBase
internal import Foundation
internal import GRDB
internal import Synchronization

/// Keeps the segments few and without dead chunks, behind the back of jobs and queries: one collection at a time, on a
/// thread of its own.
///
/// Neighbours of like size are made one, four or more at a time, so that each chunk is written anew about as often as
/// the logarithm of the collection's size says. A segment of which a quarter is dead is written without that.
final class SearchMerging: Sendable {
    private let files: SearchFiles
    private struct State: Sendable {
        var waiting: [String] = []
        var running: String?
        var isRunning = false
    }
    private let state = Monitor(State(), order: .any)
    private let onError: @Sendable (_ collection: String, any Error) -> Void

    init(files: SearchFiles, onError: @escaping @Sendable (_ collection: String, any Error) -> Void) {
        self.files = files
        self.onError = onError
    }

    /// Looks whether something is to be merged, as soon as others are done.
    func request(_ collection: String) {
        let isFirst = state.update { state in
            if !state.waiting.contains(collection) { state.waiting.append(collection) }
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if isFirst { Task.detached { await self.run() } }
    }

    /// Waits until there is nothing to be merged.
    func settle(_ collection: String) async throws {
        request(collection)
        try await state.wait { $0.waiting.contains(collection) || $0.running == collection ? nil : () }
    }

    /// Waits until nothing runs.
    func stopped() async { try? await state.wait { $0.isRunning ? nil : () } }

    private func run() async {
        while true {
            let next = state.update { state in
                state.running = state.waiting.isEmpty ? nil : state.waiting.removeFirst()
                state.isRunning = state.running != nil
                return state.running
            }
            guard let next else { return }
            do { try await merge(next) } catch is CancellationError {
                // The next update asks again.
            } catch {
                if SearchCatalog.isUseless(error) { files.setDamaged(next) }
                onError(next, error)
            }
        }
    }

    private func merge(_ collection: String) async throws {
        let isMine = files.uses.update { uses in
            guard uses.claims[collection] == nil, !uses.isStopping, uses.swept.contains(collection) else {
                return false
            }
            uses.merging = collection
            return true
        }
        guard isMine else { return }
        defer { files.uses.update { $0.merging = nil } }
        guard files.exists(collection) else { return }
        let (files, path) = (files, files.path(collection))
        try await WorkThreads.files.run {
            let catalog = try SearchCatalog(path: path)
            defer { try? catalog.queue.close() }
            while try Self.step(catalog, check: { try files.check(collection) }, then: { files.publish(collection) }) {
            }
        }
    }

    /// Merges once; whether there was something to merge.
    /// - Parameter then: runs when the new segment is found, before the old ones are deleted.
    static func step(
        _ catalog: SearchCatalog, check: () throws -> Void, then: () -> Void
    ) throws -> Bool {
        try check()
        let (rows, live) = try catalog.queue.read { (try $0.segments(), try $0.liveVersions()) }
        let segments = try rows.map { try SegmentFile($0, of: catalog.path) }
        let sizes = segments.map { segment in
            (
                byteCount: segment.byteCount, chunkCount: segment.chunkCount,
                liveCount: segment.parts.reduce(0) { $0 + (live.contains($1.version) ? Int($1.count) : 0) }
            )
        }
        guard let range = next(sizes) else { return false }
        let isDone = try replace(Array(rows[range]), of: catalog, Array(segments[range]), live, check: check)
        then()
        if isDone { for segment in segments[range] { unlink(segment.path) } }
        return isDone
    }

    /// Which segments to make one next; nil: none.
    static func next(_ sizes: [(byteCount: Int, chunkCount: Int, liveCount: Int)]) -> Range<Int>? {
        if let dead = sizes.firstIndex(where: { $0.liveCount * 4 <= $0.chunkCount * 3 }) { return dead..<dead + 1 }
        let levels = sizes.map { level($0.byteCount) }
        for level in Set(levels).sorted() {
            var start = 0
            while start < levels.count {
                guard levels[start] <= level else {
                    start += 1
                    continue
                }
                let end = levels[start...].firstIndex { $0 > level } ?? levels.count
                if end - start >= ServiceLimits.searchMergeCount { return start..<end }
                start = end
            }
        }
        return nil
    }

    /// Segments of one level are of like size: up to 64 KiB, and four times as much with each.
    private static func level(_ byteCount: Int) -> Int {
        var (level, most) = (0, 64 << 10)
        while byteCount > most {
            most *= 4
            level += 1
        }
        return level
    }

    /// Puts one segment, without what is dead, in the place of some. Whether they were still there.
    static func replace(
        _ rows: [SegmentRow], of catalog: SearchCatalog, _ segments: [SegmentFile], _ live: Set<Int64>,
        check: () throws -> Void
    ) throws -> Bool {
        let merge = SegmentMerge(segments) { live.contains($0) }
        let id = try catalog.queue.write { try $0.takeSegmentID() }
        let path = SearchCatalog.segmentPath(catalog.path, id)
        let content = merge.chunkCount > 0 ? try merge.write(to: path, check: check) : nil
        do {
            let isDone = try catalog.queue.write { db in
                let known = Set(try db.segments())
                guard rows.allSatisfy(known.contains) else { return false }
                for row in rows { try db.execute(sql: "DELETE FROM segment WHERE id = ?", arguments: [row.id]) }
                if let content { try db.insert(SegmentRow(id: id, place: rows[0].place, content: content)) }
                return true
            }
            if !isDone { unlink(path) }
            return isDone
        } catch {
            unlink(path)
            throw error
        }
    }
}
