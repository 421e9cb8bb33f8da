/// A first-in-first-out queue in one array; both ends cost a constant time on average.
package struct FIFO<Element> {
    private var elements: [Element?] = []
    private var head = 0

    /// An empty queue.
    package init() {}

    /// Whether there is nothing in it.
    package var isEmpty: Bool { head == elements.count }
    /// The one that was appended first.
    package var first: Element? { isEmpty ? nil : elements[head] }

    /// Adds one at the end.
    package mutating func append(_ element: Element) { elements.append(element) }

    /// Takes out the one that was appended first; nil: there is none.
    package mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        defer {
            elements[head] = nil
            head += 1
            // Moving the rest down when half of the array is spent keeps the cost of a pop constant on average.
            if head * 2 >= elements.count {
                elements.removeFirst(head)
                head = 0
            }
        }
        return elements[head]
    }
}

extension FIFO: Sendable where Element: Sendable {}
