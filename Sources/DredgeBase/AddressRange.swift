/// Which network addresses are of the public internet, by IANA's registries of special-purpose addresses for IPv4 and
/// IPv6. For addresses that somebody else may choose: none of them may lead into the network that this process runs in.
package enum AddressRange {
    /// Whether the address, 4 bytes of IPv4 or 16 of IPv6 in network order, is public: not this host, loopback,
    /// link-local (where clouds keep their metadata services), private, unique-local, shared by carriers, multicast,
    /// reserved, nor for documentation or benchmarks. An IPv6 address that stands for an IPv4 address is what that one
    /// is. Another count of bytes is never public.
    package static func isPublic(_ bytes: [UInt8]) -> Bool {
        switch bytes.count {
        case 4: !special4.contains { $0.contains(bytes) }
        case 16:
            if mapped.contains(bytes) || translated.contains(bytes) {
                isPublic(Array(bytes[12...]))
            } else {
                global6.contains(bytes) && !special6.contains { $0.contains(bytes) }
            }
        default: false
        }
    }

    /// Addresses whose first `bitCount` bits are those of `bytes`.
    private struct Prefix: Sendable {
        let bytes: [UInt8]
        let bitCount: Int

        init(_ bytes: [UInt8], _ bitCount: Int) {
            self.bytes = bytes
            self.bitCount = bitCount
        }

        func contains(_ address: [UInt8]) -> Bool {
            for (index, byte) in bytes.enumerated() {
                let bits = min(8, bitCount - index * 8)
                guard bits > 0 else { break }
                let mask = UInt8(truncatingIfNeeded: 0xff00 >> bits)
                if address[index] & mask != byte & mask { return false }
            }
            return true
        }
    }

    private static let special4 = [
        Prefix([0], 8),  // this host and network
        Prefix([10], 8),  // private
        Prefix([100, 64], 10),  // shared by carriers
        Prefix([127], 8),  // loopback
        Prefix([169, 254], 16),  // link-local
        Prefix([172, 16], 12),  // private
        Prefix([192, 0, 0], 24),  // IETF protocols
        Prefix([192, 0, 2], 24),  // documentation
        Prefix([192, 88, 99], 24),  // relays of 6to4, no longer in use
        Prefix([192, 168], 16),  // private
        Prefix([198, 18], 15),  // benchmarks
        Prefix([198, 51, 100], 24),  // documentation
        Prefix([203, 0, 113], 24),  // documentation
        Prefix([224], 3),  // multicast and reserved, with broadcast
    ]

    /// `::ffff:0:0/96`, an IPv4 address in the form of an IPv6 address.
    private static let mapped = Prefix([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 96)
    /// `64:ff9b::/96`, an IPv4 address behind a translator.
    private static let translated = Prefix([0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], 96)
    /// `2000::/3`, all that was given out as global unicast. Loopback, unique-local, link-local and multicast addresses
    /// are outside of it.
    private static let global6 = Prefix([0x20], 3)

    private static let special6 = [
        Prefix([0x20, 0x01, 0x00], 23),  // IETF protocols, with Teredo, which holds an IPv4 address
        Prefix([0x20, 0x01, 0x0d, 0xb8], 32),  // documentation
        Prefix([0x20, 0x02], 16),  // 6to4, which holds an IPv4 address
        Prefix([0x3f, 0xff, 0x00], 20),  // documentation
    ]
}
