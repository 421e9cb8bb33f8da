import DredgeBase
import DredgeS3
import DredgeTransfer
import Foundation
import TestServers
import Testing

private typealias Object = ScriptedS3Server.Object
private typealias Fault = ScriptedS3Server.Fault

/// Reading, resuming, and refusing to take wrong bytes for right ones.
@Suite(.timeLimit(.minutes(30))) struct GetObjectTests {
    private let bytes = patternedBytes(count: 100_000)
    private var object: Object { Object("a.txt", body: bytes) }

    @Test func `a range is read byte for byte, with what is known of the object`() async throws {
        var object = object
        object.eTag = "\"v1\""
        object.versionID = "version"
        object.contentEncoding = "gzip"
        try await ScriptedBucket.with(.init(objects: [object])) { bucket in
            let (head, read) = try await bucket.read("a.txt", 10..<20_010, ifMatch: "\"v1\"")
            #expect(read == Array(bytes[10..<20_010]))
            #expect(head.eTag == ETag("\"v1\""))
            #expect(head.versionID == "version")
            #expect(head.contentEncoding == "gzip")
            #expect(head.size == 100_000)
            let request = try #require(try bucket.server.requests().first)
            #expect(request.headers["range"] == "bytes=10-20009")
            #expect(request.headers["if-match"] == "\"v1\"")
            #expect(request.headers["authorization"]?.contains("/us-east-1/s3/aws4_request") == true)
        }
    }

    @Test func `an empty object is read without a range`() async throws {
        try await ScriptedBucket.with(.init(objects: [Object("empty", body: [])])) { bucket in
            let (head, read) = try await bucket.read("empty", 0..<0)
            #expect(head.size == 0)
            #expect(read.isEmpty)
            #expect(try bucket.rangesAsked() == [nil])
        }
    }

    @Test func `an object that should be empty and isn't is an error`() async throws {
        try await ScriptedBucket.with(.init(objects: [object])) { bucket in
            let error = try await bucket.readError("a.txt", 0..<0)
            #expect(error?.code == .malformedAnswer)
        }
    }

    @Test func `bytes that were in the buffer before stay in front`() async throws {
        try await ScriptedBucket.with(
            .init(objects: [object], faults: [.shortBody(on: .get, byteCount: 300)])
        ) { bucket in
            let body = try await bucket.pool.buffer(byteCount: 1_003)
            _ = [1, 2, 3].withUnsafeBytes { body.append($0) }
            let before = Array(body.bytes)
            let room = body.capacity - body.count
            let range = 0..<UInt64(room)
            _ = try await bucket.client.getObject(ObjectKey("a.txt"), range: range, ifMatch: nil, into: body)
            #expect(Array(body.bytes) == before + bytes[0..<room])
        }
    }

    @Test(arguments: [1, 4_096, 49_999])
    func `a body that breaks is resumed where it broke`(byteCount: Int) async throws {
        let faults: [Fault] = [
            .shortBody(on: .get, byteCount: byteCount), .reset(on: .get, byteCount: byteCount / 2),
        ]
        try await ScriptedBucket.with(.init(objects: [object], faults: faults)) { bucket in
            let (_, read) = try await bucket.read("a.txt", 1_000..<51_000)
            #expect(read == Array(bytes[1_000..<51_000]))
            let asked = try bucket.rangesAsked()
            #expect(asked.first == "bytes=1000-50999")
            #expect(asked.dropFirst().first == "bytes=\(1_000 + byteCount)-50999")
            // Resumed at the same version, although the caller named none (I5).
            let eTags = Set(try bucket.server.requests().dropFirst().map { $0.headers["if-match"] })
            #expect(eTags.count == 1 && eTags.first != .some(nil))
        }
    }

    @Test func `an object that breaks at every few bytes still arrives`() async throws {
        let faults: [Fault] = [.shortBody(on: .get, byteCount: 7_000).times(-1)]
        try await ScriptedBucket.with(.init(objects: [object], faults: faults)) { bucket in
            let (_, read) = try await bucket.read("a.txt", 0..<100_000)
            #expect(read == bytes)
            #expect(try bucket.rangesAsked().count == 15)
        }
    }

    @Test func `a body that breaks forever is given up`() async throws {
        let faults: [Fault] = [.shortBody(on: .get, byteCount: 1).times(-1)]
        try await ScriptedBucket.with(.init(objects: [object], faults: faults)) { bucket in
            let error = try await bucket.readError("a.txt", 0..<100_000)
            #expect(error?.code == .shortBody)
            #expect(error?.attemptCount == 30)
            #expect(error?.isFatalForSource == false)
        }
    }

    @Test func `a body that breaks before its first byte uses up its attempts`() async throws {
        let faults: [Fault] = [.reset(on: .get).times(-1)]
        try await ScriptedBucket.with(.init(objects: [object], faults: faults)) { bucket in
            let error = try await bucket.readError("a.txt", 0..<100)
            #expect(error?.code == .serviceFailure)
            #expect(error?.attemptCount == 3)
            #expect(error?.isFatalForSource == false)  // I7
            #expect(bucket.waits.all.count == 2)
        }
    }

    @Test func `a version that changes between two attempts is not mixed with the first (I5)`() async throws {
        let changed = Object("a.txt", body: patternedBytes(count: 100_000, seed: 9))
        let faults: [Fault] = [
            .shortBody(on: .get, byteCount: 5_000), .replace(on: .get, changed),
        ]
        try await ScriptedBucket.with(.init(objects: [object], faults: faults)) { bucket in
            let error = try await bucket.readError("a.txt", 0..<100_000)
            #expect(error?.code == .preconditionFailed)
            #expect(error?.status == 412)
        }
    }

    // What a broken proxy or another service may send. None of it may pass for the bytes that were asked for.
    private static let wrongAnswers: [(String, Fault, S3Error.Code)] = [
        ("another range", .shiftedRange(byteCount: 10), .malformedAnswer),
        ("the whole object", .wholeObject(), .malformedAnswer),
        ("the beginning of the whole object", .wholeObject(byteCount: 50), .malformedAnswer),
        ("another version", .headers(on: .get, ["ETag": "\"other\""]), .preconditionFailed),
        ("no Content-Range", .headers(on: .get, ["Content-Range": nil]), .malformedAnswer),
        (
            "a Content-Range of an unknown size", .headers(on: .get, ["Content-Range": "bytes 100-199/*"]),
            .malformedAnswer
        ),
        ("a Content-Range in words", .headers(on: .get, ["Content-Range": "some bytes"]), .malformedAnswer),
        (
            "fewer bytes", .headers(on: .get, ["Content-Range": "bytes 100-149/150", "Content-Length": "50"]),
            .invalidRange
        ),
    ]

    @Test(arguments: 0..<8)
    func `an answer to another question is an error`(index: Int) async throws {
        let (name, fault, code) = Self.wrongAnswers[index]
        var object = object
        object.eTag = "\"v1\""
        try await ScriptedBucket.with(.init(objects: [object], faults: [fault.times(-1)])) { bucket in
            let error = try await bucket.readError("a.txt", 100..<200, ifMatch: "\"v1\"")
            #expect(error?.code == code, "\(name): \(error.map { "\($0)" } ?? "no error")")
            #expect(error?.attemptCount == (code == .malformedAnswer ? 3 : 1), "\(name)")
            #expect(error?.isFatalForSource == false, "\(name)")
        }
    }

    @Test(arguments: 0..<8)
    func `a malformed answer is asked for again, and none of its bytes is kept`(index: Int) async throws {
        let (name, fault, code) = Self.wrongAnswers[index]
        guard code == .malformedAnswer else { return }
        var object = object
        object.eTag = "\"v1\""
        try await ScriptedBucket.with(.init(objects: [object], faults: [fault.times(2)])) { bucket in
            let (head, read) = try await bucket.read("a.txt", 100..<200, ifMatch: "\"v1\"")
            #expect(read == Array(bytes[100..<200]) && head.attemptCount == 3, "\(name)")
        }
    }

    @Test func `an error document under a 200 is no object`() async throws {
        let text = "<?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>sorry</Message></Error>"
        for count in UInt64(text.utf8.count - 1)...UInt64(text.utf8.count + 1) {
            let fault = Fault.raw(on: .get, text).times(2)
            try await ScriptedBucket.with(.init(objects: [object], faults: [fault])) { bucket in
                let (head, read) = try await bucket.read("a.txt", 0..<count)
                #expect(read == Array(bytes[..<Int(count)]) && head.attemptCount == 3)
            }
        }
    }

    @Test func `a 200 is taken when the range is the whole object`() async throws {
        try await ScriptedBucket.with(.init(objects: [object], faults: [.wholeObject()])) { bucket in
            let (head, read) = try await bucket.read("a.txt", 0..<100_000)
            #expect(read == bytes)
            #expect(head.size == 100_000)
        }
    }

    @Test func `a 200 is taken when its Content-Range is the range`() async throws {
        let answers = ScriptedS3Server.Fault.headers(on: .get, status: 200).times(-1)
        try await ScriptedBucket.with(.init(objects: [object], faults: [answers])) { bucket in
            for range: Range<UInt64> in [0..<100, 500..<700] {
                let (head, read) = try await bucket.read("a.txt", range)
                #expect(read == Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
                #expect(head.size == 100_000)
            }
        }
    }

    @Test func `a range past the end is an error, not a shorter answer`() async throws {
        try await ScriptedBucket.with(.init(objects: [object])) { bucket in
            let past = try await bucket.readError("a.txt", 99_000..<100_001)
            #expect(past?.code == .invalidRange)
            let beyond = try await bucket.readError("a.txt", 100_000..<100_001)
            #expect(beyond?.code == .invalidRange)
            #expect(beyond?.status == 416)
        }
    }

    @Test func `a HEAD gives size, version and storage class`() async throws {
        var object = object
        object.eTag = "\"v1\""
        object.storageClass = "DEEP_ARCHIVE"
        try await ScriptedBucket.with(.init(objects: [object])) { bucket in
            let head = try await bucket.client.headObject(ObjectKey("a.txt")).object
            #expect(head.size == 100_000)
            #expect(head.eTag == ETag("\"v1\""))
            #expect(head.storageClass == "DEEP_ARCHIVE")
            #expect(head.lastModified?.timeIntervalSince1970 == 1_738_367_999)
            let error = await #expect(throws: S3Error.self) {
                try await bucket.client.headObject(ObjectKey("none"))
            }
            #expect(error?.code == .noSuchKey)
        }
    }
}
