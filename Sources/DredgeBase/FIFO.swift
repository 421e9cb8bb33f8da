/// A first-in-first-out queue in one array; both ends cost a constant time on average. Inlinable, so that other targets
/// specialize it.
public struct FIFO<Element> {
    @usableFromInline var elements: [Element?] = []
    @usableFromInline var head = 0

    /// An empty queue.
    @inlinable
    public init() {}

    /// Whether there is nothing in it.
    @inlinable
    public var isEmpty: Bool { head == elements.count }
    /// The one that was appended first.
    @inlinable
    public var first: Element? { isEmpty ? nil : elements[head] }

    /// Adds one at the end.
    @inlinable
    public mutating func append(_ element: Element) { elements.append(element) }

    /// Takes out the one that was appended first; nil: there is none.
    @inlinable
    public mutating func popFirst() -> Element? {
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
