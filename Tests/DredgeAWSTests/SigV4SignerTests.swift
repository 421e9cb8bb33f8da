import DredgeTransfer
import Foundation
import Testing

@testable import DredgeAWS

/// The examples of "Authenticating Requests: Using the Authorization Header" (Amazon S3 API reference), with their
/// published signatures.
@Suite struct PublishedS3SignatureTests {
    private static let credentials = Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")

    private func authorization(_ request: HTTPRequest) -> String? {
        var request = request
        SigV4Signer(region: "us-east-1", service: "s3").sign(
            &request, credentials: Self.credentials, date: Date(timeIntervalSince1970: 1_369_353_600),
            unsignedPayload: false)
        return request.value(of: "authorization")
    }

    private func expected(_ signedHeaders: String, _ signature: String) -> String {
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            + "SignedHeaders=\(signedHeaders), "
            + "Signature=\(signature)"
    }

    @Test func `GET object with a range`() {
        let request = HTTPRequest(
            url: "https://examplebucket.s3.amazonaws.com/test.txt", headers: [("Range", "bytes=0-9")])
        #expect(
            authorization(request)
                == expected(
                    "host;range;x-amz-content-sha256;x-amz-date",
                    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"))
    }

    @Test func `PUT object with a body`() {
        let request = HTTPRequest(
            method: .put, url: "https://examplebucket.s3.amazonaws.com/test%24file.text",
            headers: [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            body: Array("Welcome to Amazon S3.".utf8))
        #expect(
            authorization(request)
                == expected(
                    "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"))
    }

    @Test func `GET bucket lifecycle, a query without a value`() {
        #expect(
            authorization(HTTPRequest(url: "https://examplebucket.s3.amazonaws.com/?lifecycle"))
                == expected(
                    "host;x-amz-content-sha256;x-amz-date",
                    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"))
    }

    @Test func `list objects`() {
        #expect(
            authorization(HTTPRequest(url: "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J"))
                == expected(
                    "host;x-amz-content-sha256;x-amz-date",
                    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"))
    }
}

@Suite struct SigV4SignerTests {
    private struct Golden: Decodable {
        var vectors: [Vector]
    }

    private struct Vector: Decodable {
        struct Header: Decodable {
            var name: String
            var value: String
        }
        var service: String
        var region: String
        var accessKeyID: String
        var secretAccessKey: String
        var sessionToken: String?
        var date: Int
        var method: String
        var url: String
        var headers: [Header]
        var body: String?
        var unsignedPayload: Bool
        var amzDate: String
        var authorization: String

        var request: HTTPRequest {
            get throws {
                HTTPRequest(
                    method: try #require(HTTPRequest.Method(rawValue: method)), url: url,
                    headers: headers.map { ($0.name, $0.value) },
                    body: body.map { Array($0.utf8) })
            }
        }
    }

    private func vectors() throws -> [Vector] {
        let url = try #require(Bundle.module.url(forResource: "sigv4", withExtension: "json", subdirectory: "Golden"))
        return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url)).vectors
    }

    /// Golden/sigv4.json is botocore's work: see Golden/make_sigv4_vectors.py.
    @Test func `signs as botocore does`() throws {
        let vectors = try vectors()
        #expect(vectors.count == 240)
        for vector in vectors {
            var request = try vector.request
            SigV4Signer(region: vector.region, service: vector.service).sign(
                &request,
                credentials: Credentials(
                    accessKeyID: vector.accessKeyID, secretAccessKey: vector.secretAccessKey,
                    sessionToken: vector.sessionToken),
                date: Date(timeIntervalSince1970: Double(vector.date)), unsignedPayload: vector.unsignedPayload)
            #expect(request.value(of: "x-amz-date") == vector.amzDate)
            #expect(request.value(of: "x-amz-security-token") == vector.sessionToken)
            #expect(request.value(of: "authorization") == vector.authorization, "\(vector.method) \(vector.url)")
        }
    }

    private static let credentials = Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        sessionToken: "token")

    /// I9: each attempt is signed anew.
    @Test func `signing again replaces what the first signature added`() {
        let signer = SigV4Signer(region: "eu-west-1", service: "s3")
        let date = Date(timeIntervalSince1970: 1_700_000_000)
        var once = HTTPRequest(url: "http://localhost:1234/b/k", headers: [("range", "bytes=0-1")])
        var twice = once
        signer.sign(
            &twice, credentials: Credentials(accessKeyID: "other", secretAccessKey: "x"), date: .distantPast,
            unsignedPayload: true)
        signer.sign(&twice, credentials: Self.credentials, date: date, unsignedPayload: false)
        signer.sign(&once, credentials: Self.credentials, date: date, unsignedPayload: false)
        #expect(once.headers.map(\.name) == twice.headers.map(\.name))
        #expect(once.headers.map(\.value) == twice.headers.map(\.value))
    }

