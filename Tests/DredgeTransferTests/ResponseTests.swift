import DredgeTransfer
import TestServers
import Testing

@Suite struct ResponseTests {
    @Test func `a header is found without regard to case, and its value is trimmed`() {
        let response = HTTPResponse(
            status: 200,
            headers: [
                ("ETag", "\"a\""), ("x-amz-meta", " \t b c \t"), ("X-AMZ-META", "second"), ("Empty", ""),
                ("Blank", " "), ("Date", "a: b"),
            ])
        #expect(response["etag"] == "\"a\"" && response["ETAG"] == "\"a\"")
        #expect(response["x-amz-meta"] == "b c")
        #expect(response["empty"] == "" && response["blank"] == "")
        #expect(response["date"] == "a: b")
        for name in ["", "e", "eta", "etag:", "x-amz-met", "x-amz-metadata", "HTTP/1.1 200", "\n", "é"] {
            #expect(response[name] == nil, "\(name)")
        }
        #expect(HTTPResponse(status: 200)["a"] == nil)
    }

    /// Against a look at all lines.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `any header is found as a plain look finds it`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func text(_ characters: String, _ counts: ClosedRange<Int>) -> String {
            String((0..<Int.random(in: counts, using: &random)).map { _ in characters.randomElement(using: &random)! })
        }
        for _ in 0..<2_000 {
            let headers = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                (name: text("aAbB-", 1...3), value: text("aé: \t", 0...4))
            }
            let name = text("aAbB-", 1...3)
            let expected = headers.first { $0.name.lowercased() == name.lowercased() }?.value
            let trimmed = expected.map { value in
                let isBlank = { (character: Character) in character == " " || character == "\t" }
                return String(value.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
            }
            #expect(HTTPResponse(status: 200, headers: headers)[name] == trimmed, "seed \(seed): \(name) \(headers)")
        }
    }
}
