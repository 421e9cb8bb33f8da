import DredgeAWS
import DredgeBase
import Foundation
import TestServers
import Testing

@testable import DredgeS3
@testable import DredgeTransfer

/// Heads and bodies of S3's answers, changed at random: what was asked, or an error that can be shown.
@Suite(.timeLimit(.minutes(30))) struct AnswerFuzzTests {
    private static let pool = BufferPool(byteLimit: 16 << 20)
    private static let words = [
        "\r\n", ": ", "bytes 0-9/10", "bytes */10", "Content-Range: bytes 1-2/3\r\n", "ETag: \r\n", "\"", "W/",
        "\u{85}",
        "<Error>", "</Error>", "<Code>SlowDown</Code>", "&amp;", "%", "+", "<Key>", "</Contents>",
    ]

    private static let target = Result {
        try BucketLocator(settings: S3ClientSettings(bucket: "bucket", region: "us-east-1"), environment: [:]).target
    }

    private static func buffer(_ byteCount: Int) throws -> OwnedBuffer {
        try #require(pool.bufferIfFree(byteCount: byteCount))
    }

    private static func head(_ status: Int, _ headers: [(name: String, value: String)]) -> [UInt8] {
        Array(
            (["HTTP/1.1 \(status) X"] + headers.map { "\($0.name): \($0.value)" } + [""]).joined(separator: "\r\n").utf8
        )
    }

    /// What of a failure a person must not be shown, or misses.
    private static func problem(with failure: AttemptFailure, _ operation: DredgeS3.Operation) throws -> String? {
        if case .changeRegion(let region?) = failure.remedy, !Region.isName(region) { return "moves to \(region)" }
        let error = try S3Error(
            failure, operation,
            context: .init(
                attemptCount: 1, target: target.get(), limits: .init(), now: Date(timeIntervalSince1970: 1.8e9),
                isSigned: true, expectedBucketOwner: nil))
        let text = "\(error) \(error.serviceMessage ?? "") \(error.bucketRegion ?? "")"
        if error.message.isEmpty || error.advice.isEmpty { return "\(error) says nothing" }
        if text.contains(where: \.isNewline) || text.unicodeScalars.contains(where: \.isControl) {
            return "\(text.debugDescription) can't be printed"
        }
        return text.utf8.count > 16_000 ? "an error of \(text.utf8.count) bytes" : nil
    }

    // MARK: Listings

    private static let listings = [
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix>p/</Prefix><KeyCount>3\
        </KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
        <NextContinuationToken>1/to+ken==</NextContinuationToken><Contents><Key>p/a+b%2B%F0%9F%98%80</Key>\
        <LastModified>2025-01-31T23:59:59.000Z</LastModified><ETag>&quot;0123&quot;</ETag><Size>1234</Size>\
        <StorageClass>GLACIER</StorageClass></Contents><Contents><Key>p/c</Key>\
        <LastModified>2025-01-31T23:59:59.000Z</LastModified><ETag>&quot;4567&quot;</ETag><Size>0</Size></Contents>\
        <CommonPrefixes><Prefix>p/x/</Prefix></CommonPrefixes>\
        </ListBucketResult>
        """,
        """
        <ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>p/&#10;</Key><Size>1</Size></Contents>\
        <Contents><Key>p/é</Key><Size>70368744177664</Size></Contents></ListBucketResult>
        """,
        """
        <Error><Code>SlowDown</Code><Message>Reduce your rate</Message><RequestId>R</RequestId>\
        <Region>eu-west-1</Region>\
        <Endpoint>bucket.s3.eu-west-1.amazonaws.com</Endpoint><StorageClass>GLACIER</StorageClass></Error>
        """,
        "<html><head><title>302</title></head><body>Log in</body></html>",
    ].map { Array($0.utf8) }

    private static func problem(with body: [UInt8], of page: ListPage) -> String? {
        if page.continuationToken?.isEmpty == true { return "a token of nothing" }
        let entryCount = body.count { $0 == UInt8(ascii: "<") }
        if page.objects.count > entryCount { return "\(page.objects.count) objects" }
        for object in page.objects {
            guard !object.isNamed || object.key.bytes.starts(with: "p/".utf8), !object.key.bytes.isEmpty,
                object.key.bytes.count <= S3Limits.keyByteCountMax, object.size <= S3Limits.objectByteCountMax
            else { return "\(object)" }
            if let flaw = object.flaw {
                if flaw.message.isEmpty || flaw.message.unicodeScalars.contains(where: \.isControl) { return "\(flaw)" }
                continue
            }
            let eTag = object.eTag.header.utf8
            guard eTag.count <= S3Limits.eTagByteCountMax + 2,
                eTag.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else { return "\(object) has no flaw" }
        }
        return nil
    }

    @Test func `a listing gives keys below its prefix, with sizes that can be, or an error`() throws {
        for seed in Fuzzing.seeds("listings", count: 1_500) {
            var mutator = Mutator(seed: seed, corpus: Self.listings, separators: "<", words: Self.words)
            let bytes = mutator.next()
            let body = try Self.buffer(max(bytes.count, 1))
            _ = bytes.withUnsafeBytes { body.append($0) }
            var exchange = ListExchange(
                bucket: "bucket", prefix: ObjectKey("p/"), continuationToken: nil, startAfter: nil, limits: .init(),
                room: .buffer(body))
            var problem: String?
            do throws(AttemptFailure) {
                let page = try exchange.accept(HTTPResponse(status: 200, headers: [("x-amz-request-id", "R")]), body)
                problem = Self.problem(with: bytes, of: page)
            } catch {
                problem = try Self.problem(with: error, exchange.operation)
            }
            guard let problem else { continue }
            Issue.record("seed \(seed): \(problem): \(Fuzzing.shown(bytes))")
            return
        }
    }

    // MARK: Errors

    @Test func `an answer that is no success gives an error that can be shown`() throws {
        let headers = [
            ("x-amz-request-id", "R0123"), ("x-amz-bucket-region", "eu-west-1"), ("Retry-After", "120"),
            ("x-amz-retry-after", "1500"), ("x-amz-error-code", "AccessDenied"),
            ("Date", "Fri, 31 Jan 2025 23:59:59 GMT"),
            ("Content-Type", "application/xml"), ("Content-Length", "243"),
        ]
        for seed in Fuzzing.seeds("errors of S3", count: 1_000) {
            var bodies = Mutator(seed: seed, corpus: Self.listings, separators: "<", words: Self.words)
            let body = bodies.next()
            let status = [300, 301, 307, 400, 403, 404, 412, 416, 429, 500, 503, 599][bodies.below(12)]
            var heads = Mutator(
                seed: seed, corpus: [Self.head(status, headers)], separators: "\n", words: Self.words)
            let head = heads.next()
            let response = HTTPResponse(status: status, head: head, errorBody: body)
            for isHead in [false, true] {
                let fault = ServiceFault(response, isHead: isHead, limits: .init())
                for key in [nil, ObjectKey("k")] {
                    let operation = DredgeS3.Operation(
                        action: key == nil ? .headBucket : .get, bucket: "bucket", key: key)
                    guard let problem = try Self.problem(with: .service(fault), operation) else { continue }
                    Issue.record(
                        "seed \(seed), \(status): \(problem): \(Fuzzing.shown(head)), \(Fuzzing.shown(body))")
                    return
                }
            }
        }
    }

    // MARK: Objects

    /// A version of an object, and what an answer says of it.
    private struct Version {
        var bytes: [UInt8]
        var headers: [(name: String, value: String)]

        static let all = (1...3).map { number in
            Version(
                bytes: patternedBytes(count: 1_000 + (number == 3 ? 7 : 0), seed: UInt64(number)),
                headers: [
                    ("ETag", "\"v\(number)\""), ("Last-Modified", "Fri, 31 Jan 2025 23:59:5\(number) GMT"),
                    ("x-amz-version-id", "id\(number)"), ("Content-Encoding", "identity"),
                ])
        }

        /// The honest answer to a request for `range`, or to another one.
        func answer(_ range: Range<Int>, asWhole: Bool) -> (
            status: Int, headers: [(name: String, value: String)], [UInt8]
        ) {
            let sent = asWhole ? 0..<bytes.count : range
            var headers = headers + [("Content-Length", "\(sent.count)"), ("x-amz-request-id", "R")]
            if !asWhole {
                headers.append(("Content-Range", "bytes \(sent.lowerBound)-\(sent.upperBound - 1)/\(bytes.count)"))
            }
            return (asWhole ? 200 : 206, headers, Array(bytes[sent]))
        }
    }

    /// Reads a range in several answers, each honest or not; what is wrong with what comes of it.
    private static func readProblem(_ mutator: inout Mutator) throws -> String? {
        let start = mutator.below(1_000)
        let range = start..<start + 1 + mutator.below(1_000 - start)
        let front = patternedBytes(count: 5, seed: 9)
        let buffer = try buffer(front.count + range.count)
        _ = front.withUnsafeBytes { buffer.append($0) }
        var exchange = GetExchange(
            bucket: "bucket", key: ObjectKey("k"), range: UInt64(range.lowerBound)..<UInt64(range.upperBound),
            ifMatch: mutator.below(2) == 0 ? ETag("v1") : nil, body: buffer)
        var isHonest = true
        for _ in 0..<1 + mutator.below(4) {
            let missing = range.lowerBound + exchange.keptByteCount..<range.upperBound
            guard !missing.isEmpty else { break }
            var (status, head, body, isChanged) = Self.answer(missing, &mutator)
            if isChanged { isHonest = false }
            if mutator.below(3) == 0 { body = Array(body.prefix(mutator.below(body.count + 1))) }
            body = Array(body.prefix(buffer.capacity - buffer.count))
            _ = body.withUnsafeBytes { buffer.append($0) }
            if mutator.below(40) == 0 { status = [204, 206, 299, 416][mutator.below(4)] }
            let response = HTTPResponse(status: status, head: head, errorBody: [])
            let isBroken = mutator.below(3) == 0
            var found: ObjectHead?
            do throws(AttemptFailure) {
                if isBroken {
                    try exchange.salvage(head: response)
                } else {
                    found = try exchange.accept(response, buffer)
                }
            } catch {
                if let problem = try problem(with: error, exchange.operation) { return problem }
            }
            guard buffer.bytes.starts(with: front) else { return "what stood in front is changed" }
            guard exchange.keptByteCount <= range.count, buffer.count == front.count + exchange.keptByteCount else {
                return "\(exchange.keptByteCount) bytes kept, \(buffer.count) in the buffer"
            }
            let got = Array(buffer.bytes[front.count...])
            let isOfOne = Version.all.contains { $0.bytes[range].starts(with: got) }
            if isHonest, !isOfOne { return "\(got.count) bytes of \(range) are not those of any version" }
            guard let found else { continue }
            guard got.count == range.count, found.size >= UInt64(range.upperBound) else {
                return "\(found) for \(range), with \(got.count) bytes"
            }
            let eTag = found.eTag?.header ?? ""
            guard ETag.canBe(found.eTag?.value ?? "") else { return "the ETag \(eTag.debugDescription)" }
            break
        }
        return nil
    }

    private static func answer(
        _ missing: Range<Int>, _ mutator: inout Mutator
    ) -> (status: Int, head: [UInt8], body: [UInt8], isChanged: Bool) {
        let version = Version.all[mutator.below(3) == 0 ? mutator.below(3) : 0]
        var sent = missing
        if mutator.below(6) == 0 {
            let start = mutator.below(version.bytes.count)
            sent = start..<start + 1 + mutator.below(version.bytes.count - start)
        }
        let (status, headers, body) = version.answer(sent, asWhole: mutator.below(8) == 0)
        // Some services leave out what tells versions apart, all but one of them.
        let kept = mutator.below(4) == 0 ? headers.filter { $0.name != "ETag" } : headers
        var head = head(status, kept)
        guard mutator.below(3) == 0 else { return (status, head, body, false) }
        mutator.change(&head)
        return (status, head, body, true)
    }

    @Test func `I5: honest answers give the bytes that were asked for, dishonest ones as many, or an error`() throws {
        for seed in Fuzzing.seeds("answers to a GET", count: 3_000) {
            var mutator = Mutator(seed: seed, corpus: [[]], separators: "\n", words: Self.words)
            guard let problem = try Self.readProblem(&mutator) else { continue }
            Issue.record("seed \(seed): \(problem)")
            return
        }
    }

    @Test func `a Content-Range is read as RFC 9110 writes it, or not at all`() throws {
        let right = try Regex(#"(?i) *bytes +([0-9]+)-([0-9]+)/([0-9]+) *"#)
        for seed in Fuzzing.seeds("Content-Range", count: 3_000) {
            var mutator = Mutator(
                seed: seed, corpus: ["bytes 0-99/1000", "bytes 5-5/6", "Bytes  7-9/10"].map { Array($0.utf8) },
                separators: " -/", words: ["-", "/", " ", "+", "*", "bytes"])
            let text = String(decoding: mutator.next(), as: UTF8.self)
            guard let (range, size) = GetExchange.contentRange(text) else { continue }
            let told = text.wholeMatch(of: right).map { match in (1...3).map { UInt64(match[$0].substring ?? "") } }
            guard let told, told == [range.lowerBound, range.upperBound - 1, size], range.upperBound <= size else {
                Issue.record("seed \(seed): \(text.debugDescription) is read as \(range) of \(size)")
                return
            }
        }
    }

    @Test func `the head of an object or a bucket gives facts that can be shown, or an error`() throws {
        let corpus = [
            Self.head(
                200,
                Version.all[0].headers + [
                    ("Content-Length", "1000"), ("x-amz-storage-class", "DEEP_ARCHIVE"), ("x-amz-archive-status", "A"),
                    ("x-amz-restore", "ongoing-request=\"false\", expiry-date=\"Fri, 31 Jan 2025 23:59:59 GMT\""),
                    ("x-amz-server-side-encryption", "aws:kms"), ("Date", "Fri, 31 Jan 2025 23:59:59 GMT"),
                    ("x-amz-server-side-encryption-aws-kms-key-id", "arn:aws:kms:us-east-1:123456789012:key/1"),
                    ("x-amz-checksum-crc32", "y/Q5Jg=="), ("x-amz-checksum-type", "FULL_OBJECT"),
                ]),
            Self.head(200, [("x-amz-bucket-region", "eu-west-1"), ("x-amz-access-point-alias", "true")]),
        ]
        for seed in Fuzzing.seeds("heads", count: 1_500) {
            var mutator = Mutator(seed: seed, corpus: corpus, separators: "\n", words: Self.words)
            let head = mutator.next()
            let response = HTTPResponse(status: [200, 200, 200, 204][mutator.below(4)], head: head, errorBody: [])
            let body = try Self.buffer(1)
            var object = HeadExchange(
                bucket: "bucket", key: ObjectKey("k"), asksForChecksum: true, room: .buffer(body))
            var bucket = HeadBucketExchange(bucket: "bucket", room: .buffer(body))
            var problem: String?
            do throws(AttemptFailure) {
                let facts = try object.accept(response, body)
                let shown = [
                    facts.versionID, facts.encryption, facts.kmsKeyID, facts.archiveStatus, facts.restore,
                    facts.object.storageClass,
                ].compactMap(\.self).joined()
                if shown.unicodeScalars.contains(where: \.isControl) { problem = "\(shown.debugDescription)" }
                if facts.object.size > S3Limits.objectByteCountMax { problem = "\(facts.object.size) bytes" }
                if let checksum = facts.checksum, checksum.value.count != checksum.algorithm.byteCount {
                    problem = "\(checksum)"
                }
                let eTag = facts.object.eTag.header
                if !ETag.canBe(facts.object.eTag.value) { problem = "the ETag \(eTag.debugDescription)" }
            } catch {
                problem = try Self.problem(with: error, object.operation)
            }
            do throws(AttemptFailure) {
                let facts = try bucket.accept(response, body)
                if let region = facts.region, !Region.isName(region) { problem = "the region \(region)" }
            } catch {
                problem = try Self.problem(with: error, bucket.operation)
            }
            guard let problem else { continue }
            Issue.record("seed \(seed): \(problem): \(Fuzzing.shown(head))")
            return
        }
    }
}
