import CCompression
import CLZ4
import Foundation
import TestServers
import Testing

/// The encoder of LZ4 blocks: all its paths write the same block, and liblz4 reads it as the source.
/// `Tests/Fuzz/compression.c` has more sources, and the sanitizers.
@Suite(.timeLimit(.minutes(30))) struct BlockEncoderTests {
    /// The encoders of all paths that this CPU has.
    private final class Encoders {
        let all: [OpaquePointer] = (0..<UInt32(CZ_PATH_COUNT)).compactMap {
            cz_encoder_create_on(cz_path(rawValue: $0))
        }

        deinit { for encoder in all { cz_encoder_destroy(encoder) } }

        /// What is wrong with the blocks of a source; nil: nothing.
        func problem(with source: [UInt8]) -> String? {
            let bound = cz_bound(source.count)
            var first: [UInt8] = []
            for encoder in all {
                let what = "\(String(cString: cz_path_name(cz_encoder_path(encoder)))), \(source.count) bytes"
                var block = [UInt8](repeating: 0xA5, count: bound)
                let count = cz_compress(encoder, source, source.count, &block, bound)
                guard count > 0, count <= bound else { return "\(what): the block has \(count)" }
                block.removeSubrange(count...)
                if first.isEmpty {
                    first = block
                } else if !Self.equal(first, block) {
                    return "\(what): not the block of the first path"
                }
                guard let decoded = Self.decode(block, count: source.count), Self.equal(decoded, source) else {
                    return "\(what): liblz4 does not read the source"
                }
            }
            return nil
        }

        /// As `==`, but as fast without optimization.
        private static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
            a.count == b.count && (a.isEmpty || memcmp(a, b, a.count) == 0)
        }

        /// What liblz4 reads; nil if it is no block of a source of `count` bytes.
        private static func decode(_ block: [UInt8], count: Int) -> [UInt8]? {
            // One byte more, as an empty array may have no address.
            var decoded = [UInt8](repeating: 0x5A, count: count + 1)
            let written = block.withUnsafeBytes { input in
                decoded.withUnsafeMutableBytes { output in
                    LZ4_decompress_safe(
                        input.baseAddress!.assumingMemoryBound(to: CChar.self),
                        output.baseAddress!.assumingMemoryBound(to: CChar.self), Int32(input.count), Int32(count))
                }
            }
            guard Int(written) == count, decoded.removeLast() == 0x5A else { return nil }
            return decoded
        }
    }

    enum Kind: String, CaseIterable {
        case text, zeros, noise, fewBytes, shortPeriod, longPeriod, copies, runs

        func source(_ count: Int, using random: inout SeededGenerator) -> [UInt8] {
            switch self {
            case .text: return random.text(byteCount: count)
            case .zeros: return [UInt8](repeating: 0, count: count)
            case .noise: return random.noise(byteCount: count)
            case .fewBytes: return random.noise(byteCount: count).map { $0 < 64 ? 0x62 : 0x61 }
            case .shortPeriod: return periodic(count, period: Int.random(in: 1...20, using: &random), using: &random)
            case .longPeriod:
                // The greatest distance is 65535.
                return periodic(count, period: Int.random(in: 65_530...65_540, using: &random), using: &random)
            case .copies: return copies(count, using: &random)
            case .runs: return runs(count, using: &random)
            }
        }

        private func periodic(_ count: Int, period: Int, using random: inout SeededGenerator) -> [UInt8] {
            let part = random.noise(byteCount: period)
            var bytes: [UInt8] = []
            while bytes.count < count { bytes += part }
            return Array(bytes.prefix(count))
        }

        /// Noise, and copies from up to 200,000 bytes back.
        private func copies(_ count: Int, using random: inout SeededGenerator) -> [UInt8] {
            var bytes = random.noise(byteCount: 40)
            while bytes.count < count {
                let length = Int.random(in: 1...40, using: &random)
                if length % 4 == 0 {
                    bytes += random.noise(byteCount: length)
                } else {
                    let start = Int.random(in: max(0, bytes.count - 200_000)..<bytes.count, using: &random)
                    bytes += Array(bytes[start..<min(bytes.count, start + length)])
                }
            }
            return Array(bytes.prefix(count))
        }

        /// Runs of one byte and noise, some of each longer than a length byte says.
        private func runs(_ count: Int, using random: inout SeededGenerator) -> [UInt8] {
            var bytes: [UInt8] = []
            while bytes.count < count {
                let lengthMax = Int.random(in: 0..<8, using: &random) == 0 ? 6_000 : 60
                let length = Int.random(in: 1...lengthMax, using: &random)
                if Bool.random(using: &random) {
                    bytes += random.noise(byteCount: length)
                } else {
                    bytes += [UInt8](repeating: UInt8.random(in: 0...255, using: &random), count: length)
                }
            }
            return Array(bytes.prefix(count))
        }
    }

    /// Bytes that the passes of the encoder take at once.
    private static let group = 24 * 1024

    @Test(arguments: Kind.allCases) func `liblz4 reads the block of every path: short sources`(kind: Kind) {
        let seed: UInt64 = 810
        print("\(kind), seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let encoders = Encoders()
        for count in 0...200 {
            let problem = encoders.problem(with: kind.source(count, using: &random))
            #expect(problem == nil, "seed \(seed)")
        }
    }

    /// The last full group has 96 bytes or more behind it.
    @Test(arguments: Kind.allCases) func `liblz4 reads the block of every path: about whole groups`(kind: Kind) {
        let seed: UInt64 = 811
        print("\(kind), seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let encoders = Encoders()
        for groups in 1...4 {
            let source = kind.source(groups * Self.group + 110, using: &random)
            for more in stride(from: -110, through: 110, by: groups == 1 ? 1 : 11) {
                let problem = encoders.problem(with: Array(source.prefix(groups * Self.group + more)))
                #expect(problem == nil, "seed \(seed)")
            }
        }
    }

    @Test(arguments: Kind.allCases) func `liblz4 reads the block of every path: long sources`(kind: Kind) {
        let seed: UInt64 = 812
        print("\(kind), seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let encoders = Encoders()
        for count in [65_535, 65_536, 65_537, 300_000, 1 << 20, 3 << 20 + 7] {
            let problem = encoders.problem(with: kind.source(count, using: &random))
            #expect(problem == nil, "seed \(seed)")
        }
    }

    @Test func `a target below the bound is refused, and no source is legal`() throws {
        let encoder = try #require(cz_encoder_create())
        defer { cz_encoder_destroy(encoder) }
        #expect(cz_encoder_path(encoder) == cz_best_path())
        let source = [UInt8](repeating: 0x61, count: 1_000)
        let bound = cz_bound(source.count)
        var target = [UInt8](repeating: 0xA5, count: bound)
        #expect(cz_compress(encoder, source, source.count, &target, bound - 1) == 0)
        #expect(target.allSatisfy { $0 == 0xA5 })
        #expect(cz_compress(encoder, nil, 0, &target, bound) == 1)
        #expect(target[0] == 0)
    }

    @Test func `the bound is that of liblz4`() {
        for count in [0, 1, 254, 255, 256, 1 << 20, Int(CZ_SOURCE_MAX), Int(CZ_SOURCE_MAX) + 1] {
            #expect(cz_bound(count) == Int(LZ4_compressBound(Int32(count))))
        }
    }

    @Test func `a path that this CPU or build has not is refused`() {
        for path in (0...UInt32(CZ_PATH_COUNT)).map({ cz_path(rawValue: $0) }) where !cz_path_is_supported(path) {
            #expect(cz_encoder_create_on(path) == nil)
        }
        #expect(cz_path_is_supported(CZ_PATH_PORTABLE))
        #expect(cz_path_is_supported(cz_best_path()))
    }
}
