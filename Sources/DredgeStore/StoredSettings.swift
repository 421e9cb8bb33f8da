internal import DredgeBase
internal import Foundation

/// A store's settings in the forms that the file has them in.
struct StoredSettings: Sendable {
    let values: [String: String]

    init(_ values: [String: String]) { self.values = values }

    /// From `json`; nil: it is none.
    init?(json: String?) {
        guard let json, let values = try? JSONDecoder().decode([String: String].self, from: Data(json.utf8)) else {
            return nil
        }
        self.values = values
    }

    /// As a run's row keeps them.
    var json: String { (try? JSONEncoder.sorted.encode(values)).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// As a run's row keeps it.
    var sha256: String { SHA256.hex(hashInput) }

    /// The settings' part of the digest.
    var hashInput: [UInt8] {
        var bytes: [UInt8] = []
        func append(_ value: UInt64) { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
        append(UInt64(values.count))
        for (name, value) in values.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            for text in [name, value] {
                append(UInt64(text.utf8.count))
                bytes += Array(text.utf8)
            }
        }
        return bytes
    }
}
