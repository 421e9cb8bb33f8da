import DredgeS3
import DredgeStore
import Synchronization

/// Which of a source's objects are wanted.
struct SourceFilter: Sendable {
    let include: [GlobPattern]
    let exclude: [GlobPattern]

    init(_ source: Source) throws(RunError) {
        include = try Self.parse(source.include, "include", of: source)
        exclude = try Self.parse(source.exclude, "exclude", of: source)
    }

    func includes(_ key: [UInt8]) -> Bool {
        (include.isEmpty || include.contains { $0.matches(key) }) && !exclude.contains { $0.matches(key) }
    }

    /// Why an object is not read; nil: it is. Decided from its entry in the listing, without a request.
    func skipReason(_ object: ListedObject) -> SkipReason? {
        if !includes(object.key.bytes) { return .filtered }
        if object.size == 0 { return object.key.bytes.last == UInt8(ascii: "/") ? .folderMarker : .empty }
        // Intelligent-Tiering and Glacier Instant Retrieval answer at once, or say `InvalidObjectState` themselves.
        if object.storageClass == "GLACIER" || object.storageClass == "DEEP_ARCHIVE" { return .archived }
        return nil
    }

    private static func parse(_ texts: [String], _ list: String, of source: Source) throws(RunError) -> [GlobPattern] {
        var patterns: [GlobPattern] = []
        for text in texts {
            do throws(GlobPattern.Malformed) {
                patterns.append(try GlobPattern(text))
            } catch {
                throw RunError(
                    code: .invalidSource, source: source.name, step: "read the \(list) patterns",
                    message: "\"\(text)\": \(error.description)", advice: "Correct the pattern and run again.")
            }
        }
        return patterns
    }
}

/// Why an object is not indexed although nothing is wrong with it. The raw values stand in the store and in reports.
enum SkipReason: String, Sendable {
    /// The source's patterns leave it out.
    case filtered
    /// A key that ends in `/` and has no bytes: consoles make them for empty folders.
    case folderMarker = "folder marker"
    /// No bytes.
    case empty
    /// GLACIER, DEEP_ARCHIVE or an archive tier: it must be restored before it can be read.
    case archived
    /// A NUL among its first 8 KiB.
    case binary

    /// Whether what is stored of the same version stays: an archived object still has the content that was read before.
    var keepsContent: Bool { self == .archived }
}

/// Tells the reader of the queue that more has been listed, or that nothing more will be.
final class ListingSignal: Sendable {
    private struct State {
        var openSources: Int
        var generation = 0
        var waiter: CheckedContinuation<Void, Never>?
    }
    private let state: Mutex<State>

    init(sourceCount: Int) { state = Mutex(State(openSources: sourceCount)) }

    /// Whether every source is listed, and a number that grows with each page.
    var now: (isComplete: Bool, generation: Int) { state.withLock { ($0.openSources == 0, $0.generation) } }

    func pageRecorded() { change { _ in } }

    func sourceEnded() { change { $0.openSources -= 1 } }

    /// Returns once the generation is not `generation` any more, or the task is cancelled. One caller at a time.
    func changed(since generation: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.generation != generation || Task.isCancelled { return true }
                    state.waiter = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            change { _ in }
        }
    }

    private func change(_ body: (inout sending State) -> Void) {
        let waiter = state.withLock { state in
            body(&state)
            state.generation += 1
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
