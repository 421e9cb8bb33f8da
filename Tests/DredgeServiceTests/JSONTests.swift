import DredgeService
import Foundation
import ServiceBench
import TestServers
import Testing

@Suite(.timeLimit(.minutes(30))) struct JSONTests {
    private static func parse(_ text: String) throws -> JSON { try JSON(parsing: Data(text.utf8)) }

    @Test func `values are read as what they are`() throws {
        #expect(try Self.parse("true") == true && Self.parse("false") == false && Self.parse("null") == .null)
        #expect(try Self.parse("1") == .integer(1) && Self.parse("0") == .integer(0))
        #expect(try Self.parse("-9223372036854775808") == .integer(.min))
        #expect(try Self.parse("9223372036854775807") == .integer(.max))
        #expect(try Self.parse("1.0") == .integer(1) && Self.parse("1.5") == .number(1.5))
        #expect(try Self.parse("1000000000000000000000000000000") == .number(1e30))
        #expect(try Self.parse("[1,true,\"1\",{}]") == [1, true, "1", [:]])
        #expect(try Self.parse("\"\\u0000\\ud83d\\ude00\"") == "\0😀")
    }

    @Test func `what is nested too deep is refused, as deep as it may be`() throws {
        for depth in [1, 64, 65, 500, 5_000, 500_000] {
            for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
                let text = String(repeating: open, count: depth) + "0" + String(repeating: close, count: depth)
                if depth <= 64 {
                    #expect(try Self.parse(text).text == text)
                } else {
                    #expect(throws: ServiceError.self) { try Self.parse(text) }
                }
            }
        }
    }

    @Test func `more values than allowed are refused, and any text is not`() throws {
        for text in [
            "[" + Array(repeating: "1", count: 60_000).joined(separator: ",") + "]",
            "[" + Array(repeating: "[]", count: 60_000).joined(separator: ",") + "]",
            "{" + (0..<60_000).map { "\"\($0)\":0" }.joined(separator: ",") + "}",
        ] {
            #expect(throws: ServiceError.self) { try Self.parse(text) }
        }
        let text = JSON.object(["a\\\"": .string(String(repeating: ",[{\\\"", count: 60_000)), "b": [1, 2]])
        #expect(try Self.parse(text.text) == text)
        let most = "[" + Array(repeating: "1", count: 49_000).joined(separator: ",") + "]"
        #expect(try Self.parse(most).text == most)
    }

    @Test func `random values are read as they were written`() throws {
        var random = SeededGenerator(seed: 20_261_129)
        for _ in 0..<2_000 {
            let value = Self.random(&random, depth: 0)
            #expect(try Self.parse(value.text) == value, "\(value.text)")
            // Foundation reads the same.
            let other = try JSONDecoder().decode(JSON.self, from: value.data)
            #expect(other == value, "\(value.text)")
        }
    }

    private static func random(_ random: inout SeededGenerator, depth: Int) -> JSON {
        switch Int.random(in: 0..<(depth < 4 ? 8 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .integer(Int.random(in: .min ... .max, using: &random) >> Int.random(in: 0..<64, using: &random))
        // Not whole: those are integers.
        case 3: return .number(Double(Int.random(in: -1_000...1_000, using: &random)) + 0.5)
        case 4, 5:
            let scalars = (0..<Int.random(in: 0..<12, using: &random)).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 0..<(Bool.random(using: &random) ? 0x80 : 0x1_1000), using: &random))
            }
            return .string(String(String.UnicodeScalarView(scalars)))
        case 6:
            let count = Int.random(in: 0..<4, using: &random)
            return .array((0..<count).map { _ in Self.random(&random, depth: depth + 1) })
        default:
            var members: [String: JSON] = [:]
            for index in 0..<Int.random(in: 0..<4, using: &random) {
                members["\(index)\"\\"] = Self.random(&random, depth: depth + 1)
            }
            return .object(members)
        }
    }
}
