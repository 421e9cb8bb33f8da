import DredgeBase
import Foundation
import TestServers
import Testing

@testable import DredgeS3

/// The quick reader of ordinary pages, beside the general one.
@Suite struct OrdinaryListPageTests {
    /// A page as a service writes it, of keys, times and ETags that a seed decides.
    private static func document(_ generator: inout SeededGenerator) -> String {
        func number(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
        let isEncoded = number(4) > 0
        let keys = ["a", "dir/x y", "ü/😀", "plus+and%", "tab\t", "<&>\"'", "new\nline", "\u{1}"]
        let plain = isEncoded ? keys : ["a", "dir/x y", "plus+and%", "&amp;", "&lt;b&gt;"]
        let quote = ["&quot;", "\"", "&#34;", ""][number(4)]
        var entries = ""
        for index in 0..<number(6) {
            let key = plain[number(plain.count)] + String(index)
            let shown =
                isEncoded ? key.addingPercentEncoding(withAllowedCharacters: .alphanumerics)! : key
            let fraction = ["", ".000", ".5", ".123456", ".999"][number(5)]
            let hour = "0\(number(10))"
            let time = "\(1960 + number(100))-0\(1 + number(9))-1\(number(10))T\(hour):1\(number(10)):5\(number(10))"
            var parts = [
                "<Key>\(shown)</Key>", "<LastModified>\(time)\(fraction)Z</LastModified>",
                "<ETag>\(quote)\(String(generator.next(), radix: 16))-\(number(9))\(quote)</ETag>",
                "<Size>\(number(3) == 0 ? generator.next() : generator.next() >> 30)</Size>",
            ]
            if number(2) == 0 {
                parts.append("<StorageClass>\(["STANDARD", "GLACIER", "", "NEW_ONE"][number(4)])</StorageClass>")
            }
            if number(3) == 0 { parts.append("<Owner><ID>1</ID><DisplayName>me</DisplayName></Owner>") }
            if number(12) == 0 { parts.removeFirst() }
            if number(3) == 0 { parts.shuffle(using: &generator) }
            entries += "<Contents>\(parts.joined(separator: number(3) == 0 ? "\n  " : ""))</Contents>"
        }
        let token = ["", "<NextContinuationToken>1/a+b==</NextContinuationToken>"][number(2)]
        let head = isEncoded ? "<EncodingType>url</EncodingType>" : ""
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name><Prefix></Prefix>"
            + (number(2) == 0 ? head + entries : entries + head)
            + "<IsTruncated>\(["true", "false"][number(2)])</IsTruncated>\(token)</ListBucketResult>"
    }

    /// All that a page says.
    private func text(_ page: ListPage) -> String {
        page.objects.map { object in
            "\(object.key.bytes) \(object.size) \(object.eTag.header) "
                + "\(object.lastModified?.timeIntervalSince1970.bitPattern ?? 0) \(object.storageClass ?? "-") "
                + "\(object.flaw.map { "\($0)" } ?? "")"
        }.joined(separator: "\n") + "\n\(page.continuationToken ?? "-")"
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `what it reads is what the general reader reads, and it reads what is ordinary`(seed: UInt64) throws {
        print("seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var ordinaryCount = 0
        for _ in 0..<2_000 {
            var document = Array(Self.document(&generator).utf8)
            if generator.next() % 4 == 0 {
                document[Int(generator.next() % UInt64(document.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            try document.withUnsafeBytes { bytes in
                for prefix in ["", "a"] {
                    guard let page = ListPage(ordinary: bytes, prefix: ObjectKey(prefix)) else { continue }
                    ordinaryCount += 1
                    let plain = try ListAnswer(reading: bytes, limits: S3Limits()).page(prefix: ObjectKey(prefix))
                    #expect(text(page) == text(plain), "\(String(decoding: bytes, as: UTF8.self))")
                }
            }
        }
        #expect(ordinaryCount > 500, "\(ordinaryCount) ordinary pages")
    }
}
