internal import DredgeBase
internal import DredgeLedger

/// The rows that a store has of a page's keys, found by a pass over their range.
struct ListedRows {
    struct Row {
        let id: ObjectID
        /// The run that listed it last.
        let run: RunID
        let object: KnownObject
        /// Whether the row is as it was written. If not, nothing that it says is to be believed.
        let isIntact: Bool
    }
    /// By the place in the page.
    private var rows: [Int: Row] = [:]
    /// Places of keys that stand in the page before.
    private var repeated: Set<Int> = []

    init(_ page: [ListingEntry], of source: SourceID, in writer: WriterConnection) throws {
        let order = Self.order(of: page)
        guard let last = order.last else { return }
        for (before, next) in zip(order, order.dropFirst()) where page[before].key == page[next].key {
            repeated.insert(next)
        }
        let select = try writer.statement(ObjectSQL.known)
        select.bind(1, source)
        select.bind(3, page[last].key)
        defer { select.reset() }
        // Both ascend. Where the next row is of a key that is not in the page, the next key of the page is looked up:
        // there may be any number of such rows.
        var place = 0
        var isInStep = false
        while !isInStep, place < order.count {
            select.bind(2, page[order[place]].key)
            isInStep = true
            while isInStep, try select.step() {
                let key = select.bytes(8) ?? []
                while place < order.count, page[order[place]].key.lexicographicallyPrecedes(key) { place += 1 }
                guard place < order.count else { return }
                isInStep = page[order[place]].key == key
                guard isInStep else { continue }
                rows[order[place]] = Row(
                    id: select.id(6), run: select.id(7), object: KnownObject(key: key, from: select),
                    isIntact: select.int(9) != 0)
                place += 1
            }
            select.reset()
        }
    }

    subscript(index: Int) -> Row? { rows.isEmpty ? nil : rows[index] }

    /// Whether the key of this place came before in the page. The first one counts.
    func isRepeated(_ index: Int) -> Bool { !repeated.isEmpty && repeated.contains(index) }

    /// The places of a page in the order of their keys, equal ones as they came. A listing mostly has that order.
    private static func order(of page: [ListingEntry]) -> [Int] {
        let places = Array(page.indices)
        let ascends = zip(page, page.dropFirst()).allSatisfy { $0.key.lexicographicallyPrecedes($1.key) }
        if ascends { return places }
        return places.sorted {
            page[$0].key == page[$1].key ? $0 < $1 : page[$0].key.lexicographicallyPrecedes(page[$1].key)
        }
    }
}
