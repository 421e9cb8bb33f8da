import DredgeBase
package import DredgeS3
import DredgeTransfer

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

/// A bucket that is a text in memory, cut into objects of one size: for measuring what is behind the network.
package struct MemoryWorld: World {
    private let bucket: MemoryBucket

    /// - Parameters:
    ///   - text: what the objects are cut from, one behind the other; it begins anew where it ends.
    ///   - objectByteCount: bytes of each object, at most the text's.
    ///   - objectCount: how many objects there are.
    package init(text: [UInt8], objectByteCount: Int, objectCount: Int) {
        precondition((1...max(1, text.count)).contains(objectByteCount), "an object is a part of the text")
        bucket = MemoryBucket(text: text, objectByteCount: objectByteCount, objectCount: objectCount)
    }

    package var executor: (any TaskExecutor)? { nil }
    package func now() -> ContinuousClock.Instant { .now }
    package func date() -> Date { Date() }
    package func sleep(_ duration: Duration) async throws(CancellationError) {
        do { try await Task.sleep(for: duration) } catch { throw CancellationError() }
    }
    package func random() -> UInt64 { .random(in: .min ... .max) }
    package func open(
        _ source: Source, for run: String, gate: any AttemptGate
    ) throws(RunError) -> any ObjectService { bucket }
    package func shutDown() async {}
}

private struct MemoryBucket: ObjectService {
    let text: [UInt8]
    let objectByteCount: Int
    let objectCount: Int
    private static let pageKeyCount = 1000

    func verify() async throws(RunError) {}

    func list(
        prefix: ObjectKey, continuationToken token: String?, startAfter: ObjectKey?
    ) async throws(S3Error) -> ListPage {
        let start = token.flatMap { Int($0) } ?? startAfter.map { Self.index($0) + 1 } ?? 0
        let end = min(objectCount, start + Self.pageKeyCount)
        let objects = (start..<max(start, end)).map { index in
            ListedObject(key: Self.key(index), size: UInt64(objectByteCount), eTag: ETag("\"\(index)\""))
        }
        return ListPage(objects: objects, continuationToken: end < objectCount ? String(end) : nil)
    }

    func get(
        _ key: ObjectKey, range: Range<UInt64>, ifMatch eTag: ETag, into buffer: OwnedBuffer
    ) async throws(S3Error) -> ObjectHead {
        let (object, start) = (Self.index(key) * objectByteCount, Int(range.lowerBound))
        text.withUnsafeBytes { bytes in
            var (from, left) = ((object + start) % bytes.count, range.count)
            while left > 0 {
                let count = min(left, bytes.count - from)
                precondition(
                    buffer.append(UnsafeRawBufferPointer(rebasing: bytes[from..<from + count])),
                    "the buffer has room for the range")
                left -= count
                from = 0
            }
        }
        return ObjectHead(eTag: eTag, versionID: nil, contentEncoding: nil, size: UInt64(objectByteCount))
    }

    func probe() async throws(S3Error) {}

    func head(_ key: ObjectKey) async throws(S3Error) -> (object: ListedObject, checksum: ObjectChecksum?) {
        (ListedObject(key: key, size: UInt64(objectByteCount), eTag: ETag("\"\(Self.index(key))\"")), nil)
    }

    func close() {}

    /// Keys in the order of their numbers.
    private static func key(_ index: Int) -> ObjectKey {
        ObjectKey(String(repeating: "0", count: max(0, 12 - String(index).count)) + String(index))
    }

    private static func index(_ key: ObjectKey) -> Int { Int(String(decoding: key.bytes, as: UTF8.self)) ?? 0 }
}
