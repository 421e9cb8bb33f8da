package import Dredge
package import DredgeBase
package import DredgeS3
import DredgeTransfer
package import Foundation
import Synchronization
import TestServers

/// Buckets in memory. A seed decides in which order requests are answered, how long the pages of listings are, and
/// which requests fail how.
package final class FakeWorld: World {
    package struct Object: Sendable {
        package var key: String
        package var body: [UInt8] { didSet { eTag = Self.eTag(of: body) } }
        /// What is wrong with its entry in the listing.
        package var flaw: ListedObject.Flaw?
        /// It is listed, and nobody can read it any more.
        package var isGone = false
        /// Kept, because a run asks for it thousands of times.
        package private(set) var eTag: ETag

        package init(key: String, body: [UInt8]) {
            self.key = key
            self.body = body
            eTag = Self.eTag(of: body)
        }

        private static func eTag(of body: [UInt8]) -> ETag {
            ETag(Hexadecimal.string(Array(SHA256.digest(body).prefix(8))))
        }
    }

    package let executor: (any TaskExecutor)? = nil
    private let buckets: [String: [Object]]
    private let faultPercentage: UInt64
    private let damagePercentage: UInt64
    private let generator: Mutex<SeededGenerator>
    private let requests = Mutex<Int>(0)
    private let resumedReads = Mutex<Int>(0)
    /// Parts that don't begin where those of a read from the first byte do.
    package var resumedReadCount: Int { resumedReads.withLock { $0 } }
    /// Called before each request is answered, with its number.
    private let onRequest: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - buckets: the objects by the names of their buckets.
    ///   - faultPercentage: of the requests, so many fail.
    ///   - damagePercentage: of the parts, so many come with a wrong byte.
    package init(
        buckets: [String: [Object]], seed: UInt64, faultPercentage: Int, damagePercentage: Int = 0,
        onRequest: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.buckets = buckets.mapValues { $0.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) } }
        self.faultPercentage = UInt64(faultPercentage)
        self.damagePercentage = UInt64(damagePercentage)
        self.onRequest = onRequest
        generator = Mutex(SeededGenerator(seed: seed))
    }

    private let clock = Mutex(ContinuousClock.now)

    package func now() -> ContinuousClock.Instant { clock.withLock { $0 } }

    /// Takes no time: the clock goes on as far as the longest sleeper waits.
    package func sleep(_ duration: Duration) async throws(CancellationError) {
        let end = now() + duration
        for _ in 0..<random() % 8 { await Task.yield() }
        if Task.isCancelled { throw CancellationError() }
        clock.withLock { $0 = max($0, end) }
    }

    package func date() -> Date { Date(timeIntervalSince1970: 1_750_000_000) }
    package func random() -> UInt64 { generator.withLock { $0.next() } }
    package func shutDown() async {}

    package func open(
        _ source: Source, for run: String, gate: any AttemptGate
    ) throws(RunError) -> any ObjectService {
        Service(
            world: self, bucket: source.bucket, objects: buckets[source.bucket] ?? [], gate: gate,
            asksForChecksums: source.verifiesChecksums)
    }

    /// Lets other tasks go first, as often as the seed says, and fails as often as it says.
    fileprivate func answer(_ key: ObjectKey?, in bucket: String, faults: [S3Error.Code]) async throws(S3Error) {
        onRequest(
            requests.withLock { count in
                count += 1
                return count
            })
        for _ in 0..<random() % 8 { await Task.yield() }
        func error(_ code: S3Error.Code) -> S3Error {
            S3Error(code: code, bucket: bucket, key: key, message: "a fault of the test", advice: "None.")
        }
        if Task.isCancelled { throw error(.cancelled) }
        if random() % 100 < faultPercentage { throw error(faults[Int(random() % UInt64(faults.count))]) }
    }

    private struct Service: ObjectService {
        let world: FakeWorld
        let bucket: String
        let objects: [Object]
        let gate: any AttemptGate
        let asksForChecksums: Bool

        func verify() async throws(RunError) {}
        func close() {}

        func list(
            prefix: ObjectKey, continuationToken token: String?, startAfter: ObjectKey?
        ) async throws(S3Error) -> ListPage {
            try await world.answer(
                nil, in: bucket, faults: [.serviceFailure, .throttled, .unreachable, .credentials])
            // A token counts how many objects of the bucket come before the page.
            let start = token.flatMap(Int.init) ?? 0
            let rest = objects.indices[start...].filter { index in
                objects[index].key.utf8.starts(with: prefix.bytes)
                    && startAfter.map { $0.bytes.lexicographicallyPrecedes(objects[index].key.utf8) } ?? true
            }
            let page = rest.prefix(1 + Int(world.random() % 6))
            return ListPage(
                objects: page.map { index in
                    let object = objects[index]
                    var listed = ListedObject(
                        key: ObjectKey(object.key), size: UInt64(object.body.count), eTag: object.eTag)
                    listed.flaw = object.flaw
                    return listed
                }, continuationToken: page.count < rest.count ? page.last.map { String($0 + 1) } : nil)
        }

        func get(
            _ key: ObjectKey, range: Range<UInt64>, ifMatch eTag: ETag, into buffer: OwnedBuffer
        ) async throws(S3Error) -> ObjectHead {
            let place: any Admission
            do throws(CancellationError) {
                place = if let place = gate.enterIfFree() { place } else { try await gate.enter() }
            } catch {
                throw S3Error(code: .cancelled, bucket: bucket, key: key, message: "cancelled", advice: "None.")
            }
            defer { withExtendedLifetime(place) {} }
            if range.lowerBound % UInt64(Limits.partByteCountMin) != 0 { world.resumedReads.withLock { $0 += 1 } }
            if world.random() % 50 == 0 { gate.attemptEnded(.throttled) }
            try await world.answer(
                key, in: bucket,
                faults: [.throttled, .serviceFailure, .shortBody, .preconditionFailed, .accessDenied, .credentials])
            gate.attemptEnded(.answered(firstByteTime: .zero, duration: .zero, byteCount: range.count))
            let object = try object(key)
            guard eTag.isEmpty || eTag == object.eTag else {
                throw S3Error(
                    code: .preconditionFailed, bucket: bucket, key: key, message: "another version", advice: "None.")
            }
            _ = object.body[Int(range.lowerBound)..<Int(range.upperBound)].withUnsafeBytes { buffer.append($0) }
            if world.damagePercentage > 0, world.random() % 100 < world.damagePercentage {
                // No NUL, which would make it binary.
                buffer.mutableBytes[Int(world.random() % UInt64(buffer.count))] ^= 1
            }
            return ObjectHead(
                eTag: object.eTag, versionID: nil, contentEncoding: nil, size: UInt64(object.body.count))
        }

        func probe() async throws(S3Error) {
            try await world.answer(nil, in: bucket, faults: [.serviceFailure, .throttled, .unreachable, .accessDenied])
        }

        func head(_ key: ObjectKey) async throws(S3Error) -> (object: ListedObject, checksum: ObjectChecksum?) {
            try await world.answer(key, in: bucket, faults: [.throttled, .serviceFailure])
            let object = try object(key)
            let algorithm = ChecksumAlgorithm.allCases.first { _ in world.random() % 3 == 0 } ?? .crc64nvme
            let checksum = ObjectChecksum(algorithm, value: Checksum.value(algorithm, of: object.body))
            return (
                ListedObject(key: key, size: UInt64(object.body.count), eTag: object.eTag),
                asksForChecksums ? checksum : nil
            )
        }

        private func object(_ key: ObjectKey) throws(S3Error) -> Object {
            let object = objects.first { key.bytes == Array($0.key.utf8) }
            if let object, !object.isGone { return object }
            throw S3Error(code: .noSuchKey, bucket: bucket, key: key, message: "no such key", advice: "None.")
        }
    }
}
