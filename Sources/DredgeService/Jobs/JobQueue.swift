/// Jobs that wait for their turn, and those that run: which one is next. Organizations take turns: of those that wait,
/// the one with the fewest running jobs comes first, then the one whose job waits longest. None has all places, unless
/// there is only one. A collection takes one job at a time.
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
    private let runningCountMaxOfOrganization: Int

    /// - Parameter runningCountMaxOfOrganization: at least one place is kept free of it, for others.
    init(runningCountMax: Int, runningCountMaxOfOrganization: Int = .max) {
        self.runningCountMax = runningCountMax
        self.runningCountMaxOfOrganization = max(1, min(runningCountMaxOfOrganization, runningCountMax - 1))
    }

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
    /// - Parameter occupied: collections that can't be written to now.
    mutating func next(except occupied: Set<String> = []) -> Entry? {
        guard running.count < runningCountMax else { return nil }
        let busy = occupied.union(running.values.map(\.collection))
        let loads = Dictionary(grouping: running.values, by: \.organization).mapValues(\.count)
        let load = { (entry: Entry) in loads[entry.organization] ?? 0 }
        let index = waiting.indices.filter {
            !busy.contains(waiting[$0].collection) && load(waiting[$0]) < runningCountMaxOfOrganization
        }.min { (load(waiting[$0]), waiting[$0].number) < (load(waiting[$1]), waiting[$1].number) }
        guard let index else { return nil }
        let entry = waiting.remove(at: index)
        running[entry.id] = entry
        return entry
    }

    /// A collection that a waiting job waits for, though none of the jobs that run writes to it; nil: there is none.
    func blocked(by occupied: Set<String>) -> String? {
        let busy = Set(running.values.map(\.collection))
        return waiting.lazy.map(\.collection).first { occupied.contains($0) && !busy.contains($0) }
    }
}
