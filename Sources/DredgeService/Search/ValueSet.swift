/// Values that a filter compares with: whether one of them is equal costs the same however many there are.
struct ValueSet: Sendable, Hashable {
    private var texts: Set<[UInt8]> = []
    private var integers: Set<Int> = []
    /// Of integers and other numbers: what an integer is equal to that is none of `integers`, and the other way round.
    private var integersAsNumbers: Set<Double> = []
    private var numbers: Set<Double> = []
    private var bools: Set<Bool> = []

    /// Takes what is a text, a number, true or false.
    init(_ values: [JSON]) {
        for value in values {
            switch value {
            case .string(let text): texts.insert(Array(text.utf8))
            case .integer(let integer):
                integers.insert(integer)
                integersAsNumbers.insert(Double(integer))
            case .number(let number): numbers.insert(number)
            case .bool(let bool): bools.insert(bool)
            case .null, .array, .object: break
            }
        }
    }

    /// Whether one of the values is equal to `value`, as `$eq` has it.
    func contains(_ value: JSON) -> Bool {
        switch value {
        case .string(let text): texts.contains(Array(text.utf8))
        case .integer(let integer): integers.contains(integer) || numbers.contains(Double(integer))
        case .number(let number): numbers.contains(number) || integersAsNumbers.contains(number)
        case .bool(let bool): bools.contains(bool)
        case .null, .array, .object: false
        }
    }
}
