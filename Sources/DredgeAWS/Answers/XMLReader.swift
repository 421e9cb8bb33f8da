import CExpat

/// Reads the small XML documents that AWS services answer with, on expat.
///
/// The input is hostile: a document type declaration (and with it every entity declaration) is refused, and depth, text
/// and size have limits. Names lose their prefix (`aws:Code` is `Code`), attributes are ignored: AWS answers carry
/// nothing in them but `xmlns`.
package enum XMLReader {
    /// Bounds of one document.
    package struct Limits: Sendable {
        /// Bytes of the whole document.
        package var byteCountMax = 16 << 20
        /// Nesting of elements; the root has depth 1.
        package var depthMax = 32
        /// Bytes of the text of one element, its children's not included.
        package var textByteCountMax = 64 << 10
        /// What lies behind `textByteCountMax` is left out of an element's text; else such a document is refused.
        package var cutsText = false
        /// Elements of the whole document.
        package var elementCountMax = 200_000
        /// Whether the document holds secrets: memory of the parser is overwritten before it is given back.
        package var wipesMemory = false
        package init() {}
    }

    /// Reads `bytes` and tells `handler` of every element, in document order. Costs one pass; nothing is kept.
    package static func read(
        _ bytes: UnsafeRawBufferPointer, limits: Limits = .init(), handler: any XMLHandler
    ) throws(XMLError) {
        guard bytes.count <= limits.byteCountMax, bytes.count <= Int(Int32.max) else {
            throw XMLError(
                message: "the document has \(bytes.count) bytes; at most \(limits.byteCountMax) are read", line: 1,
                column: 1)
        }
        guard let parser = makeParser(wipesMemory: limits.wipesMemory) else {
            throw XMLError(message: "out of memory", line: 1, column: 1)
        }
        defer { XML_ParserFree(parser) }
        let state = ReaderState(parser: parser, handler: handler, limits: limits)
        // The state outlives the parser's use of it: both end with this function.
        XML_SetUserData(parser, Unmanaged.passUnretained(state).toOpaque())
        XML_SetElementHandler(
            parser, { data, name, _ in ReaderState.from(data)?.begin(name) },
            { data, _ in ReaderState.from(data)?.end() })
        XML_SetCharacterDataHandler(parser) { data, text, count in ReaderState.from(data)?.append(text, count) }
        XML_SetStartDoctypeDeclHandler(parser) { data, _, _, _, _ in
            ReaderState.from(data)?.stop("a document type declaration is not allowed")
        }
        XML_SetEntityDeclHandler(parser) { data, _, _, _, _, _, _, _, _ in
            ReaderState.from(data)?.stop("an entity declaration is not allowed")
        }
        let status = withExtendedLifetime(state) {
            XML_Parse(parser, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count), 1)
        }
        guard status == XML_STATUS_OK, state.refusal == nil else {
            let message =
                state.refusal ?? XML_ErrorString(XML_GetErrorCode(parser)).map { String(cString: $0) } ?? "not XML"
            throw XMLError(
                message: message, line: Int(XML_GetCurrentLineNumber(parser)),
                column: Int(XML_GetCurrentColumnNumber(parser)) + 1)
        }
    }

    private static func makeParser(wipesMemory: Bool) -> XML_Parser? {
        guard wipesMemory else { return XML_ParserCreate("UTF-8") }
        var memory = XML_Memory_Handling_Suite(
            malloc_fcn: { WipedMemory.allocate($0) }, realloc_fcn: { WipedMemory.reallocate($0, $1) },
            free_fcn: { WipedMemory.free($0) })
        return XML_ParserCreate_MM("UTF-8", &memory, nil)
    }

    /// Reads `bytes` into a tree.
    package static func tree(of bytes: UnsafeRawBufferPointer, limits: Limits = .init()) throws(XMLError) -> XMLElement
    {
        let builder = TreeBuilder()
        try read(bytes, limits: limits, handler: builder)
        guard let root = builder.root else { throw XMLError(message: "no element found", line: 1, column: 1) }
        return root
    }

    /// Reads `bytes` into a tree.
    package static func tree(of bytes: [UInt8], limits: Limits = .init()) throws(XMLError) -> XMLElement {
        // The closure of withUnsafeBytes can't throw a typed error on every supported compiler, so the result carries
        // it.
        let result = bytes.withUnsafeBytes { buffer in
            Result<XMLElement, XMLError> { () throws(XMLError) in try tree(of: buffer, limits: limits) }
        }
        return try result.get()
    }
}

/// What hears of the elements of a document.
package protocol XMLHandler: AnyObject {
    /// An element begins. `depth` is 1 for the root.
    func begin(_ name: String, depth: Int)
    /// An element ends. `text` is its own character data in UTF-8, without its children's; valid during the call only.
    func end(_ name: String, depth: Int, text: UnsafeRawBufferPointer)
}

