import Testing

@testable import DredgeAWS

@Suite struct XMLReaderTests {
    private func tree(_ text: String, limits: XMLReader.Limits = .init()) throws -> XMLElement {
        try XMLReader.tree(of: Array(text.utf8), limits: limits)
    }

    @Test func `reads text, children and character references`() throws {
        let root = try tree(
            """
            <?xml version="1.0"?><ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Code>A&amp;B</Code>
            <Message>x &#x65e5;<![CDATA[<y>]]></Message></Error><RequestId/></ErrorResponse>
            """)
        #expect(root.name == "ErrorResponse")
        #expect(root["Error"]?["Code"]?.text == "A&B")
        #expect(root.first("Message")?.text == "x 日<y>")
        #expect(root["RequestId"]?.text == "")
        #expect(root["Nothing"] == nil)
    }

    @Test func `drops prefixes of names`() throws {
        #expect(try tree("<a:Error xmlns:a='urn:a'><a:Code>1</a:Code></a:Error>")["Code"]?.text == "1")
    }

    @Test(arguments: [
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a [<!ENTITY b 'cccccccc'>]><a>&b;</a>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
    ])
    func `refuses document types and entities`(_ text: String) {
        #expect(throws: XMLError.self) { try tree(text) }
    }

    /// I8: a document with secrets in it, large enough that the parser's memory has to grow.
    @Test func `reads the same with memory that is wiped`() throws {
        let items = (0..<2000).map {
            "<item><name>n\($0)</name><text>\(String(repeating: "x", count: $0 % 700))</text></item>"
        }
        let text = "<list>" + items.joined() + "</list>"
        var limits = XMLReader.Limits()
        let expected = try tree(text, limits: limits)
        limits.wipesMemory = true
        #expect(try tree(text, limits: limits) == expected)
        #expect(expected.children.count == 2000)
        #expect(throws: XMLError.self) { try tree(text + "<", limits: limits) }
    }

    @Test func `names line and column of a mistake`() {
        #expect(throws: XMLError(message: "mismatched tag", line: 2, column: 6)) { try tree("<a>\n<b></a>") }
    }

    @Test(arguments: ["", "<a>", "plain", "<a/><b/>", "{\"a\":1}", "<a>\u{1}</a>"])
    func `refuses what is not one document`(_ text: String) {
        #expect(throws: XMLError.self) { try tree(text) }
    }

    @Test func `bounds size, depth, text and element count`() throws {
        var limits = XMLReader.Limits()
        limits.byteCountMax = 100
        limits.depthMax = 3
        limits.textByteCountMax = 5
        limits.elementCountMax = 4
        #expect(try tree("<a><b><c>12345</c></b></a>", limits: limits).first("c")?.text == "12345")
        for text in [
            "<a>" + String(repeating: " ", count: 100) + "</a>", "<a><b><c><d/></c></b></a>", "<a>123456</a>",
            "<a><b/><b/><b/><b/></a>",
        ] {
            #expect(throws: XMLError.self, "\(text)") { try tree(text, limits: limits) }
        }
    }
}
