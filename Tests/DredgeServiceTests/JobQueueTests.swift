import Testing

@testable import DredgeService

/// Whose turn it is.
@Suite struct JobQueueTests {
    private func entry(_ number: Int64, _ organization: String, _ collection: String? = nil) -> JobQueue.Entry {
        JobQueue.Entry(
            id: "job \(number)", number: number, organization: organization,
            collection: collection ?? "\(organization) \(number)")
    }

    private func queue(_ runningCountMax: Int, _ entries: [JobQueue.Entry]) -> JobQueue {
        var queue = JobQueue(runningCountMax: runningCountMax)
        for entry in entries { queue.add(entry) }
        return queue
    }

    @Test func `jobs of one organization begin in the order they came, as many as may run`() {
        var queue = queue(2, [entry(1, "a"), entry(2, "a"), entry(3, "a")])
        #expect([queue.next()?.number, queue.next()?.number, queue.next()?.number] == [1, 2, nil])
        queue.end("job 1")
        #expect(queue.next()?.number == 3)
    }

    @Test func `an organization with one job does not wait behind a hundred of another`() {
        var queue = queue(4, (1...100).map { entry($0, "a") } + [entry(101, "b"), entry(102, "c")])
        #expect((0..<4).map { _ in queue.next()?.number } == [1, 101, 102, 2])
        queue.add(entry(103, "b"))
        queue.end("job 101")
        #expect(queue.next()?.number == 103, "b has none that runs, a has two")
    }

    @Test func `a collection takes one job at a time, and holds up nobody else`() {
        var queue = queue(4, [entry(1, "a", "x"), entry(2, "a", "x"), entry(3, "a", "y")])
        #expect([queue.next()?.number, queue.next()?.number, queue.next()?.number] == [1, 3, nil])
        queue.end("job 1")
        #expect(queue.next()?.number == 2)
    }

    @Test func `a job that was taken out does not begin`() {
        var queue = queue(1, [entry(1, "a"), entry(2, "a")])
        let isKnown = [queue.remove("job 1"), queue.remove("job 1"), queue.remove("job 9")]
        #expect(isKnown == [true, false, false])
        #expect(queue.next()?.number == 2)
        let isWaiting = queue.remove("job 2")
        #expect(!isWaiting, "it runs")
    }
}
