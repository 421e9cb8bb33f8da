/// JSON whose members keep their order, with its place in the text that it was read from.
package struct JSONValue: Sendable {
    package indirect enum Content: Sendable {
        case string(String)
        /// As written.
        case number(String)
        case boolean(Bool)
        case null
        case array([JSONValue])
        /// In the order of the text; a name may come twice.
        case object([Member])
    }

    package struct Member: Sendable {
        package var name: String
        /// Of the name.
        package var place: JSONPlace
        package var value: JSONValue

        package init(name: String, place: JSONPlace = .none, value: JSONValue) {
            self.name = name
            self.place = place
            self.value = value
        }
    }

    package var content: Content
    /// Of its first character.
    package var place: JSONPlace

    package init(_ content: Content, at place: JSONPlace = .none) {
        self.content = content
        self.place = place
    }

    /// An object; members without a value are left out.
    package static func object(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        JSONValue(
            .object(
                members.compactMap { name, value in value.map { Member(name: name, place: .none, value: $0) } }))
    }

    /// A string for one element, an array for several: as AWS's documents write both.
    package static func oneOrMore(_ strings: [String]) -> JSONValue {
        strings.count == 1 ? JSONValue(.string(strings[0])) : .array(strings.map { JSONValue(.string($0)) })
    }

    package static func array(_ items: [JSONValue]) -> JSONValue { JSONValue(.array(items)) }
    package static func string(_ text: String) -> JSONValue { JSONValue(.string(text)) }

    package var string: String? { if case .string(let text) = content { text } else { nil } }
    package var array: [JSONValue]? { if case .array(let items) = content { items } else { nil } }
    package var members: [Member]? { if case .object(let members) = content { members } else { nil } }

    /// The last member of that name, as JSON parsers take it; nil also where this is no object.
    package subscript(name: String) -> JSONValue? { members?.last { $0.name == name }?.value }
}

/// A line and a column of a text, both from 1; the column counts characters.
package struct JSONPlace: Sendable, Hashable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Of what was not read from a text.
    package static let none = JSONPlace(line: 0, column: 0)
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    package init(stringLiteral value: String) { self.init(.string(value)) }
    package init(integerLiteral value: Int) { self.init(.number(String(value))) }
    package init(booleanLiteral value: Bool) { self.init(.boolean(value)) }
}
