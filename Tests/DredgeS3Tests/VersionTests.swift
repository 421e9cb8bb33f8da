import DredgeBase
import DredgeTransfer
import Foundation
import Testing

@testable import DredgeS3

/// What tells that an object is gone, or another than before.
@Suite struct VersionTests {
    private func fault(
        _ body: String, status: Int = 404, isHead: Bool = false, id: String? = nil
    ) -> ServiceFault {
        let headers = id.map { [(name: "x-amz-request-id", value: $0)] } ?? []
        let response = HTTPResponse(status: status, headers: headers, errorBody: Array(body.utf8))
        return ServiceFault(response, isHead: isHead, limits: .init())
    }

    @Test func `a 404 counts as S3's with its error document and a request ID, or for a HEAD with that alone`() {
        let document = "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>"
        let told = fault(document, id: "R")
        #expect(told.errorCode(isObject: true) == .noSuchKey && told.remedy == .none)
        let within = fault(document.replacing("</Error>", with: "<RequestId>R</RequestId></Error>"))
        #expect(within.errorCode(isObject: true) == .noSuchKey)
        #expect(fault("", isHead: true, id: "R").errorCode(isObject: true) == .noSuchKey)
        #expect(fault("", isHead: true, id: "R").errorCode(isObject: false) == .noSuchBucket)
        let version = document.replacing("NoSuchKey", with: "NoSuchVersion")
        #expect(fault(version, id: "R").errorCode(isObject: true) == .noSuchKey)
        for strange in [
            fault(document), fault("", isHead: true), fault("", id: "R"), fault("<html>not found</html>", id: "R"),
            fault("<html>not found</html>"),
        ] {
            #expect(strange.errorCode(isObject: true) == .malformedAnswer && strange.remedy == .wait)
        }
    }

    @Test func `a refusal or redirect without a code or a request ID is a proxy's`() {
        for status in [401, 403, 300, 301, 302, 303, 307, 308] {
            let foreign = fault("<html>Log in</html>", status: status)
            #expect(foreign.errorCode(isObject: true) == .malformedAnswer && foreign.remedy == .wait)
            if [300, 303].contains(status) { continue }
            // A HEAD says nothing more; and some services give no ID, or no document.
            for own in [
                fault("", status: status, isHead: true), fault("", status: status, id: "R"),
                fault("<Error><Code>AccessDenied</Code></Error>", status: status),
            ] {
                let isRedirect = own.code == nil && status < 400
                #expect(own.errorCode(isObject: true) == (isRedirect ? .wrongRegion : .accessDenied))
                #expect(own.remedy != .wait)
            }
        }
    }

    private static let early = "Fri, 31 Jan 2025 23:59:58 GMT"
    private static let late = "Fri, 31 Jan 2025 23:59:59 GMT"

    private func answer(
        _ range: Range<Int>, eTag: String? = nil, version: String? = nil, modified: String? = nil
    ) -> HTTPResponse {
        var headers = [(name: "Content-Range", value: "bytes \(range.lowerBound)-\(range.upperBound - 1)/10")]
        if let eTag { headers.append(("ETag", eTag)) }
        if let version { headers.append(("x-amz-version-id", version)) }
        if let modified { headers.append(("Last-Modified", modified)) }
        return HTTPResponse(status: 206, headers: headers)
    }

    /// Reads bytes 0..<10 in two answers, the first of which breaks after 4.
    private func read(_ first: HTTPResponse, _ second: HTTPResponse) async throws -> ObjectHead {
        let body = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 10)
        var exchange = GetExchange(bucket: "b", key: ObjectKey("k"), range: 0..<10, ifMatch: nil, body: body)
        _ = [1, 2, 3, 4].map { UInt8($0) }.withUnsafeBytes { body.append($0) }
        try exchange.salvage(head: first)
        _ = [5, 6, 7, 8, 9, 10].map { UInt8($0) }.withUnsafeBytes { body.append($0) }
        return try exchange.accept(second, body)
    }

    @Test func `without an ETag, another date, version or size tells that the object changed`() async throws {
        let same = try await read(answer(0..<10, modified: Self.early), answer(4..<10, modified: Self.early))
        #expect(same.lastModified == Timestamp.http(Self.early) && same.version.eTag == nil)
        for (first, second) in [
            (answer(0..<10, modified: Self.early), answer(4..<10, modified: Self.late)),
            (answer(0..<10, version: "1", modified: Self.early), answer(4..<10, version: "2", modified: Self.early)),
        ] {
            let error = await #expect(throws: AttemptFailure.self) { try await read(first, second) }
            guard case .unusable(.preconditionFailed, _, _, _)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test(arguments: ["\"a\rb\"", "\"a\u{1D}\"", "\"\u{7F}\"", String(repeating: "e", count: 1_025)])
    func `an answer whose ETag could not go back in a header is not taken`(eTag: String) async throws {
        let error = await #expect(throws: AttemptFailure.self) {
            try await read(answer(0..<10), answer(4..<10, eTag: eTag))
        }
        guard case .unusable(.malformedAnswer, let message, _, _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(message.contains("no ETag") && !message.unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test(arguments: [
        "bytes 0/9-10", "bytes 0-9-10", "bytes 0/9/10", "bytes 0--9/10", "bytes 0-9//10", "bytes -0-9/10",
        "bytes +0-9/10",
        "bytes 0-+9/10", "bytes 0-9/+10", "bytes 0-9", "bytes /", "bytes -/", "bytes", "", "0-9/10", "bytes 0-9/10 x",
        "bytes 9-0/10", "bytes 0-10/10", "bytes 0-9/*", "bytes */10",
        "bytes 0-18446744073709551615/18446744073709551615",
        "bytes 0-9/18446744073709551616",
    ])
    func `a Content-Range in another form is none`(text: String) {
        #expect(GetExchange.contentRange(text) == nil)
    }

    @Test func `versions are the same as far as both tell`() {
        func version(
            _ eTag: String? = nil, _ id: String? = nil, _ date: String? = nil, size: UInt64 = 1
        ) -> ObjectVersion {
            ObjectVersion(
                eTag: eTag.map { ETag($0) }, versionID: id, lastModified: date.flatMap { Timestamp.http($0) },
                size: size)
        }
        #expect(version().isSame(as: version()))
        #expect(!version(size: 1).isSame(as: version(size: 2)))
        #expect(version("a", "1", Self.early).isSame(as: version("a", "2", Self.late)))
        #expect(!version("a").isSame(as: version("b")))
        #expect(version("a").isSame(as: version()))
        #expect(!version(nil, "1").isSame(as: version(nil, "2")))
        #expect(!version(nil, nil, Self.early).isSame(as: version(nil, nil, Self.late)))
        #expect(version(nil, "1", Self.early).isSame(as: version(nil, nil, Self.early)))
    }
}
