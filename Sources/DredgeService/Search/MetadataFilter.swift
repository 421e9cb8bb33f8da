/// Which documents a query is about: conditions on what jobs attached to them, and on `filename` and `uri`.
///
/// `{"year": 2024}` and `{"year": {"$gte": 2020, "$lt": 2025}, "$or": [{…}, {…}]}`: all members must hold. A list that
/// is attached has what any of its items is. A document without the field has no value: `$ne` and `$nin` hold, the
/// others don't. Texts are compared by their Unicode scalars; a text and a number are never equal, nor in an order.
indirect enum MetadataFilter: Sendable, Hashable {
    case all([MetadataFilter])
    case any([MetadataFilter])
    case field(String, Operator, JSON)
    /// `$in`, or `$nin`.
    case member(String, ValueSet, isIn: Bool)

    enum Operator: String, Sendable, CaseIterable {
        case equal = "$eq"
        case notEqual = "$ne"
        case greater = "$gt"
        case greaterOrEqual = "$gte"
        case less = "$lt"
        case lessOrEqual = "$lte"
        case anyOf = "$in"
        case noneOf = "$nin"
    }

    /// Whether a condition is on `filename` or `uri`.
    var needsPlace: Bool { names("filename") || names("uri") }

    /// Whether a condition is on this field.
    func names(_ field: String) -> Bool {
        switch self {
        case .all(let parts), .any(let parts): parts.contains { $0.names(field) }
        case .field(let name, _, _), .member(let name, _, _): name == field
        }
    }

    func takes(_ metadata: [String: JSON]) -> Bool {
        switch self {
        case .all(let parts): parts.allSatisfy { $0.takes(metadata) }
        case .any(let parts): parts.contains { $0.takes(metadata) }
        case .field(let name, let operation, let value): Self.holds(operation, metadata[name], value)
        case .member(let name, let values, let isIn):
            Self.items(metadata[name]).contains(where: values.contains) == isIn
        }
    }

    /// What a document has of a field.
    private static func items(_ found: JSON?) -> [JSON] {
        if case .array(let list) = found { list } else { found.map { [$0] } ?? [] }
    }

    private static func holds(_ operation: Operator, _ found: JSON?, _ value: JSON) -> Bool {
        let items = items(found)
        switch operation {
        case .equal, .anyOf: return items.contains { isEqual($0, value) }
        case .notEqual, .noneOf: return !items.contains { isEqual($0, value) }
        case .greater: return items.contains { order($0, value) == .above }
        case .greaterOrEqual: return items.contains { [.above, .same].contains(order($0, value)) }
        case .less: return items.contains { order($0, value) == .below }
        case .lessOrEqual: return items.contains { [.below, .same].contains(order($0, value)) }
        }
    }

    private enum Order { case below, same, above }

    private static func isEqual(_ left: JSON, _ right: JSON) -> Bool {
        if case .bool = left { return left == right }
        return order(left, right) == .same
    }

    private static func order(_ left: JSON, _ right: JSON) -> Order? {
        switch (left, right) {
        case (.string(let left), .string(let right)):
            if left.utf8.elementsEqual(right.utf8) { return .same }
            return left.utf8.lexicographicallyPrecedes(right.utf8) ? .below : .above
        case (.integer(let left), .integer(let right)): return left < right ? .below : left == right ? .same : .above
        default:
            guard let left = number(left), let right = number(right) else { return nil }
            return left < right ? .below : left == right ? .same : .above
        }
    }

    private static func number(_ value: JSON) -> Double? {
        switch value {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}

extension MetadataFilter {
    /// Reads a filter. Adds to `problems` what is wrong with it.
    static func read(_ value: JSON, at location: [String], _ problems: inout [FieldProblem]) -> MetadataFilter {
        var reading = Reading()
        let filter = reading.filter(value, at: location, depth: 0)
        problems += reading.problems
        return filter
    }

    private struct Reading {
        var problems: [FieldProblem] = []
        private var conditionCount = 0

        private mutating func complain(_ location: [String], _ message: String, _ type: String = "value_error") {
            // One of each place is enough, and a filter may be wrong in many.
            if problems.count < 20 { problems.append(FieldProblem(location: location, message: message, type: type)) }
        }

        mutating func filter(_ value: JSON, at location: [String], depth: Int) -> MetadataFilter {
            guard depth < ServiceLimits.filterDepthMax else {
                complain(location, "A filter may be nested \(ServiceLimits.filterDepthMax) deep.")
                return .all([])
            }
            guard case .object(let members) = value else {
                complain(location, "An object is needed here.", "dict_type")
                return .all([])
            }
            // Also one without members is looked at for each document.
            if depth > 0 { count(location) }
            var parts: [MetadataFilter] = []
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                let place = location + [name]
                switch name {
                case "$and": parts.append(.all(list(value, at: place, depth: depth)))
                case "$or": parts.append(.any(list(value, at: place, depth: depth)))
                default:
                    if name.hasPrefix("$") {
                        complain(place, "There is no such operator here. $and and $or stand here, or a field's name.")
                    } else {
                        parts += conditions(name, value, at: place)
                    }
                }
            }
            return .all(parts)
        }

        private mutating func list(_ value: JSON, at location: [String], depth: Int) -> [MetadataFilter] {
            guard case .array(let items) = value, !items.isEmpty else {
                complain(location, "A list of filters is needed here, not an empty one.", "list_type")
                return []
            }
            guard items.count <= ServiceLimits.filterConditionCountMax else {
                complain(location, "There may be at most \(ServiceLimits.filterConditionCountMax) of them.", "too_long")
                return []
            }
            return items.enumerated().map { filter($1, at: location + ["\($0)"], depth: depth + 1) }
        }

        private mutating func conditions(_ name: String, _ value: JSON, at location: [String]) -> [MetadataFilter] {
            guard case .object(let members) = value else {
                return condition(name, .equal, value, at: location).map { [$0] } ?? []
            }
            if members.isEmpty { complain(location, "An operator is needed here, such as $eq.") }
            return members.sorted(by: { $0.key < $1.key }).compactMap { word, value in
                guard let operation = Operator(rawValue: word) else {
                    let words = Operator.allCases.map(\.rawValue).joined(separator: ", ")
                    complain(location + [word], "There is no such operator. There are \(words), and $and and $or.")
                    return nil
                }
                return condition(name, operation, value, at: location + [word])
            }
        }

        private mutating func condition(
            _ name: String, _ operation: Operator, _ value: JSON, at location: [String]
        ) -> MetadataFilter? {
            count(location)
            switch (operation, value) {
            case (.anyOf, .array(let items)), (.noneOf, .array(let items)):
                if items.count > ServiceLimits.filterValueCountMax {
                    complain(location, "There may be at most \(ServiceLimits.filterValueCountMax) values.", "too_long")
                }
                if items.allSatisfy(Self.isScalar) {
                    return .member(name, ValueSet(items), isIn: operation == .anyOf)
                }
                complain(location, "A list of texts, numbers, true and false is needed here.")
            case (.anyOf, _), (.noneOf, _): complain(location, "A list is needed here.", "list_type")
            case (.equal, _) where Self.isScalar(value), (.notEqual, _) where Self.isScalar(value),
                (_, .string), (_, .integer), (_, .number):
                return .field(name, operation, value)
            case (.equal, _), (.notEqual, _): complain(location, "A text, a number, true or false is needed here.")
            default: complain(location, "A text or a number is needed here.")
            }
            return nil
        }

        private mutating func count(_ location: [String]) {
            conditionCount += 1
            if conditionCount > ServiceLimits.filterConditionCountMax {
                complain(
                    location, "There may be at most \(ServiceLimits.filterConditionCountMax) conditions.", "too_long")
            }
        }

        private static func isScalar(_ value: JSON) -> Bool {
            switch value {
            case .string, .integer, .number, .bool: true
            default: false
            }
        }
    }
}
