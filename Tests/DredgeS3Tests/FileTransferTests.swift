import DredgeAWS
import DredgeBase
import DredgeTransfer
import Foundation
import TestServers
import Testing

@testable import DredgeS3

private typealias Object = ScriptedS3Server.Object
private typealias Fault = ScriptedS3Server.Fault

/// Files that go up and come down in parts.
@Suite(.timeLimit(.minutes(30))) struct FileTransferTests {
    private let key = ObjectKey("dir/a+b")
    private var limits: S3Limits {
        var limits = S3Limits()
        limits.uploadPartByteCountMin = 1_000
        limits.downloadPartByteCount = 700
        return limits
    }

    private func failure(
        _ bucket: ScriptedBucket, _ path: String, if condition: WriteCondition = .none
    ) async -> S3Error? {
        do {
            _ = try await bucket.client.upload(file: path, to: key, if: condition)
            return nil
        } catch {
            return error
        }
    }

    private func content(_ bucket: ScriptedBucket) async throws -> [UInt8]? {
        try await bucket.client.read(key, byteCountMax: 100_000)?.bytes
    }

    private func actions(_ bucket: ScriptedBucket) throws -> [ScriptedS3Server.Action] {
        try bucket.server.requests().map(\.action).filter { $0 != .get }
    }

    @Test(arguments: [0, 1, 699, 700, 701, 1_000, 1_001, 10_500])
    func `a file comes back as it went up`(byteCount: Int) async throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        let bytes = patternedBytes(count: byteCount)
        let path = try directory.file("up", bytes)
        try await ScriptedBucket.with(.init(), limits: limits) { bucket in
            let eTag = try await bucket.client.upload(file: path, to: key, if: .absent)
            let partCount = (byteCount + 999) / 1_000
            let sent = try bucket.server.requests()
            if byteCount > 1_000 {
                #expect(sent.count == partCount + 2 && sent.first?.action == .createUpload)
                #expect(sent.filter { $0.action == .uploadPart }.compactMap(\.bodyByteCount).reduce(0, +) == byteCount)
                // The condition is the whole object's.
                #expect(sent.map { $0.headers["if-none-match"] == "*" } == sent.map { $0.action == .completeUpload })
            } else {
                #expect(sent.map(\.action) == [.put])
            }
            let down = directory.path("down")
            let got = try await bucket.client.download(key, to: down)
            #expect(got.byteCount == UInt64(byteCount) && got.eTag == eTag)
            #expect(try Array(Data(contentsOf: URL(filePath: down))) == bytes)
            let mode = try FileManager.default.attributesOfItem(atPath: down)[.posixPermissions] as? Int
            #expect(mode == 0o600 && directory.names == ["down", "up"])
            #expect(try bucket.rangesAsked().count == (byteCount == 0 ? 2 : (byteCount + 699) / 700))
        }
    }

    @Test func `no file has more parts than S3 takes`() {
        let mebibyte: UInt64 = 1 << 20
        for byteCount: UInt64 in [
            1, 160_000 * mebibyte, 160_000 * mebibyte + 1, 50_000_000_000_000, S3Limits.objectByteCountMax,
        ] {
            let part = S3Limits().uploadPartByteCount(of: byteCount)
            #expect(part >= 16 * mebibyte && part % mebibyte == 0)
            #expect((byteCount + part - 1) / part <= 10_000)
        }
    }

    @Test func `an error under a 200 is no completion`() async throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        let bytes = patternedBytes(count: 3_500)
        let path = try directory.file("up", bytes)
        func fault(_ code: String) -> Fault {
            .raw(
                on: .completeUpload,
                "\n \n<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>so</Message></Error>")
        }
        try await ScriptedBucket.with(.init(faults: [fault("InternalError")]), limits: limits) { bucket async throws in
            #expect(await failure(bucket, path) == nil)
            #expect(try await content(bucket) == bytes)
        }
        for (code, end) in [
            ("InternalError", S3Error.Code.serviceFailure), ("PreconditionFailed", .preconditionFailed),
        ] {
            try await ScriptedBucket.with(.init(faults: [fault(code).times(-1)]), limits: limits) { bucket in
                let error = try #require(await failure(bucket, path))
                #expect(error.code == end && error.attemptCount == (code == "InternalError" ? 3 : 1))
                #expect(error.message.contains("completing the object's upload"))
                #expect(try actions(bucket).last == .abortUpload)
                #expect(try await content(bucket) == nil)
            }
        }
    }

    @Test func `blanks that keep an answer alive are waited for`() async throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        let path = try directory.file("up", patternedBytes(count: 3_500))
        var transferLimits = TransferLimits()
        transferLimits.floorPeriod = .seconds(2)
        let fault = Fault.drip(on: .completeUpload, seconds: 0.03)
        try await ScriptedBucket.with(
            .init(faults: [fault]), limits: limits, transferLimits: transferLimits
        ) { bucket in
            #expect(await failure(bucket, path) == nil)
            let actions = try actions(bucket)
            #expect(actions.count(where: { $0 == .completeUpload }) == 1)
        }
    }

    @Test(arguments: [
        Fault.error(on: .uploadPart, 403, "AccessDenied").times(1, afterSkipping: 4),
        .error(on: .uploadPart, 500, "InternalError").times(-1, afterSkipping: 4),
        .error(on: .completeUpload, 403, "AccessDenied"),
    ])
    fileprivate func `an upload that fails is aborted`(fault: Fault) async throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        let path = try directory.file("up", patternedBytes(count: 10_500))
        try await ScriptedBucket.with(.init(faults: [fault]), limits: limits) { bucket in
            let error = try #require(await failure(bucket, path))
            #expect(error.code == .accessDenied || error.code == .serviceFailure)
            #expect(error.message.contains("upload"))
            if error.code == .accessDenied {
                #expect(error.advice.contains("s3:PutObject on arn:aws:s3:::bucket/dir/a+b"))
            }
            let actions = try actions(bucket)
            #expect(actions.last == .abortUpload && actions.count(where: { $0 == .abortUpload }) == 1)
            #expect(try await content(bucket) == nil)
        }
    }

    @Test func `an upload whose task is cancelled is aborted`() async throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        let path = try directory.file("up", patternedBytes(count: 10_500))
        try await ScriptedBucket.with(.init(faults: [.hang(on: .uploadPart).times(-1)]), limits: limits) { bucket in
            let task = Task { await failure(bucket, path) }
            while try actions(bucket).count(where: { $0 == .uploadPart }) < 4 {
                try await Task.sleep(for: .milliseconds(5))
            }
            task.cancel()
            #expect(await task.value?.code == .cancelled)
            let actions = try actions(bucket)
            // No more than may be in flight were begun.
            #expect(actions.count(where: { $0 == .uploadPart }) == 4 && actions.last == .abortUpload)
        }
    }

    @Test func `an upload that others come between begins anew, some times`() async throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        let bytes = patternedBytes(count: 3_500)
        let path = try directory.file("up", bytes)
        let conflict = Fault.error(on: .completeUpload, 409, "ConditionalRequestConflict")
        try await ScriptedBucket.with(.init(faults: [conflict]), limits: limits) { bucket async throws in
            #expect(await failure(bucket, path, if: .absent) == nil)
            #expect(try actions(bucket).count(where: { $0 == .createUpload }) == 2)
            #expect(try await content(bucket) == bytes)
        }
        try await ScriptedBucket.with(.init(faults: [conflict.times(-1)]), limits: limits) { bucket in
            let error = try #require(await failure(bucket, path, if: .absent))
            #expect(error.code == .preconditionFailed)
            for action in [ScriptedS3Server.Action.createUpload, .completeUpload, .abortUpload] {
                #expect(try actions(bucket).count(where: { $0 == action }) == 3, "\(action)")
            }
        }
    }

    @Test func `a condition that does not hold is told at once`() async throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        let path = try directory.file("up", patternedBytes(count: 3_500))
        try await ScriptedBucket.with(.init(objects: [Object("dir/a+b", body: [1])]), limits: limits) { bucket in
            for condition in [WriteCondition.absent, .matches(ETag("other"))] {
                let error = try #require(await failure(bucket, path, if: condition))
                #expect(error.code == .preconditionFailed && error.attemptCount == 1)
                #expect(try actions(bucket).last == .abortUpload)
            }
            #expect(try await content(bucket) == [1])
            let eTag = try #require(try await bucket.client.read(key, byteCountMax: 1)?.eTag)
            #expect(await failure(bucket, path, if: .matches(eTag)) == nil)
        }
    }

    @Test func `where the answer to a completion is lost, the next upload finds the object`() async throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        let bytes = patternedBytes(count: 3_500)
        let path = try directory.file("up", bytes)
        let lost = Fault.reset(on: .completeUpload, at: .head(byteCount: 5))
        for condition in [WriteCondition.none, .absent] {
            try await ScriptedBucket.with(.init(faults: [lost]), limits: limits) { bucket async throws in
                #expect(
                    await failure(bucket, path, if: condition)?.code == (condition == .none ? nil : .preconditionFailed)
                )
                #expect(try await content(bucket) == bytes)
                #expect(try actions(bucket).count(where: { $0 == .createUpload }) == 2)
            }
        }
    }

    @Test func `a file that can't be read is told with its path, and nothing is sent`() async throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        try await ScriptedBucket.with(.init(), limits: limits) { bucket in
            for path in [directory.path("missing"), directory.url.path, "/dev/null"] {
                let error = try #require(await failure(bucket, path))
                #expect(error.code == .machine && error.message.contains(path) && error.attemptCount == 0)
            }
            #expect(try bucket.server.requests().isEmpty)
        }
    }

    @Test func `a file that changes meanwhile is not completed`() async throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        for byteCount in [2_000, 3_600] {
            let path = try directory.file("up", patternedBytes(count: 3_500))
            try await ScriptedBucket.with(
                .init(faults: [.delay(on: .createUpload, seconds: 1)]), limits: limits
            ) { bucket in
                let task = Task { await failure(bucket, path) }
                while try actions(bucket).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
                let file = try FileHandle(forWritingTo: URL(filePath: path))
                try file.truncate(atOffset: UInt64(byteCount))
                try file.close()
                let error = try #require(await task.value)
                #expect(error.code == .other && error.message.contains("was changed"), "\(error)")
                #expect(try actions(bucket).last == .abortUpload)
            }
        }
    }

    @Test func `a download that fails leaves what was there`() async throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        let path = try directory.file("down", [1, 2, 3])
        let object = Object("dir/a+b", body: patternedBytes(count: 5_000))
        let other = Object("dir/a+b", body: patternedBytes(count: 5_000, seed: 2))
        let faults: [(Fault, S3Error.Code)] = [
            (.error(on: .get, 404, "NoSuchKey"), .noSuchKey),
            (.replace(on: .get, other).times(1, afterSkipping: 3), .preconditionFailed),
            (.error(on: .get, 403, "AccessDenied").times(1, afterSkipping: 5), .accessDenied),
        ]
        for (fault, code) in faults {
            try await ScriptedBucket.with(.init(objects: [object], faults: [fault]), limits: limits) {
                bucket async throws in
                let error = await #expect(throws: S3Error.self) { try await bucket.client.download(key, to: path) }
                #expect(error?.code == code)
                #expect(try Array(Data(contentsOf: URL(filePath: path))) == [1, 2, 3] && directory.names == ["down"])
            }
        }
        try await ScriptedBucket.with(.init(objects: [object]), limits: limits) { bucket async throws in
            let error = await #expect(throws: S3Error.self) {
                try await bucket.client.download(key, to: directory.path("no/such"))
            }
            #expect(error?.code == .machine && error?.message.contains("no/such") == true)
            #expect(try bucket.server.requests().isEmpty)
        }
    }
}