    @Test func `the cached signing key follows day, region, service and secret`() {
        func authorization(_ region: String, _ service: String, _ seconds: Double, _ credentials: Credentials)
            -> String?
        {
            var request = HTTPRequest(url: "https://example.org/")
            SigV4Signer(region: region, service: service).sign(
                &request, credentials: credentials, date: Date(timeIntervalSince1970: seconds), unsignedPayload: false)
            return request.value(of: "authorization")
        }
        let fresh = { Credentials(accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret") }
        let kept = fresh()
        let same = Credentials(accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "other secret")
        for round in 0..<3 {
            for day in 0..<5 {
                for region in ["us-east-1", "eu-west-1"] {
                    for service in ["s3", "sts"] {
                        let seconds = Double(day) * 86_400 + 86_399 + Double(round)
                        #expect(
                            authorization(region, service, seconds, kept)
                                == authorization(region, service, seconds, fresh()))
                        #expect(
                            authorization(region, service, seconds, kept)
                                != authorization(region, service, seconds, same))
                    }
                }
            }
        }
    }

    @Test func `signs on many threads at once alike`() async {
        let expected = Self.signature()
        await withTaskGroup(of: String?.self) { group in
            for _ in 0..<200 { group.addTask { Self.signature() } }
            for await signature in group { #expect(signature == expected) }
        }
    }

    private static func signature() -> String? {
        var request = HTTPRequest(url: "https://example.org/a?b=c")
        SigV4Signer(region: "us-east-1", service: "s3").sign(
            &request, credentials: credentials, date: Date(timeIntervalSince1970: 0), unsignedPayload: true)
        return request.value(of: "authorization")
    }

    @Test func `S3 paths stay as they are, others are normalised and encoded again`() {
        func path(_ url: String, again: Bool) -> String {
            let bytes = CanonicalRequest(HTTPRequest(url: url), payloadDigest: "", encodesPathAgain: again).bytes
            return String(
                decoding: bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[1], as: UTF8.self
            )
        }
        #expect(path("https://h/a//b/../%20", again: false) == "/a//b/../%20")
        #expect(path("https://h/a//b/../%20", again: true) == "/a/%2520")
        #expect(path("https://h", again: false) == "/")
        #expect(path("https://h?x", again: true) == "/")
        #expect(path("https://h/./", again: true) == "/")
    }

    @Test func `the host is what curl sends`() {
        #expect(RequestURL("https://h:443/x").host == "h")
        #expect(RequestURL("http://h:443/x").host == "h:443")
        #expect(RequestURL("http://h:80").host == "h")
        #expect(RequestURL("http://127.0.0.1:5000/?a").host == "127.0.0.1:5000")
        #expect(RequestURL("https://[::1]:443/").host == "[::1]")
    }
}

@Suite struct URIEncodingTests {
    @Test func `keeps the unreserved characters only`() {
        let unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
        #expect(URIEncoding.query(unreserved) == unreserved)
        #expect(URIEncoding.form(" a  b+ü ") == "+a++b%2B%C3%BC+")
        for byte in UInt8.min...UInt8.max where !unreserved.utf8.contains(byte) {
            let encoded = "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            #expect(URIEncoding.query([byte]) == encoded)
            #expect(URIEncoding.path([byte]) == (byte == UInt8(ascii: "/") ? "/" : encoded))
        }
    }

    @Test func `decodes what it encoded`() {
        let bytes = (0...255).map { UInt8($0) }
        #expect(Array(URIEncoding.path(bytes).utf8).withUnsafeBytes { URIEncoding.decode($0) } == bytes)
        #expect(
            Array(URIEncoding.query(bytes).utf8).withUnsafeBytes { URIEncoding.decode($0, plusIsSpace: true) } == bytes)
    }

    @Test func `decoding tells plus from space, and refuses a broken escape`() {
        func decode(_ text: String, plusIsSpace: Bool = false) -> String? {
            Array(text.utf8).withUnsafeBytes { URIEncoding.decode($0, plusIsSpace: plusIsSpace) }.map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        #expect(decode("a+b%2B%2b") == "a+b++")
        #expect(decode("a+b%2B", plusIsSpace: true) == "a b+")
        for broken in ["%", "a%2", "%zz", "%2z"] { #expect(decode(broken) == nil) }
    }
}

extension HTTPRequest {
    func value(of name: String) -> String? { headers.first { $0.name == name }?.value }
}
