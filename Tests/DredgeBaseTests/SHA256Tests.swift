import DredgeBase
import TestServers
import Testing

@Suite struct SHA256Tests {
    /// FIPS 180-4's examples, by NIST.
    @Test func `SHA-256 gives the published digests`() {
        #expect(SHA256.hex([]) == SHA256.hexOfNothing)
        #expect(SHA256.hex(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            SHA256.hex([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func `pieces give the digest of the whole`() {
        var generator = SeededGenerator(seed: 3)
        let bytes = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        for _ in 0..<50 {
            var hash = SHA256()
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 0...300, using: &generator))
                hash.update(Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            #expect(hash.finish() == SHA256.digest(bytes))
        }
    }

    @Test func `the hash of a multiset is that of the published definition, in any order`() {
        var (sum, other) = (SetHash(), SetHash())
        for member in ["b", "a", "b"] { sum.insert(Array(member.utf8)) }
        // By Python: hashlib.shake_128(member).digest(2048), added as 1,024 little-endian numbers modulo 65,536.
        #expect(SHA256.hex(sum.bytes) == "ec551c8887c8ef840fc2cd3be6afd066003706037c49484236a25aaa6f3cf372")
        for member in ["a", "c", "b"] { other.insert(Array(member.utf8)) }
        #expect(other != sum)
        other.remove(Array("c".utf8))
        other.insert(Array("b".utf8))
        #expect(other == sum)
        #expect(SetHash(bytes: sum.bytes) == sum)
        #expect(SetHash(bytes: sum.bytes.dropLast()) == nil)
        other += sum
        #expect(other != sum)
        for _ in 0..<2 { other.remove(Array("b".utf8)) }
        other.remove(Array("a".utf8))
        #expect(other == sum)
        for _ in 0..<2 { other.remove(Array("b".utf8)) }
        other.remove(Array("a".utf8))
        #expect(other == SetHash())
    }

    @Test func `hexadecimal has two digits for each byte`() {
        #expect(Hexadecimal.string([0, 1, 0x0a, 0xf0, 0xff]) == "00010af0ff")
        #expect(Hexadecimal.string([]) == "")
    }
}
