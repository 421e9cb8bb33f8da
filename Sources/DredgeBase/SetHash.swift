internal import CCrypto

/// A hash of a multiset of members: the order of the members does not matter, two hashes can be added, and a member can
/// be taken out again. It tells two multisets apart as SHA-256 tells two texts apart.
///
/// This is LtHash with 1,024 lanes of 16 bits (Lewi, Kim, Maykov, Weis: "Securing Update Propagation with Homomorphic
/// Hashing", 2019, <https://eprint.iacr.org/2019/227>): each member's SHAKE128 output of 2,048 bytes (FIPS 202), read as
/// little-endian lanes, added lane by lane modulo 2¹⁶. A member takes some microseconds.
package struct SetHash: Sendable, Hashable {
    /// Bytes of the hash.
    package static let byteCount = 2 * laneCount
    private static let laneCount = 1_024
    private var lanes = [UInt16](repeating: 0, count: laneCount)

    /// Of no members.
    package init() {}

    /// The hash whose `bytes` these are; nil: these are no hash.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        for (index, byte) in bytes.enumerated() { lanes[index / 2] |= UInt16(byte) << (8 * (index % 2)) }
    }

    /// The lanes, little-endian, one behind the other.
    package var bytes: [UInt8] { lanes.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] } }

    /// Takes in a member.
    package mutating func insert(_ member: [UInt8]) { self += Self(expanded: member) }

    /// Takes out a member that is in it.
    package mutating func remove(_ member: [UInt8]) { self -= Self(expanded: member) }

    /// Takes in the members of `other`.
    package static func += (sum: inout SetHash, other: SetHash) {
        for index in sum.lanes.indices { sum.lanes[index] &+= other.lanes[index] }
    }

    /// Takes out the members of `other`, which are in it.
    package static func -= (sum: inout SetHash, other: SetHash) {
        for index in sum.lanes.indices { sum.lanes[index] &-= other.lanes[index] }
    }

    private init(expanded member: [UInt8]) {
        guard let context = EVP_MD_CTX_new() else { fatalError("libcrypto has no memory for a SHAKE128") }
        defer { EVP_MD_CTX_free(context) }
        lanes = [UInt16](unsafeUninitializedCapacity: Self.laneCount) { lanes, count in
            let output = UnsafeMutableRawPointer(lanes.baseAddress!).assumingMemoryBound(to: UInt8.self)
            precondition(
                EVP_DigestInit_ex(context, Self.algorithm, nil) == 1
                    && EVP_DigestUpdate(context, member, member.count) == 1
                    && EVP_DigestFinalXOF(context, output, Self.byteCount) == 1, "libcrypto could not hash")
            for index in 0..<Self.laneCount { lanes[index] = UInt16(littleEndian: lanes[index]) }
            count = Self.laneCount
        }
    }

    // Safe: fetched once, never freed, and libcrypto's fetched algorithms are immutable and may be shared between
    // threads (EVP_MD_fetch(3)).
    private nonisolated(unsafe) static let algorithm: OpaquePointer = {
        guard let algorithm = EVP_MD_fetch(nil, "SHAKE-128", nil) else { fatalError("libcrypto has no SHAKE128") }
        return algorithm
    }()
}
