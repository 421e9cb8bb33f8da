import Foundation

/// How much the fuzz tests do. Each input has a seed of its own, and seeds count up, so that a run with the same
/// environment makes the same inputs.
///
/// - `DREDGE_FUZZ_FACTOR`: so many times the inputs that a fuzz test makes otherwise.
/// - `DREDGE_FUZZ_SEED`: the first seed; 1 otherwise.
public enum Fuzzing {
    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
    }

    /// The seeds of a test that makes `count` inputs.
    /// - Parameter name: what is fuzzed, for what is printed.
    public static func seeds(_ name: String, count: UInt64) -> Range<UInt64> {
        let first = number("DREDGE_FUZZ_SEED") ?? 1
        let count = count * (number("DREDGE_FUZZ_FACTOR") ?? 1)
        // A trap ends the process, and with it whatever would tell how far it came.
        print("fuzzing \(name): seeds \(first) to \(first + count - 1)")
        return first..<first + count
    }

    /// An input, to be shown.
    public static func shown(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(2_000), as: UTF8.self)
        return "\(text.debugDescription), \(Data(bytes.prefix(4_000)).base64EncodedString())"
    }
}
