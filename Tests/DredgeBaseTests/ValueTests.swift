import DredgeBase
import TestServers
import Testing

@Suite struct FIFOTests {
    @Test func `gives back in the order of arrival, under any mix of steps`() {
        var generator = SeededGenerator(seed: 7)
        var (queue, model) = (FIFO<Int>(), [Int]())
        for step in 0..<10_000 {
            if Bool.random(using: &generator) {
                queue.append(step)
                model.append(step)
            } else {
                #expect(queue.first == model.first)
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            }
            #expect(queue.isEmpty == model.isEmpty)
        }
    }
}

@Suite struct DeadlineTests {
    @Test func `passes when its duration has, and not before`() {
        let now = ContinuousClock.now
        let deadline = Deadline(.seconds(2), from: now)
        #expect(!deadline.hasPassed(at: now) && deadline.remaining(at: now) == .seconds(2))
        let later = now.advanced(by: .seconds(2))
        #expect(deadline.hasPassed(at: later) && deadline.remaining(at: later) == .zero)
        #expect(deadline.remaining(at: now.advanced(by: .seconds(9))) == .zero)
        #expect(deadline < Deadline(.seconds(3), from: now))
    }
}

@Suite struct ETagTests {
    @Test func `quotes make no difference, and a header has them`() {
        #expect(ETag("\"abc\"") == ETag("abc"))
        #expect(ETag("\"abc\"").value == "abc")
        #expect(ETag("abc").header == "\"abc\"" && ETag("\"abc\"").header == "\"abc\"")
        #expect(ETag("\"abc\"") != ETag("\"abd\""))
        #expect(Set([ETag("\"a\""), ETag("a")]).count == 1)
    }

    @Test func `none is none, with quotes and without`() {
        for text in ["", "\"\""] {
            #expect(ETag(text).isEmpty && ETag(text).header.isEmpty)
        }
    }

    @Test func `a weak or malformed one goes back as it came and equals only itself`() {
        for text in ["W/\"abc\"", "\"abc", "abc\"", "\""] {
            #expect(ETag(text).header == text)
            #expect(ETag(text) != ETag("abc"))
        }
    }
}
