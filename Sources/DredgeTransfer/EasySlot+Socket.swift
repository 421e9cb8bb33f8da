import CCurl
import DredgeBase

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// CURLOPT_OPENSOCKETFUNCTION(3): called with each address that a name has led to, before anything is sent there. curl
/// goes on with the next one when there is no socket for it.
func openPublicSocket(
    _ context: UnsafeMutableRawPointer?, _ purpose: curlsocktype, _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let context, let address else { return CURL_SOCKET_BAD }
    let isPublic = AddressRange.isPublic(networkAddress(address))
    Unmanaged<EasySlot>.fromOpaque(context)._withUnsafeGuaranteedRef {
        $0.answer.refusal = isPublic ? nil : $0.answer.refusal ?? .privateAddress
    }
    guard isPublic else { return CURL_SOCKET_BAD }
    #if os(Linux)
        let type = address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
    #else
        let type = address.pointee.socktype
    #endif
    return socket(address.pointee.family, type, address.pointee.protocol)
}

/// The bytes of the network address; none for what is neither IPv4 nor IPv6.
private func networkAddress(_ address: UnsafeMutablePointer<curl_sockaddr>) -> [UInt8] {
    // The address is as long as its family's, though curl declares the shortest.
    guard let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return [] }
    let range =
        switch address.pointee.family {
        case AF_INET: 4..<8  // sin_addr
        case AF_INET6: 8..<24  // sin6_addr
        default: 0..<0
        }
    guard range.upperBound <= Int(address.pointee.addrlen) else { return [] }
    let start = UnsafeRawPointer(address) + offset + range.lowerBound
    return Array(UnsafeRawBufferPointer(start: start, count: range.count))
}
