import DredgeAWS
import DredgeBase
import Foundation
import Testing

@testable import DredgeS3

@Suite struct ListAnswerTests {
    private func page(_ inner: String, prefix: String = "") throws -> ListPage {
        let xml = """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\(inner)</ListBucketResult>
            """
        let answer = ListAnswer()
        var limits = XMLReader.Limits()
        limits.textByteCountMax = S3Limits.listTextByteCountMax
        limits.cutsText = true
        try Array(xml.utf8).withUnsafeBytes { try XMLReader.read($0, limits: limits, handler: answer) }
        return try answer.page(prefix: ObjectKey(prefix))
    }

    private func contents(_ key: String, size: String = "1", more: String = "") -> String {
        "<Contents><Key>\(key)</Key><Size>\(size)</Size><ETag>&quot;e&quot;</ETag>\(more)</Contents>"
    }

    // How each service writes the same three keys: AWS as measured in public reports, Ceph 16.2 and moto 5.2 as they
    // answer.
    @Test(arguments: [
        ["a+b", "a%2Bb", "%F0%9F%98%80%0A"],
        ["a%20b", "a%2Bb", "%f0%9f%98%80%0a"],
    ])
    func `url-encoded keys are decoded as the services write them`(keys: [String]) throws {
        let inner =
            keys.map { contents($0) }.joined() + "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
        #expect(try page(inner).objects.map(\.key) == [ObjectKey("a b"), ObjectKey("a+b"), ObjectKey("😀\n")])
    }

    @Test func `keys of a service that does not encode are taken as they are`() throws {
        let inner = contents("a+b%20c&amp;&#x20;") + "<IsTruncated>false</IsTruncated>"
        #expect(try page(inner).objects.map(\.key) == [ObjectKey("a+b%20c& ")])
    }

    @Test func `all fields are read, and unknown ones are passed over`() throws {
        let inner = """
            <Name>b</Name><CommonPrefixes><Prefix>x/</Prefix></CommonPrefixes>
            <News><Contents><Key>no</Key></Contents></News>
            \(contents("k", size: "70368744177664", more: """
                <LastModified>2025-01-31T23:59:59.250Z</LastModified><StorageClass>NEWER_THAN_US</StorageClass>
                <Owner><ID>1</ID><Key>no</Key></Owner><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>
                """))\(contents("l", more: "<StorageClass>STANDARD</StorageClass>"))
            <IsTruncated>true</IsTruncated><NextContinuationToken>to+ken==</NextContinuationToken>
            """
        let page = try page(inner)
        #expect(page.continuationToken == "to+ken==")
        #expect(page.objects.map(\.key) == [ObjectKey("k"), ObjectKey("l")])
        let object = try #require(page.objects.first)
        #expect(object.size == S3Limits.objectByteCountMax)
        #expect(object.eTag == ETag("e"))
        #expect(object.storageClass == "NEWER_THAN_US")
        #expect(abs((object.lastModified?.timeIntervalSince1970 ?? 0) - 1_738_367_999.25) < 0.001)
        #expect(page.objects[1].storageClass == nil)
    }

    @Test(arguments: [
        ("", "truncated"),
        ("<IsTruncated>maybe</IsTruncated>", "maybe"),
        ("<IsTruncated>true</IsTruncated>", "no token"),
        (
            "<IsTruncated>true</IsTruncated><NextContinuationToken>\(String(repeating: "t", count: 9_000))"
                + "</NextContinuationToken>",
            "token"
        ),
    ])
    func `an answer that leaves in doubt which objects it lists is not used`(inner: String, told: String) {
        let problem = #expect(throws: ListAnswer.Problem.self) { try page(inner, prefix: "p") }
        #expect(problem?.message.contains(told) == true, "\(problem?.message ?? "")")
    }

