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
    let bytes: UnsafeRawBufferPointer
    static let headByteCount = 28

    /// The record at the begin of `bytes`, which are not checked.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = UnsafeRawBufferPointer(rebasing: bytes[..<Self.byteCount(bytes)])
    }

    /// Bytes of the record at the begin of `bytes`, which has a head.
    static func byteCount(_ bytes: UnsafeRawBufferPointer) -> Int { Int(bytes.loadUnaligned(as: UInt32.self)) }

    static func append(_ object: ListedObject, of source: SourceOrder.Code, to output: inout [UInt8]) {
        let begin = output.count
        withUnsafeTemporaryAllocation(byteCount: headByteCount, alignment: 8) {
            $0.initializeMemory(as: UInt8.self, repeating: 0)
            output.append(contentsOf: UnsafeRawBufferPointer($0))
        }
        output.append(contentsOf: object.key.bytes)
        let eTagBegin = output.count
        ObjectRow.append(object.eTag, to: &output)
        let classBegin = output.count
        if let storageClass = object.storageClass { output.append(contentsOf: storageClass.utf8) }
        output.withUnsafeMutableBytes { bytes in
            func put(_ value: some FixedWidthInteger, at offset: Int) {
                bytes.storeBytes(of: value, toByteOffset: begin + offset, as: type(of: value))
            }
            put(UInt32(bytes.count - begin), at: 0)
            put(source.value, at: 4)
            put(UInt16(object.key.bytes.count), at: 8)
            put(UInt16(classBegin - eTagBegin), at: 10)
            put(object.size, at: 12)
            put(object.lastModified.map(ObjectRow.milliseconds) ?? Int64.min, at: 20)
        }
    }

    /// What comes first in the order. Records of different groups have different keys.
    var group: UInt32 { source.bucket }

    /// Eight bytes of the key from `place` on as a number, zeros where there are none: of records of one group whose
    /// keys are equal up to there, the one with the lower number comes first.
    func word(at place: Int) -> UInt64 {
        let count = keyCount - place
        if count >= 8 {
            return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: Self.headByteCount + place, as: UInt64.self))
        }
        var word: UInt64 = 0
        for index in 0..<max(0, count) {
            word |= UInt64(bytes[Self.headByteCount + place + index]) << UInt64(56 - 8 * index)
        }
        return word
    }

    /// Bytes with which both keys begin; 0 where they are of different groups.
    func sharedByteCount(with other: SortRecord) -> Int {
        guard group == other.group else { return 0 }
        return zip(key, other.key).prefix { $0 == $1 }.count
    }

    var key: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[Self.headByteCount..<Self.headByteCount + keyCount])
    }
    /// The code of the object's source.
    var source: SourceOrder.Code {
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

    /// Bytes of the object.
    var size: UInt64 { bytes.loadUnaligned(fromByteOffset: 12, as: UInt64.self) }

    private var eTag: UnsafeRawBufferPointer {
        let begin = Self.headByteCount + keyCount
        let count = Int(bytes.loadUnaligned(fromByteOffset: 10, as: UInt16.self))
        return UnsafeRawBufferPointer(rebasing: bytes[begin..<begin + count])
    }

    private var storageClass: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[(Self.headByteCount + keyCount + eTag.count)...])
    }

    /// The object.
    var object: ListedObject {
        let (modified, storageClass) = (modified, storageClass)
        return ListedObject(
            key: ObjectKey(Array(key)), size: size, eTag: ObjectRow.eTag(eTag),
            lastModified: modified == .min ? nil : Date(timeIntervalSince1970: Double(modified) / 1_000),
            storageClass: storageClass.isEmpty ? nil : String(decoding: storageClass, as: UTF8.self))
    }

    /// Appends what `ObjectRow(source: source, object: object).line` has, without an object for it.
    func appendRow(of source: String, to output: inout [UInt8]) {
        let modified = modified
        ObjectRow.append(
            source: source, key: key, size: size, eTag: eTag, milliseconds: modified == .min ? nil : modified,
            storageClass: storageClass, to: &output)
        ObjectRow.appendNoPrevious(to: &output)
    }
}
