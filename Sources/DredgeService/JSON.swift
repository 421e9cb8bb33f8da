public import Foundation

/// A JSON value, as a request brings it and as the control database keeps it.
public indirect enum JSON: Sendable, Hashable, Codable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// Reads any value.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let integer = try? value.decode(Int.self) {
            self = .integer(integer)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let array = try? value.decode([JSON].self) {
            self = .array(array)
        } else {
            self = .object(try value.decode([String: JSON].self))
        }
    }

    /// Writes the value.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// Parses a text. Throws `ServiceError` for what is no JSON.
    public init(parsing data: Data) throws {
        do {
            self = try JSONDecoder().decode(JSON.self, from: data)
        } catch {
            throw ServiceError.invalid([
                FieldProblem(location: ["body"], message: "The body is no JSON.", type: "json_invalid")
            ])
        }
    }

    /// The value as text, members in order of their names.
    public var text: String { String(decoding: data, as: UTF8.self) }

    /// The same as bytes.
    public var data: Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)) ?? Data("null".utf8)
    }

    /// Null for nil.
    public static func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }

    /// A member of an object.
    public subscript(name: String) -> JSON? { if case .object(let members) = self { members[name] } else { nil } }

    /// The text, where it is one.
    public var stringValue: String? { if case .string(let text) = self { text } else { nil } }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral
{
    /// A text.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A whole number.
    public init(integerLiteral value: Int) { self = .integer(value) }
    /// True or false.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An object.
    public init(dictionaryLiteral members: (String, JSON)...) {
        self = .object(Dictionary(members, uniquingKeysWith: { $1 }))
    }
    /// A list.
    public init(arrayLiteral items: JSON...) { self = .array(items) }
}
