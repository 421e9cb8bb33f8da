import DredgeS3
import DredgeStore
import DredgeTransfer
import Foundation
import Testing

@testable import Dredge

@Suite struct DocumentQueueTests {
    let pool = BufferPool(byteLimit: 16 << 20)
    let head = ObjectHead(eTag: "\"e\"", versionID: nil, contentEncoding: nil, size: 1)

    func document(parts: Int) -> Document {
        Document(
            object: PendingObject(object: 1, source: 1, position: 1, key: Array("k".utf8), size: 1, eTag: "\"e\""),
            eTag: "\"e\"", size: 1, partCount: parts, builder: nil)
    }

    @Test func handsPartsOverInTheirOrderWhateverOrderTheyArriveIn() async throws {
        let queue = DocumentQueue()
        let document = document(parts: 3)
        for part in [2, 0, 1] {
            queue.deliver(try await pool.buffer(byteCount: 10), part: part, of: document, head)
        }
        var order: [Int] = []
        for _ in 0..<3 {
            guard case .part(let taken, _, let index) = queue.next(before: Date()) else { break }
            order.append(index)
            // Nobody else gets the document while a worker is on it.
            if case .nothing = queue.next(before: Date()) {} else { Issue.record("the document was handed out twice") }
            #expect(queue.done(taken))
        }
        #expect(order == [0, 1, 2])
    }

    @Test func anAbandonedDocumentGivesItsBuffersBack() async throws {
        let queue = DocumentQueue()
        let document = document(parts: 2)
        queue.deliver(try await pool.buffer(byteCount: 10), part: 0, of: document, head)
        queue.deliver(try await pool.buffer(byteCount: 10), part: 1, of: document, head)
        queue.abandon(document)
        if case .nothing = queue.next(before: Date()) {} else { Issue.record("an abandoned document was handed out") }
        #expect(pool.byteCountInUse == 0)
    }

    @Test func finishLetsWorkersEmptyTheQueueAndCancelDoesNot() async throws {
        for isCancelled in [false, true] {
            let queue = DocumentQueue()
            let document = document(parts: 1)
            queue.deliver(try await pool.buffer(byteCount: 10), part: 0, of: document, head)
            if isCancelled { queue.cancel() } else { queue.finish() }
            switch queue.next(before: nil) {
            case .part: #expect(!isCancelled)
            case .finished: #expect(isCancelled)
            case .nothing: Issue.record("neither a part nor the end")
            }
        }
        #expect(pool.byteCountInUse == 0)
    }
}
