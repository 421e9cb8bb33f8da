import TestServers
import Testing

@testable import DredgeService

/// Whose turn it is.
@Suite struct JobQueueTests {
    private func entry(_ number: Int64, _ organization: String, _ collection: String? = nil) -> JobQueue.Entry {
        JobQueue.Entry(
            id: "job \(number)", number: number, organization: organization,
            collection: collection ?? "\(organization) \(number)")
    }

    private func queue(_ runningCountMax: Int, _ entries: [JobQueue.Entry], ofOne: Int = .max) -> JobQueue {
        var queue = JobQueue(runningCountMax: runningCountMax, runningCountMaxOfOrganization: ofOne)
        for entry in entries { queue.add(entry) }
        return queue
    }

    @Test func `jobs of one organization begin in the order they came, as many as may run`() {
        var queue = queue(3, [entry(1, "a"), entry(2, "a"), entry(3, "a")])
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

    @Test func `one organization has no more than its places, and never all of them`() {
        for (places, ofOne, count) in [(1, 1, 1), (1, 9, 1), (2, 9, 1), (8, 9, 7), (8, 4, 4), (8, 0, 1)] {
            var queue = queue(places, (1...20).map { entry($0, "a") }, ofOne: ofOne)
            var begun = 0
            while queue.next() != nil { begun += 1 }
            #expect(begun == count, "\(places) places, \(ofOne) of one")
            queue.add(entry(21, "b"))
            #expect((queue.next() != nil) == (places > count))
        }
    }

    @Test func `a job whose collection is written to leaves its place to others`() {
        var queue = queue(2, [entry(1, "a", "x"), entry(2, "b", "y")])
        #expect(queue.blocked(by: ["x"]) == "x" && queue.blocked(by: ["z"]) == nil)
        #expect([queue.next(except: ["x"])?.number, queue.next(except: ["x"])?.number] == [2, nil])
        #expect(queue.next()?.number == 1)
        queue.add(entry(3, "b", "x"))
        #expect(queue.blocked(by: ["x"]) == nil, "its own organization's job writes to it")
    }

    /// Random arrivals and ends: the bounds hold, no place stays empty that a job may have, and whoever comes first
    /// under the rule goes first.
    @Test(arguments: 0..<50) func `bounds hold and no place is wasted, whatever comes`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let places = Int.random(in: 1...8, using: &random)
        let ofOne = Int.random(in: 1...9, using: &random)
        let most = max(1, min(ofOne, places - 1))
        var queue = JobQueue(runningCountMax: places, runningCountMaxOfOrganization: ofOne)
        var (waiting, running) = ([JobQueue.Entry](), [JobQueue.Entry]())
        for number in 1...300 as ClosedRange<Int64> {
            let organization = ["a", "b", "c", "d"][Int.random(in: 0..<4, using: &random)]
            let new = entry(number, organization, "\(organization) \(Int.random(in: 0..<6, using: &random))")
            queue.add(new)
            waiting.append(new)
            if Bool.random(using: &random), let index = running.indices.randomElement(using: &random) {
                queue.end(running.remove(at: index).id)
            }
            func load(_ entry: JobQueue.Entry) -> Int { running.count { $0.organization == entry.organization } }
            func mayBegin(_ entry: JobQueue.Entry) -> Bool {
                load(entry) < most && !running.contains { $0.collection == entry.collection }
            }
            while let next = queue.next() {
                #expect(running.count < places && mayBegin(next))
                #expect(
                    !waiting.contains { mayBegin($0) && (load($0), $0.number) < (load(next), next.number) })
                waiting.removeAll { $0 == next }
                running.append(next)
            }
            #expect(running.count == places || !waiting.contains(where: mayBegin))
        }
    }
}
