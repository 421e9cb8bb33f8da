public import Dredge
import DredgeS3
import Foundation

/// A file that names the objects of a job, one a line: as `s3://bucket/key`, or by their keys alone where there is one
/// source. Keys are as they are, not encoded; one with a line break can't be named so.
public struct KeyList: Sendable {
    private var keys: [[ObjectKey]]

    /// Reads a file. Memory is that of the file, twice.
    /// - Throws: a `JobError` with the line that names no object of a source.
    public init(_ path: String, of sources: [Source]) throws(JobError) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw JobError(
                code: .usage, place: path, message: "It can't be read.", advice: "Give a file with a key on each line.")
        }
        keys = sources.map { _ in [] }
        for (number, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if line.isEmpty { continue }
            guard let (source, key) = Self.name(Array(line), of: sources) else {
                throw JobError(
                    code: .usage, place: "\(path):\(number + 1)",
                    message: sources.count == 1
                        ? "It is no key below the prefix of the source."
                        : "It is no s3://bucket/key of one of the sources.",
                    advice: "Correct the line, or the config.")
            }
            keys[source].append(ObjectKey(key))
        }
    }

    /// The keys of the source with this index.
    func keys(of source: Int) -> [ObjectKey] { keys[source] }

    private static func name(_ line: [UInt8], of sources: [Source]) -> (Int, [UInt8])? {
        for (index, source) in sources.enumerated() {
            let start = Array("s3://\(source.bucket)/".utf8)
            let key = line.starts(with: start) ? Array(line.dropFirst(start.count)) : sources.count == 1 ? line : []
            if !key.isEmpty, key.count <= S3Limits.keyByteCountMax, key.starts(with: source.prefix.utf8) {
                return (index, key)
            }
        }
        return nil
    }
}
