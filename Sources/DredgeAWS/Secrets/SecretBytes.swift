import CCrypto

/// Bytes that are wiped before their memory is given back, and that cannot be printed.
///
/// What made them (a file, an environment variable, an answer's buffer) is the caller's to wipe; `wipe` does it for
/// memory.
final class SecretBytes: @unchecked Sendable {  // safe: written by init only, wiped by deinit only
    private let buffer: UnsafeMutableRawBufferPointer
    private let release: @Sendable (UnsafeMutableRawBufferPointer) -> Void

    /// Copies `bytes`. `release` gets the wiped memory; tests look at it there.
    init(
        copying bytes: UnsafeRawBufferPointer,
        release: @escaping @Sendable (UnsafeMutableRawBufferPointer) -> Void = { $0.deallocate() }
    ) {
        buffer = .allocate(byteCount: max(bytes.count, 1), alignment: 16)
        buffer.copyMemory(from: bytes)
        byteCount = bytes.count
        self.release = release
    }

    /// Copies the UTF-8 of `string`, which itself stays in memory until its owner lets it go.
    static func copying(_ string: String) -> SecretBytes {
        var string = string
        return string.withUTF8 { SecretBytes(copying: UnsafeRawBufferPointer($0)) }
    }

    deinit {
        Self.wipe(buffer)
        release(buffer)
    }

    let byteCount: Int

    /// The bytes. Copies that the closure makes are its own to wipe.
    func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try withExtendedLifetime(self) { try body(UnsafeRawBufferPointer(rebasing: buffer[..<byteCount])) }
    }

    /// Overwrites memory in a way that the optimiser keeps (OPENSSL_cleanse(3)).
    static func wipe(_ memory: UnsafeMutableRawBufferPointer) {
        OPENSSL_cleanse(memory.baseAddress, memory.count)
    }
}

extension SecretBytes: Equatable {
    /// Takes the same time wherever they differ.
    static func == (one: SecretBytes, other: SecretBytes) -> Bool {
        one.byteCount == other.byteCount
            && CRYPTO_memcmp(one.buffer.baseAddress, other.buffer.baseAddress, one.byteCount) == 0
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "‹\(byteCount) secret bytes›" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