/// Why a document was not read, and where. Holds nothing of the document's content.
package struct XMLError: Error, Sendable, Hashable, CustomStringConvertible {
    package var message: String
    /// From 1.
    package var line: Int
    /// In bytes, from 1.
    package var column: Int

    package var description: String { "line \(line), column \(column): \(message)" }
}

/// An element with its text and its children, in document order.
package struct XMLElement: Sendable, Hashable {
    package var name: String
    package var text = ""
    package var children: [XMLElement] = []

    /// The first child of that name.
    package subscript(_ name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The element itself or the first one below it of that name, depth first.
    package func first(_ name: String) -> XMLElement? {
        if self.name == name { return self }
        for child in children {
            if let found = child.first(name) { return found }
        }
        return nil
    }
}

/// What the C callbacks work on during one parse.
private final class ReaderState {
    let parser: XML_Parser
    let handler: any XMLHandler
    let limits: XMLReader.Limits
    var refusal: String?
    private var elementCount = 0
    private let wipedTextByteCount = 4096
    /// The names of the elements that have begun and not ended.
    private var open: [String] = []
    /// The text of each of them, and behind these what deeper ones leave for the next.
    private var texts: [[UInt8]] = []

    init(parser: XML_Parser, handler: any XMLHandler, limits: XMLReader.Limits) {
        self.parser = parser
        self.handler = handler
        self.limits = limits
    }

    static func from(_ data: UnsafeMutableRawPointer?) -> ReaderState? {
        data.map { Unmanaged<ReaderState>.fromOpaque($0).takeUnretainedValue() }
    }

    func stop(_ reason: String) {
        guard refusal == nil else { return }
        refusal = reason
        XML_StopParser(parser, 0)
    }

    func begin(_ rawName: UnsafePointer<CChar>?) {
        // expat may still deliver the end of an empty element after XML_StopParser.
        guard refusal == nil, let rawName else { return }
        elementCount += 1
        guard elementCount <= limits.elementCountMax else {
            return stop("more than \(limits.elementCountMax) elements")
        }
        guard open.count < limits.depthMax else { return stop("elements nest deeper than \(limits.depthMax)") }
        var name = String(cString: rawName)
        if let colon = name.utf8.lastIndex(of: UInt8(ascii: ":")) { name = String(name[name.index(after: colon)...]) }
        if texts.count == open.count { texts.append([]) }
        // Text that grows leaves copies behind; with room for all of it there is one to wipe.
        if limits.wipesMemory { texts[open.count].reserveCapacity(wipedTextByteCount) }
        texts[open.count].removeAll(keepingCapacity: true)
        open.append(name)
        handler.begin(name, depth: open.count)
    }

    func append(_ text: UnsafePointer<CChar>?, _ count: Int32) {
        guard refusal == nil, let text, !open.isEmpty else { return }
        let last = open.count - 1
        let room = limits.textByteCountMax - texts[last].count
        guard count <= room || limits.cutsText else {
            return stop("an element's text exceeds \(limits.textByteCountMax) bytes")
        }
        texts[last].append(contentsOf: UnsafeRawBufferPointer(start: text, count: min(Int(count), room)))
    }

    func end() {
        guard refusal == nil, let name = open.popLast() else { return }
        texts[open.count].withUnsafeMutableBytes { text in
            handler.end(name, depth: open.count + 1, text: UnsafeRawBufferPointer(text))
            if limits.wipesMemory { SecretBytes.wipe(text) }
        }
    }
}

/// Memory for a parser that reads secrets: each block knows its size, so that it can be wiped before it is freed.
private enum WipedMemory {
    private static let headerByteCount = 16

    static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer {
        let block = UnsafeMutableRawPointer.allocate(byteCount: byteCount + headerByteCount, alignment: headerByteCount)
        block.storeBytes(of: byteCount, as: Int.self)
        return block + headerByteCount
    }

    static func reallocate(_ pointer: UnsafeMutableRawPointer?, _ byteCount: Int) -> UnsafeMutableRawPointer {
        guard let pointer else { return allocate(byteCount) }
        let new = allocate(byteCount)
        new.copyMemory(from: pointer, byteCount: min(byteCount, Self.byteCount(pointer)))
        free(pointer)
        return new
    }

    static func free(_ pointer: UnsafeMutableRawPointer?) {
        guard let pointer else { return }
        let block = pointer - headerByteCount
        SecretBytes.wipe(UnsafeMutableRawBufferPointer(start: block, count: byteCount(pointer) + headerByteCount))
        block.deallocate()
    }

    private static func byteCount(_ pointer: UnsafeMutableRawPointer) -> Int {
        (pointer - headerByteCount).load(as: Int.self)
    }
}

private final class TreeBuilder: XMLHandler {
    private var open: [XMLElement] = []
    private(set) var root: XMLElement?

    func begin(_ name: String, depth: Int) { open.append(XMLElement(name: name)) }

    func end(_ name: String, depth: Int, text: UnsafeRawBufferPointer) {
        guard var element = open.popLast() else { return }
        element.text = String(decoding: text, as: UTF8.self)
        if open.isEmpty { root = element } else { open[open.count - 1].children.append(element) }
    }
}