    @Test(arguments: [
        ("<Key>k</Key>", ListedObject.Flaw.Code.listedSize, "(none)"),
        ("<Key>k</Key><Size>-5</Size>", .listedSize, "-5"),
        ("<Key>k</Key><Size>1e3</Size>", .listedSize, "1e3"),
        ("<Key>k</Key><Size>9223372036854775808</Size>", .listedSize, "9223372036854775808"),
        ("<Key>k</Key><Size>18446744073709551616</Size>", .listedSize, "18446744073709551616"),
        ("<Key>k</Key><Size>1</Size><ETag>a&#10;b</ETag>", .listedETag, #"a\nb"#),
        (
            "<Key>k</Key><Size>1</Size><ETag>\(String(repeating: "e", count: 1_025))</ETag>", .listedETag, "eee"
        ),
        ("<Key>\(String(repeating: "k", count: 1_025))</Key><Size>1</Size>", .listedKey, "1025 bytes"),
    ])
    func `an entry that can't be right is told by itself, and the others are used`(
        inner: String, code: ListedObject.Flaw.Code, told: String
    ) throws {
        let entries = contents("j") + "<Contents>\(inner)</Contents>" + contents("l")
        let page = try page(entries + "<IsTruncated>false</IsTruncated>")
        #expect(page.objects.map { $0.flaw?.code } == [nil, code, nil])
        #expect(page.objects[1].flaw?.message.contains(told) == true, "\(page.objects[1])")
        #expect(page.objects[1].eTag.isEmpty)
        #expect(page.objects[2].key == ObjectKey("l") && page.objects[2].size == 1)
    }

    @Test(arguments: [
        ("<Size>1</Size>", "(entry 2 of a page of the listing, after p/j)", "entry 2 of its page"),
        ("<Key></Key><Size>1</Size>", "(entry 2 of a page of the listing, after p/j)", "no key"),
        ("<Key>p/%zz</Key><Size>1</Size>", "p/%zz", "broken escape"),
        ("<Key>q/k</Key><Size>1</Size>", "q/k", "doesn't begin with the prefix"),
        (
            "<Key>p/\(String(repeating: "k", count: 1_023))</Key><Size>1</Size>",
            "p/" + String(repeating: "k", count: 1_022), "1025 bytes"
        ),
        (
            "<Key>p/\(String(repeating: "%6B", count: 1_023))</Key><Size>1</Size>",
            "p/" + String(repeating: "k", count: 1_022), "1025 bytes"
        ),
        (
            "<Key>p/\(String(repeating: "k", count: 70_000))</Key><Size>1</Size>",
            "p/" + String(repeating: "k", count: 1_022), "more than 1024 bytes"
        ),
    ])
    func `an entry that doesn't tell its key is told by what can be told, and the others are used`(
        inner: String, key: String, told: String
    ) throws {
        let entries = contents("p/j") + "<Contents>\(inner)</Contents>" + contents("p/l")
        let page = try page(
            entries + "<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>", prefix: "p/")
        #expect(page.objects.map(\.isNamed) == [true, false, true])
        #expect(page.objects[1].key.description == key)
        #expect(page.objects[1].flaw?.message.contains(told) == true, "\(page.objects[1])")
        #expect(page.objects[2].key == ObjectKey("p/l") && page.objects[2].flaw == nil)
    }

    @Test func `a page of more entries than S3 gives is not used`() throws {
        let entries = (0..<1_000).map { contents("\($0)") }.joined()
        #expect(try page(entries + "<IsTruncated>false</IsTruncated>").objects.count == 1_000)
        let problem = #expect(throws: ListAnswer.Problem.self) {
            try page(entries + contents("k") + "<IsTruncated>false</IsTruncated>")
        }
        #expect(problem?.message.contains("more than 1000 entries") == true)
    }

    @Test func `what is kept of an entry has a limit`() throws {
        let long = String(repeating: "x", count: 65_000)
        let inner = """
            \(contents("k", more: "<StorageClass>\(long)</StorageClass><LastModified>\(long)</LastModified>"))
            <Contents><Key>l</Key><Size>\(long)</Size></Contents><IsTruncated>false</IsTruncated>
            """
        let objects = try page(inner).objects
        #expect((objects[0].storageClass ?? "").count <= S3Limits.storageClassByteCountMax + 1)
        #expect(objects[0].flaw == nil && objects[0].lastModified == nil)
        #expect(objects[1].flaw?.code == .listedSize)
    }

    @Test func `another document is no listing`() throws {
        let answer = ListAnswer()
        try Array("<html><p>Log in</p></html>".utf8).withUnsafeBytes { try XMLReader.read($0, handler: answer) }
        let problem = #expect(throws: ListAnswer.Problem.self) {
            try answer.page(prefix: ObjectKey(""))
        }
        #expect(problem?.message.contains("html") == true)
    }
}
