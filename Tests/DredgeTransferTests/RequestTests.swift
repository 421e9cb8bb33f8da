import DredgeTransfer
import Foundation
import TestServers
import Testing

@Suite struct RequestTests {
    @Test(arguments: [
        "echo/a/../b", "echo/./a//b", "echo//", "echo/%2F%2f%2E%2e/%20+%2B", "echo/a?x=%2F&y=a%20b&z=..%2f",
        "echo/~!*'()@:;=&$,",
        "echo/" + String(repeating: "%F0%9F%98%80", count: 256),
    ])
    func `path and query are sent byte for byte`(path: String) async throws {
        try await withFaults { server, loop in
            let text = try await loop.text(server.url(path))
            #expect(text.split(separator: "\r\n").first == "GET /\(path) HTTP/1.1")
        }
    }

    @Test func `headers are sent as they are, and nothing that would change the answer is added`() async throws {
        try await withFaults { server, loop in
            let buffer = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 4096)
            let headers = [("X-Amz-Date", "20250101T000000Z"), ("Range", "bytes=0-9"), ("X-Empty", "")]
            _ = try await loop.perform(HTTPRequest(url: server.url("echo/"), headers: headers), into: buffer)
            let lines = String(decoding: buffer.bytes, as: UTF8.self).components(separatedBy: "\r\n").filter {
                !$0.isEmpty
            }
            #expect(
                lines == [
                    "GET /echo/ HTTP/1.1", "Host: 127.0.0.1:\(server.port)", "Accept: */*",
                    "X-Amz-Date: 20250101T000000Z", "Range: bytes=0-9", "X-Empty:",
                ])
        }
    }

    @Test(
        arguments: [HTTPRequest.Method.post, .put],
        [[], Array("a=1&b=\0\u{1F600}".utf8), [UInt8](repeating: 65, count: 100_000)])
    func `a body is sent, without waiting to be asked for it`(method: HTTPRequest.Method, body: [UInt8]) async throws {
        try await withFaults { server, loop in
            let buffer = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 200_000)
            let request = HTTPRequest(method: method, url: server.url("echo/"), body: body)
            _ = try await loop.perform(request, into: buffer)
            let sent = Array(buffer.bytes)
            #expect(sent.starts(with: "\(method.rawValue) /echo/ HTTP/1.1\r\n".utf8))
            #expect(sent.suffix(body.count) == body[...])
            let head = String(decoding: sent.dropLast(body.count), as: UTF8.self).lowercased()
            #expect(head.contains("content-length: \(body.count)\r\n"))
            #expect(!head.contains("expect:"))
            #expect(!head.contains("content-type:"))
        }
    }

    @Test func `methods do not rub off on the next request of a connection`() async throws {
        var limits = TransferLimits()
        limits.connectionCountMax = 1
        try await withFaults(limits: limits) { server, loop in
            for method in [
                HTTPRequest.Method.get, .head, .post, .head, .put, .get, .delete, .get, .put, .delete, .post, .get,
            ] {
                let buffer = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 4096)
                let request = HTTPRequest(method: method, url: server.url("echo/"))
                if method == .head {
                    // An answer to HEAD has no body; this server sends one, so that the connection is of no more use.
                    let head = HTTPRequest(method: .head, url: server.url("bytes/0"))
                    #expect(try await loop.perform(head, into: buffer).status == 200)
                } else {
                    _ = try await loop.perform(request, into: buffer)
                    #expect(String(decoding: buffer.bytes, as: UTF8.self).hasPrefix(method.rawValue))
                }
            }
        }
    }

    @Test(arguments: [
        HTTPRequest(url: "ftp://127.0.0.1/secret-path"), HTTPRequest(url: "file:///etc/passwd"), HTTPRequest(url: ""),
        HTTPRequest(url: "http://"), HTTPRequest(url: "http://127.0.0.1:1/a b?secret=1"),
        HTTPRequest(url: "http://user:secret@127.0.0.1:1/"),
        HTTPRequest(url: "http://127.0.0.1:1/", headers: [("X-A", "secret\r\nX-B: b")]),
        HTTPRequest(url: "http://127.0.0.1:1/", headers: [("X-A\r\nsecret", "b")]),
        HTTPRequest(url: "http://127.0.0.1:1/", headers: [("", "secret")]),
        HTTPRequest(url: "http://127.0.0.1:1/", body: [1]),
        HTTPRequest(method: .delete, url: "http://127.0.0.1:1/", body: [1]),
    ])
    func `what cannot be sent is refused, and the refusal tells no secret`(request: HTTPRequest) async throws {
        try await withLoop { loop in
            let buffer = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 100)
            let error = await #expect(throws: TransferError.self) { try await loop.perform(request, into: buffer) }
            #expect(error?.code == .other)
            #expect(error?.isTransient == false)
            // I8
            #expect(error.map { "\($0)" }?.contains("secret") == false)
        }
    }

    // I8
    @Test func `errors name host and port, and nothing of the query or the headers`() async throws {
        var limits = TransferLimits()
        limits.progressTimeout = .milliseconds(200)
        try await withFaults(limits: limits) { server, loop in
            let buffer = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 100)
            for url in [server.url("silent/?X-Amz-Signature=5ecret"), "http://dredge.invalid/?X-Amz-Signature=5ecret"] {
                let request = HTTPRequest(url: url, headers: [("Authorization", "5ecret")])
                let error = await #expect(throws: TransferError.self) { try await loop.perform(request, into: buffer) }
                #expect(error.map { "\($0)" }?.contains("5ecret") == false)
            }
        }
    }
}

@Suite struct HTTPResponseTests {
    @Test func `headers are found whatever their case, the first of several, without white space`() {
        let response = HTTPResponse(
            status: 206,
            headers: [("ETag", "\"abc\""), ("x-amz-meta-a", "  two: words\t "), ("ETAG", "other"), ("Empty", "")])
        #expect(response.status == 206)
        #expect(response.isSuccess)
        #expect(response["etag"] == "\"abc\"")
        #expect(response["X-Amz-Meta-A"] == "two: words")
        #expect(response["empty"] == "")
        #expect(response["eta"] == nil)
        #expect(response["HTTP/1.1 206"] == nil)
    }
}
