import DredgeS3
import DredgeTransfer
import Foundation

/// Documents that have a part in hand and no worker on them. Bounded by the buffer pool, which every part comes from.
///
/// A worker never waits for one document's next part: it takes whichever document has one. So what is in memory is always being
/// used up, and the memory budget can't lock up however many large objects are open.
final class DocumentQueue: @unchecked Sendable {  // everything below is only touched under `condition`
    private let condition = NSCondition()
    private var ready: [Document] = []
    private var readyHead = 0
    private var isFinished = false
    private var isCancelled = false

    enum Next {
        case part(Document, OwnedBuffer, index: Int)
        /// Nothing came before the deadline.
        case nothing
        case finished
    }

    /// Hands a part over; `head` is what its answer told.
    func deliver(_ buffer: OwnedBuffer, part: Int, of document: Document, _ head: ObjectHead) {
        condition.lock()
        defer { condition.unlock() }
        guard !isCancelled, !document.arrival.isAbandoned else { return }
        document.arrival.parts[part] = buffer
        if let versionID = head.versionID { document.arrival.versionID = versionID }
        document.arrival.attemptCount = max(document.arrival.attemptCount, head.attemptCount)
        offer(document)
    }

    /// The next part to work on. Waits until `deadline` at the longest (nil: until there is one).
    func next(before deadline: Date?) -> Next {
        condition.lock()
        defer { condition.unlock() }
        while true {
            if isCancelled { return .finished }
            if readyHead < ready.count {
                let document = ready[readyHead]
                readyHead += 1
                if readyHead == ready.count || readyHead >= 1024 {
                    ready.removeFirst(readyHead)
                    readyHead = 0
                }
                let index = document.arrival.nextPart
                guard !document.arrival.isAbandoned, let buffer = document.arrival.parts.removeValue(forKey: index)
                else {
                    document.arrival.isTaken = false
                    continue
                }
                return .part(document, buffer, index: index)
            }
            if isFinished { return .finished }
            guard let deadline else {
                condition.wait()
                continue
            }
            if !condition.wait(until: deadline) { return .nothing }
        }
    }

    /// The worker is done with the part that it took: the document may go to another. Says whether the document is still wanted.
    func done(_ document: Document) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        document.arrival.nextPart += 1
        document.arrival.isTaken = false
        if document.arrival.isAbandoned { return false }
        offer(document)
        return true
    }

    /// Drops what has arrived of a document and what is still to come.
    func abandon(_ document: Document) {
        condition.lock()
        document.arrival.isAbandoned = true
        document.arrival.parts.removeAll()
        condition.unlock()
    }

    /// No document will come any more: workers end when the queue is empty.
    func finish() {
        condition.lock()
        isFinished = true
        condition.broadcast()
        condition.unlock()
    }

    /// Workers end after the part in hand.
    func cancel() {
        condition.lock()
        isCancelled = true
        for document in ready { document.arrival.parts.removeAll() }
        ready.removeAll()
        readyHead = 0
        condition.broadcast()
        condition.unlock()
    }

    private func offer(_ document: Document) {
        guard !document.arrival.isTaken, document.arrival.parts[document.arrival.nextPart] != nil else { return }
        document.arrival.isTaken = true
        ready.append(document)
        condition.signal()
    }
}
