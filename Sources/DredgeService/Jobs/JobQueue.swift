/// Jobs that wait for their turn, and those that run: which one is next. Organizations take turns: of those that wait,
/// the one with the fewest running jobs comes first, then the one whose job waits longest. A collection takes one job
/// at a time.
struct JobQueue {
    /// What the queue knows of a job.
    struct Entry: Sendable, Hashable {
        var id: String
        var number: Int64
        var organization: String
        var collection: String
    }

    private var waiting: [Entry] = []
    private var running: [String: Entry] = [:]
    private let runningCountMax: Int

    init(runningCountMax: Int) { self.runningCountMax = runningCountMax }

    mutating func add(_ entry: Entry) { waiting.append(entry) }

    /// Jobs that wait.
    var waitingCount: Int { waiting.count }

    /// Takes a job out that has not begun; whether it was there.
    mutating func remove(_ id: String) -> Bool {
        let count = waiting.count
        waiting.removeAll { $0.id == id }
        return waiting.count < count
    }

    mutating func end(_ id: String) { running[id] = nil }

    /// The next job that may begin, which then counts as running; nil: none may.
    mutating func next() -> Entry? {
        guard running.count < runningCountMax else { return nil }
        let busy = Set(running.values.map(\.collection))
        let load = Dictionary(grouping: running.values, by: \.organization).mapValues(\.count)
        var candidates = waiting.indices.filter { !busy.contains(waiting[$0].collection) }
        candidates.sort {
            (load[waiting[$0].organization] ?? 0, waiting[$0].number)
                < (load[waiting[$1].organization] ?? 0, waiting[$1].number)
        }
        guard let index = candidates.first else { return nil }
        let entry = waiting.remove(at: index)
        running[entry.id] = entry
        return entry
    }
}
