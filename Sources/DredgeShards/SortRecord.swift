import DredgeBase
import DredgeS3
import Foundation

/// A listed object in some bytes, as `ObjectSort` keeps it. Numbers are in the machine's order of bytes.
///
///     offset   bytes   what
///     0        4       N, bytes of the record
///     4        4       code of the source (`SourceOrder`)
///     8        2       K, bytes of the key
///     10       2       E, bytes of the ETag without quotes
///     12       8       size of the object
///     20       8       when it was last modified, in milliseconds since 1970; the least number: not known
///     28       K       key
///     28 + K   E       ETag
///     …        rest    storage class
struct SortRecord {
    private let bytes: UnsafeRawBufferPointer
    static let headByteCount = 28

    /// The record at the begin of `bytes`, which are not checked.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = UnsafeRawBufferPointer(rebasing: bytes[..<Self.byteCount(bytes)])
    }

    /// Bytes of the record at the begin of `bytes`, which has a head.
    static func byteCount(_ bytes: UnsafeRawBufferPointer) -> Int { Int(bytes.loadUnaligned(as: UInt32.self)) }

    static func append(_ object: ListedObject, of source: SourceOrder.Code, to output: inout [UInt8]) {
        let (eTag, storageClass) = (Array(object.eTag.value.utf8), Array((object.storageClass ?? "").utf8))
        let count = headByteCount + object.key.bytes.count + eTag.count + storageClass.count
        func add(_ value: some FixedWidthInteger) { withUnsafeBytes(of: value) { output += $0 } }
        add(UInt32(count))
        add(source.value)
        add(UInt16(object.key.bytes.count))
        add(UInt16(eTag.count))
        add(object.size)
        add(object.lastModified.map(ObjectRow.milliseconds) ?? Int64.min)
        output += object.key.bytes
        output += eTag
        output += storageClass
    }

    private var source: SourceOrder.Code {
        SourceOrder.Code(value: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    }
    private var modified: Int64 { bytes.loadUnaligned(fromByteOffset: 20, as: Int64.self) }
    private var keyCount: Int { Int(bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)) }

    private func compareKeys(_ other: SortRecord) -> Int {
        let (source, otherSource) = (source, other.source)
        if source.bucket != otherSource.bucket { return source.bucket < otherSource.bucket ? -1 : 1 }
        let (count, otherCount) = (keyCount, other.keyCount)
        let order = memcmp(
            bytes.baseAddress! + Self.headByteCount, other.bytes.baseAddress! + Self.headByteCount,
            min(count, otherCount))
        if order != 0 { return Int(order) }
        if count != otherCount { return count - otherCount }
        return source.value == otherSource.value ? 0 : source.value < otherSource.value ? -1 : 1
    }

    /// By bucket, key and source; of one key the newest first, then in any order that is always the same.
    static func < (a: SortRecord, b: SortRecord) -> Bool {
        let order = a.compareKeys(b)
        if order != 0 { return order < 0 }
        if a.modified != b.modified { return a.modified > b.modified }
        return a.bytes.lexicographicallyPrecedes(b.bytes)
    }

    func hasKey(of other: SortRecord) -> Bool { compareKeys(other) == 0 }

    /// The object and the code of its source.
    var object: (source: SourceOrder.Code, object: ListedObject) {
        let (key, modified) = (keyCount, modified)
        let eTag = Int(bytes.loadUnaligned(fromByteOffset: 10, as: UInt16.self))
        let (eTagStart, classStart) = (Self.headByteCount + key, Self.headByteCount + key + eTag)
        func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        return (
            source,
            ListedObject(
                key: ObjectKey(Array(bytes[Self.headByteCount..<eTagStart])),
                size: bytes.loadUnaligned(fromByteOffset: 12, as: UInt64.self),
                eTag: ETag(text(eTagStart..<classStart)),
                lastModified: modified == .min ? nil : Date(timeIntervalSince1970: Double(modified) / 1_000),
                storageClass: classStart == bytes.count ? nil : text(classStart..<bytes.count))
        )
    }
}
