import DredgeConfig
import Foundation

/// Machine output: one line of JSON, keys in snake_case and in alphabetical order.
enum JSONText {
    static func line(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }

    /// A string of JSON, with escapes for what could drive a terminal.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case _ where Quoting.isUnsafe(scalar):
                for unit in String(scalar).utf16 {
                    result += "\\u\(String(0x1_0000 + Int(unit), radix: 16).dropFirst())"
                }
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
