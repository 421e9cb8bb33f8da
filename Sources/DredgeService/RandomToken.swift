internal import DredgeBase

/// Random names and secrets, from the system's cryptographic generator.
package enum RandomToken {
    /// `byteCount` random bytes in lower-case hexadecimal.
    package static func hexadecimal(byteCount: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return Hexadecimal.string(bytes)
    }

    /// An identifier such as `job_0123456789abcdef01234567`.
    static func identifier(_ prefix: String) -> String { "\(prefix)_\(hexadecimal(byteCount: 12))" }
}

/// Whether two texts are the same. Takes as long for texts that differ early as for those that differ late; only
/// their lengths can be told from the time.
package func isEqualInConstantTime(_ left: String, _ right: String) -> Bool {
    let (left, right) = (Array(left.utf8), Array(right.utf8))
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for (a, b) in zip(left, right) { difference |= a ^ b }
    return difference == 0
}
