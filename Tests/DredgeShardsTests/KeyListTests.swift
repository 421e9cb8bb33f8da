import Dredge
import DredgeS3
import Foundation
import Testing

@testable import DredgeShards

@Suite final class KeyListTests {
    private let directory = TemporaryDirectory()
    private let sources = [
        Source(name: "one", bucket: "acme", prefix: "2025/", auth: .anonymous),
        Source(name: "two", bucket: "other", auth: .anonymous),
    ]

    private func keys(_ text: String, of sources: [Source]) throws -> [[String]] {
        let path = directory.file("keys")
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let list = try KeyList(path, of: sources)
        return sources.indices.map { list.keys(of: $0).map { String(decoding: $0.bytes, as: UTF8.self) } }
    }

    @Test func `a line names an object of one of the sources, byte for byte`() throws {
        #expect(
            try keys("s3://other/a b%20c\r\n\ns3://acme/2025/ü,x\ns3://other/2025/x", of: sources)
                == [["2025/ü,x"], ["a b%20c", "2025/x"]])
        #expect(try keys("2025/a\ns3://acme/2025/b\n", of: [sources[0]]) == [["2025/a", "2025/b"]])
    }

    @Test(arguments: [
        "a", "s3://acme/2024/a", "s3://else/a", "s3://other/", "s3://other/\(String(repeating: "k", count: 1025))",
    ])
    func `a line that names none is told by its number`(line: String) throws {
        let error = #expect(throws: JobError.self) { try keys("s3://other/a\n\(line)\n", of: sources) }
        #expect(error?.place.hasSuffix(":2") ?? false)
    }

    @Test func `a file that is not there is told`() {
        #expect(throws: JobError.self) { try KeyList(self.directory.file("nothing"), of: self.sources) }
    }
}
