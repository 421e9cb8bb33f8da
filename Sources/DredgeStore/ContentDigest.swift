package import DredgeBase

/// The digest of a store's content, made of its objects' digests, in any order: stores that hold parts of the objects
/// have digests that add up to that of the whole.
///
/// The digest is the SHA-256 of, with every number as eight bytes little-endian and every text as its byte count and
/// its bytes: the text `dredge-store-digest-3`; the number of settings, then name and value of each, in order of the
/// names' bytes; the number of objects with content; the `SetHash` of the objects' digests.
package struct ContentDigest: Sendable, Hashable {
    /// Objects with content.
    package private(set) var objectCount: Int
    /// Of the objects' digests.
    package private(set) var objects: SetHash

    /// Of no objects, unless said otherwise.
    package init(objectCount: Int = 0, objects: SetHash = SetHash()) {
        self.objectCount = objectCount
        self.objects = objects
    }

    /// Takes in an object by its digest.
    package mutating func insert(_ object: [UInt8]) {
        objectCount += 1
        objects.insert(object)
    }

    /// Takes out an object that is in it.
    package mutating func remove(_ object: [UInt8]) {
        objectCount -= 1
        objects.remove(object)
    }

    /// Takes in the objects of another part.
    package static func += (sum: inout ContentDigest, part: ContentDigest) {
        sum.objectCount += part.objectCount
        sum.objects += part.objects
    }

    /// Takes out the objects of a part that is in it.
    package static func -= (sum: inout ContentDigest, part: ContentDigest) {
        sum.objectCount -= part.objectCount
        sum.objects -= part.objects
    }

    /// The digest under these settings, in hexadecimal.
    package func text(settings: [String: String]) -> String {
        var hash = SHA256()
        hash.update(lengthAnd: "dredge-store-digest-3")
        hash.update(StoredSettings(settings).hashInput)
        hash.update(UInt64(clamping: objectCount))
        hash.update(objects.bytes)
        return Hexadecimal.string(hash.finish())
    }

    /// The digest of an object with ETag and version ID taken in: the SHA-256 of the text
    /// `dredge-object-digest-3-versions`, the digest's 32 bytes, the ETag without surrounding quotes, and the version
    /// ID (an empty text: none).
    package static func versioned(_ object: [UInt8], eTag: ETag, versionID: String?) -> [UInt8] {
        var hash = SHA256()
        hash.update(lengthAnd: "dredge-object-digest-3-versions")
        hash.update(object)
        hash.update(lengthAnd: eTag.value)
        hash.update(lengthAnd: versionID ?? "")
        return hash.finish()
    }
}

extension SHA256 {
    /// Eight bytes, little-endian.
    mutating func update(_ value: UInt64) { withUnsafeBytes(of: value.littleEndian) { update($0) } }

    /// The text's length in bytes, then its bytes, so that two fields can't run into one another.
    mutating func update(lengthAnd text: String) { update(lengthAnd: Array(text.utf8)) }

    /// The count, then the bytes.
    mutating func update(lengthAnd bytes: [UInt8]) {
        update(UInt64(bytes.count))
        update(bytes)
    }
}
