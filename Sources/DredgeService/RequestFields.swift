internal import DredgeAWS

/// Reads the members of a request's JSON object, and collects everything that is wrong with them: missing ones, wrong
/// types, and, with `finish`, those that nobody asked for.
struct RequestFields {
    private let members: [String: JSON]
    private let location: [String]
    private var known: Set<String> = []
    private(set) var problems: [FieldProblem] = []

    init(_ body: JSON, at location: [String] = ["body"]) {
        self.location = location
        if case .object(let members) = body {
            self.members = members
        } else {
            members = [:]
            problems.append(FieldProblem(location: location, message: "An object is needed here.", type: "dict_type"))
        }
    }

    /// Throws all problems there are, also that of unknown members.
    mutating func finish() throws {
        for name in members.keys.sorted() where !known.contains(name) {
            complain(name, "There is no such field.", "extra_forbidden")
        }
        if !problems.isEmpty { throw ServiceError.invalid(problems) }
    }

    mutating func complain(_ name: String, _ message: String, _ type: String = "value_error") {
        problems.append(FieldProblem(location: location + [name], message: message, type: type))
    }

    mutating func add(_ others: [FieldProblem]) { problems += others }

    /// The member; nil: it is not there, or null.
    mutating func value(_ name: String) -> JSON? {
        known.insert(name)
        guard let value = members[name], value != .null else { return nil }
        return value
    }

    mutating func string(_ name: String) -> String? {
        guard let value = value(name) else { return nil }
        if let text = value.stringValue { return text }
        complain(name, "A string is needed here.", "string_type")
        return nil
    }

    /// Complains where it is missing or empty.
    mutating func requiredString(_ name: String) -> String {
        guard let value = value(name) else {
            complain(name, "This field is required.", "missing")
            return ""
        }
        guard let text = value.stringValue else {
            complain(name, "A string is needed here.", "string_type")
            return ""
        }
        if text.isEmpty { complain(name, "This field may not be empty.", "string_too_short") }
        return text
    }

    /// A text that goes into a request's head or address: visible ASCII characters only, so that nothing in it ends a
    /// line there.
    mutating func token(_ name: String, lengthMax: Int) -> String? {
        guard let text = string(name) else { return nil }
        return check(token: text, name, lengthMax: lengthMax) ? text : nil
    }

    /// The same; complains where it is missing or empty.
    mutating func requiredToken(_ name: String, lengthMax: Int) -> String {
        let text = requiredString(name)
        return check(token: text, name, lengthMax: lengthMax) ? text : ""
    }

    private mutating func check(token text: String, _ name: String, lengthMax: Int) -> Bool {
        guard text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            complain(name, "Only visible ASCII characters may be in it, without spaces, line breaks and controls.")
            return false
        }
        guard text.utf8.count <= lengthMax else {
            complain(name, "It may have at most \(lengthMax) characters.", "string_too_long")
            return false
        }
        return true
    }

    /// A region's code; nil: none is given, or none that can be one.
    mutating func region(_ name: String) -> String? {
        guard let text = string(name) else { return nil }
        guard let complaint = Region.complaint(text) else { return text }
        complain(name, "This \(complaint).")
        return nil
    }

    mutating func bool(_ name: String, default value: Bool) -> Bool {
        switch self.value(name) {
        case nil: return value
        case .bool(let found): return found
        default:
            complain(name, "true or false is needed here.", "bool_type")
            return value
        }
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        switch value(name) {
        case nil: return nil
        case .integer(let found) where range.contains(found): return found
        case .integer:
            complain(name, "A number from \(range.lowerBound) to \(range.upperBound) is needed here.", "value_range")
            return nil
        default:
            complain(name, "A whole number is needed here.", "int_type")
            return nil
        }
    }

    mutating func strings(_ name: String, countMax: Int) -> [String] {
        guard let value = value(name) else { return [] }
        guard case .array(let items) = value else {
            complain(name, "A list of strings is needed here.", "list_type")
            return []
        }
        let texts = items.compactMap(\.stringValue)
        if texts.count != items.count { complain(name, "A list of strings is needed here.", "string_type") }
        if texts.count > countMax { complain(name, "There may be at most \(countMax) of them.", "too_long") }
        return texts
    }
}
