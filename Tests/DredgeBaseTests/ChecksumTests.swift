import DredgeBase
import TestServers
import Testing

@Suite struct ChecksumTests {
    private static func hex(_ algorithm: ChecksumAlgorithm, _ text: String) -> String {
        Hexadecimal.string(Checksum.value(algorithm, of: Array(text.utf8)))
    }

    /// The check values of the CRC catalogue, and FIPS 180-4's examples.
    @Test func `checksums have their published values`() {
        #expect(Self.hex(.crc32, "123456789") == "cbf43926")
        #expect(Self.hex(.crc32c, "123456789") == "e3069283")
        #expect(Self.hex(.crc64nvme, "123456789") == "ae8b14860a799888")
        #expect(Self.hex(.sha1, "abc") == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(Self.hex(.sha256, "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        for algorithm in ChecksumAlgorithm.allCases {
            #expect(Checksum.value(algorithm, of: []).count == algorithm.byteCount)
        }
        #expect(Self.hex(.crc32, "") == "00000000" && Self.hex(.crc64nvme, "") == "0000000000000000")
    }

    /// A CRC as its definition has it, bit by bit.
    private static func plain(_ polynomial: UInt64, bitCount: UInt64, of bytes: ArraySlice<UInt8>) -> [UInt8] {
        let ones = UInt64.max >> (64 - bitCount)
        var register = ones
        for byte in bytes {
            register ^= UInt64(byte)
            for _ in 0..<8 { register = register & 1 == 1 ? register >> 1 ^ polynomial : register >> 1 }
        }
        register ^= ones
        return stride(from: 0, to: bitCount, by: 8).reversed().map { UInt8(truncatingIfNeeded: register >> $0) }
    }

    @Test func `a CRC by table is the CRC bit by bit, at every length and place, and in pieces`() {
        let seed: UInt64 = 20_261_129
        var generator = SeededGenerator(seed: seed)
        let bytes = (0..<600).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let polynomials: [(ChecksumAlgorithm, UInt64, UInt64)] = [
            (.crc32, 0xEDB8_8320, 32), (.crc32c, 0x82F6_3B78, 32), (.crc64nvme, 0x9A6C_9329_AC4B_C9B5, 64),
        ]
        for (algorithm, polynomial, bitCount) in polynomials {
            for round in 0..<300 {
                // All short lengths first: there whole words and what is left of them meet.
                let count = round < 40 ? round : Int.random(in: 0...500, using: &generator)
                let start = Int.random(in: 0...60, using: &generator)
                let cut = Int.random(in: 0...count, using: &generator)
                let checksum = Checksum(algorithm)
                bytes.withUnsafeBytes {
                    checksum.update(UnsafeRawBufferPointer(rebasing: $0[start..<start + cut]))
                    checksum.update(UnsafeRawBufferPointer(rebasing: $0[start + cut..<start + count]))
                }
                let expected = Self.plain(polynomial, bitCount: bitCount, of: bytes[start..<start + count])
                #expect(checksum.finish() == expected, "\(algorithm), seed \(seed), round \(round)")
            }
        }
    }
}
