import CCrypto
import DredgeBase
import Synchronization

/// HMAC-SHA256 (RFC 2104) with one key, by libcrypto.
///
/// Keeps a keyed context, so that a message of a request's size costs a quarter of a microsecond instead of one. The
/// key lives in libcrypto only, which wipes it when this goes.
package final class HMACSHA256: Sendable {
    /// Bytes of a code.
    package static let byteCount = SHA256.byteCount

    private let context: Mutex<Context>

    /// Copies `key` into libcrypto. It must not be empty.
    package init(key: UnsafeRawBufferPointer) {
        precondition(!key.isEmpty, "an HMAC key must not be empty")
        context = Mutex(Context(key: key))
    }

    /// Writes the code of `message` to `output`, which has room for `byteCount` bytes. May be called from any thread.
    package func authenticate(_ message: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
        precondition(output.count >= Self.byteCount, "an HMAC-SHA256 needs \(Self.byteCount) bytes of room")
        context.withLock { $0.authenticate(message, into: output) }
    }

    /// The code of `message`.
    package func authenticate(_ message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.byteCount) { output, count in
            message.withUnsafeBytes { authenticate($0, into: UnsafeMutableRawBufferPointer(output)) }
            count = Self.byteCount
        }
    }

    // Safe: the pointer has one owner, and moves with it.
    private struct Context: ~Copyable, @unchecked Sendable {
        let pointer: OpaquePointer

        init(key: UnsafeRawBufferPointer) {
            guard let pointer = EVP_MAC_CTX_new(algorithm) else {
                fatalError("libcrypto could not allocate an HMAC context")
            }
            self.pointer = pointer
            // OSSL_PARAM keeps the pointers, so that both strings must live until the call. libcrypto only reads the
            // digest's name, though its signature lacks the const.
            let status = OSSL_MAC_PARAM_DIGEST.withCString { name in
                "SHA2-256".withCString { digest in
                    let parameters = [
                        OSSL_PARAM_construct_utf8_string(name, UnsafeMutablePointer(mutating: digest), 0),
                        OSSL_PARAM_construct_end(),
                    ]
                    return EVP_MAC_init(
                        pointer, key.baseAddress?.assumingMemoryBound(to: UInt8.self), key.count, parameters)
                }
            }
            precondition(status == 1, "libcrypto could not set an HMAC key")
        }

        deinit { EVP_MAC_CTX_free(pointer) }

        mutating func authenticate(_ message: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
            var count = 0
            // No key: the context starts over with the one it has (EVP_MAC_init(3)).
            let status =
                EVP_MAC_init(pointer, nil, 0, nil) == 1
                && EVP_MAC_update(pointer, message.baseAddress?.assumingMemoryBound(to: UInt8.self), message.count) == 1
                && EVP_MAC_final(pointer, output.baseAddress?.assumingMemoryBound(to: UInt8.self), &count, output.count)
                    == 1
            precondition(status && count == byteCount, "libcrypto could not compute an HMAC")
        }
    }

    // Safe: fetched once, never freed, immutable (EVP_MAC_fetch(3)).
    private nonisolated(unsafe) static let algorithm: OpaquePointer = {
        guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil) else { fatalError("libcrypto has no HMAC") }
        return algorithm
    }()
}
