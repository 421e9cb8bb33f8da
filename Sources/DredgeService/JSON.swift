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

    /// Parses a text. Throws `ServiceError` for what is no JSON, or nested too deep. Costs time by the text's length,
    /// whatever it has: `JSONDecoder` would keep a path to each value.
    public init(parsing data: Data) throws {
        guard Self.hasFewValues(data) else {
            throw Self.invalid("The body has more than \(ServiceLimits.jsonValueCountMax) values.")
        }
        guard let value = try? JSONSerialization.jsonObject(with: data, options: [.fragmentsAllowed]) else {
            throw Self.invalid("The body is no JSON.")
        }
        guard let json = JSON(value, depth: 0) else {
            throw Self.invalid("The body has more than \(ServiceLimits.jsonDepthMax) lists and objects in each other.")
        }
        self = json
    }

    /// Each value but the first of a list or an object has a comma before it, and each list and object a bracket: what
    /// is seen without reading the values, of which each takes a microsecond.
    private static func hasFewValues(_ data: Data) -> Bool {
        if data.count <= ServiceLimits.jsonValueCountMax { return true }
        var (count, isText, isEscaped) = (0, false, false)
        for byte in data {
            switch byte {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\"): isEscaped = isText
            case UInt8(ascii: "\""): isText.toggle()
            case UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"): if !isText { count += 1 }
            default: break
            }
        }
        return count <= ServiceLimits.jsonValueCountMax
    }

    private static func invalid(_ message: String) -> ServiceError {
        .invalid([FieldProblem(location: ["body"], message: message, type: "json_invalid")])
    }

    /// What `JSONSerialization` made; nil: it is nested too deep.
    private init?(_ value: Any, depth: Int) {
        guard depth <= ServiceLimits.jsonDepthMax else { return nil }
        switch value {
        case let text as String: self = .string(text)
        case let number as NSNumber: self = JSON(number)
        case let items as [Any]:
            var array: [JSON] = []
            array.reserveCapacity(items.count)
            for item in items {
                guard let item = JSON(item, depth: depth + 1) else { return nil }
                array.append(item)
            }
            self = .array(array)
        case let members as [String: Any]:
            var object: [String: JSON] = [:]
            object.reserveCapacity(members.count)
            for (name, member) in members {
                guard let member = JSON(member, depth: depth + 1) else { return nil }
                object[name] = member
            }
            self = .object(object)
        default: self = .null
        }
    }

    private init(_ number: NSNumber) {
        switch String(cString: number.objCType) {
        // A C char is what booleans are stored in.
        case "c", "B": self = .bool(number.boolValue)
        default:
            // Large numbers are `NSDecimalNumber`, whose `doubleValue` is off by a bit.
            let text = number.stringValue
            let double = Double(text) ?? number.doubleValue
            if let integer = Int(text) ?? Int(exactly: double) {
                self = .integer(integer)
            } else {
                self = .number(double)
            }
        }
    }

    /// The value as text, members in order of their names.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The same as bytes.
    public var data: Data { Data(bytes) }

    private var bytes: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += String(value).utf8
        // JSON has no infinity.
        case .number(let value): bytes += (value.isFinite ? "\(value)" : "null").utf8
        case .string(let value): Self.write(value, to: &bytes)
        case .array(let items):
            bytes.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                item.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): bytes += "\\n".utf8
            case UInt8(ascii: "\r"): bytes += "\\r".utf8
            case UInt8(ascii: "\t"): bytes += "\\t".utf8
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
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
