import DredgeAWS
import DredgeBase
import Foundation
import Testing

@testable import DredgeS3

@Suite struct ListAnswerTests {
    private func page(_ inner: String, prefix: String = "", token: String? = nil) throws -> ListPage {
        let xml = """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\(inner)</ListBucketResult>
            """
        let answer = ListAnswer()
        try Array(xml.utf8).withUnsafeBytes { try XMLReader.read($0, handler: answer) }
        return try answer.page(prefix: ObjectKey(prefix), continuationToken: token)
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
            "<IsTruncated>true</IsTruncated><NextContinuationToken>old</NextContinuationToken>",
            "same continuation token"
        ),
        ("<Contents><Size>1</Size></Contents><IsTruncated>false</IsTruncated>", "no key"),
        ("<Contents><Key>pk</Key></Contents><IsTruncated>false</IsTruncated>", "size"),
        ("<Contents><Key>pk</Key><Size>-1</Size></Contents><IsTruncated>false</IsTruncated>", "-1"),
        ("<Contents><Key>pk</Key><Size>1e3</Size></Contents><IsTruncated>false</IsTruncated>", "1e3"),
        (
            "<EncodingType>url</EncodingType><Contents><Key>p%4</Key><Size>1</Size></Contents>"
                + "<IsTruncated>false</IsTruncated>",
            "broken escape"
        ),
        ("<Contents><Key>other</Key><Size>1</Size></Contents><IsTruncated>false</IsTruncated>", "prefix"),
        (
            "<Contents><Key>p</Key><Size>1</Size><ETag>a&#10;b</ETag></Contents><IsTruncated>false</IsTruncated>",
            "ETag"
        ),
    ])
    func `a listing that is wrong in one place is not used`(inner: String, told: String) {
        let problem = #expect(throws: ListAnswer.Problem.self) { try page(inner, prefix: "p", token: "old") }
        #expect(problem?.message.contains(told) == true, "\(problem?.message ?? "")")
    }

    @Test func `another document is no listing`() throws {
        let answer = ListAnswer()
        try Array("<html><p>Log in</p></html>".utf8).withUnsafeBytes { try XMLReader.read($0, handler: answer) }
        let problem = #expect(throws: ListAnswer.Problem.self) {
            try answer.page(prefix: ObjectKey(""), continuationToken: nil)
        }
        #expect(problem?.message.contains("html") == true)
    }
}
