import Foundation
import Testing

@testable import DredgeAWS

@Suite struct SecretJSONTests {
    /// The value as Foundation's own reader gives it, for comparison.
    private func plain(_ value: SecretJSON) -> Any {
        switch value {
        case .object(let members): members.mapValues { plain($0) }
        case .array(let values): values.map { plain($0) }
        case .text(let text): text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        case .number(let number): number
        case .bool(let flag): flag
        case .null: NSNull()
        }
    }

    @Test(arguments: [
        #"{"a":"b","c":[1,-2.5e3,true,false,null,{}],"d":{"e":[]}}"#,
        #"  "\"\\\/\b\f\n\r\t\u00e9\u65E5\ud83d\ude00é日😀"  "#,
        "\t[\n]\r", "0", "1800003600000", "-0.5E-2", #"{"":""}"#,
    ])
    func `reads what Foundation reads`(text: String) throws {
        let expected = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed) as? NSObject
        #expect(plain(try SecretJSON.read(Array(text.utf8))) as? NSObject == expected)
    }

    @Test func `the last of two members counts`() throws {
        guard case .object(let members) = try SecretJSON.read(Array(#"{"a":1,"a":2}"#.utf8)),
            case .number(2) = members["a"]
        else {
            Issue.record("not the last one")
            return
        }
    }

    @Test(arguments: [
        "", " ", "{", "}", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:1}", "'a'", "\"a", "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"", "\"\\u12G4\"", "\"\\u+123\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"",
        "\"\\", "\"\\u",
        "tru", "nul", "+1", ".5", "-", "1e", "1e999", "NaN", "1 2", "{} x",
        String(repeating: "[", count: 17) + String(repeating: "]", count: 17), String(repeating: "[", count: 100_000),
    ])
    func `what isn't JSON is told of`(text: String) {
        #expect(throws: SecretJSONError.self) { try SecretJSON.read(Array(text.utf8)) }
    }

    @Test func `text that isn't UTF-8 is told of`() {
        #expect(throws: SecretJSONError.self) { try SecretJSON.read([0x22, 0xFF, 0x22]) }
        #expect(throws: SecretJSONError.self) { try SecretJSON.read([0x22, 0xE6, 0x97, 0x22]) }
    }

    @Test func `no cut of a document is read as one, nor crashes`() {
        let text = Array(#"{"a":["\u00e9\ud83d\ude00",1.5,{"b":null}],"c":true}"#.utf8)
        for count in 0..<text.count {
            #expect(throws: SecretJSONError.self) { try SecretJSON.read(Array(text[..<count])) }
        }
        for index in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[index] = byte
                _ = try? SecretJSON.read(changed)
            }
        }
    }

    @Test func `nothing shows a text`() throws {
        let value = try SecretJSON.read(Array(#"{"a":["CANARY"],"CANARY":"CANARY"}"#.utf8))
        var dumped = "\(value) \(String(reflecting: value))"
        dump(value, to: &dumped)
        #expect(!dumped.contains("CANARY"))
    }
}
