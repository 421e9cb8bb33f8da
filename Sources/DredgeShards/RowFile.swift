import CZlib
import DredgeBase
import DredgeS3
import Foundation

/// Writes rows into a file that is compressed by gzip. The SHA-256 of what it holds, before compression, names it.
struct RowWriter: ~Copyable {
    private let file: RowCompressor
    private var hash = SHA256()
    private var pending: [UInt8]
    /// Rows so far.
    private(set) var count = 0

    private static let chunkByteCount = 64 << 10

    init(_ path: String, _ kind: ObjectRow.Kind) throws(JobError) {
        file = try RowCompressor(path)
        pending = Array(kind.header.utf8)
    }

    mutating func write(_ row: ObjectRow) throws(JobError) {
        row.append(to: &pending)
        try added()
    }

    /// Writes the row of an object of `source` in a manifest.
    mutating func write(_ record: SortRecord, of source: String) throws(JobError) {
        record.appendRow(of: source, to: &pending)
        try added()
    }

    private mutating func added() throws(JobError) {
        count += 1
        if pending.count >= Self.chunkByteCount { try flush() }
    }

    /// Closes the file; the SHA-256 of what it holds.
    consuming func finish() throws(JobError) -> String {
        try flush()
        try file.finish()
        return Hexadecimal.string(hash.finish())
    }

    private mutating func flush() throws(JobError) {
        hash.update(pending)
        try pending.withUnsafeBufferPointer { (bytes) throws(JobError) in
            try file.write(UnsafeRawBufferPointer(bytes))
        }
        pending.removeAll(keepingCapacity: true)
    }
}

/// Reads the rows of such a file, one after the other.
final class RowReader {
    private let path: String
    private let kind: ObjectRow.Kind
    private let file: gzFile
    private var hash: SHA256? = SHA256()
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    private var place = 0
    private var end = 0
    private var lineNumber = 0

    init(_ path: String, _ kind: ObjectRow.Kind) throws(JobError) {
        self.path = path
        self.kind = kind
        guard let file = gzopen(path, "rb") else {
            throw JobError(
                code: .storage, place: path, message: "Could not read it: \(String(cString: strerror(errno))).",
                advice: "Check the scratch directory.", mayPass: true)
        }
        self.file = file
        let header = try line() ?? []
        guard header.elementsEqual(kind.header.utf8.dropLast()) else { throw damage("its first line is another one") }
    }

    deinit { gzclose(file) }

    /// The next row; nil: there are no more.
    func next() throws(JobError) -> ObjectRow? {
        guard let line = try line() else { return nil }
        guard let row = ObjectRow(line[...], kind) else { throw damage("line \(lineNumber) is no row") }
        return row
    }

    /// The SHA-256 of all lines; to be asked once, when there are no more.
    func finish() -> String { Hexadecimal.string(hash.take()!.finish()) }

    private func line() throws(JobError) -> [UInt8]? {
        var line: [UInt8] = []
        while true {
            if place == end {
                let count = buffer.withUnsafeMutableBytes { gzread(file, $0.baseAddress, UInt32($0.count)) }
                var code: Int32 = Z_OK
                let message = gzerror(file, &code).map { String(cString: $0) } ?? ""
                // A file that was cut off is at its end too.
                guard count >= 0, code != Z_BUF_ERROR, code != Z_DATA_ERROR else { throw damage(message) }
                (place, end) = (0, Int(count))
                if count == 0 {
                    guard line.isEmpty else { throw damage("it ends within a line") }
                    return nil
                }
                buffer.withUnsafeBytes { hash?.update(UnsafeRawBufferPointer(rebasing: $0[..<end])) }
            }
            let newline = buffer[place..<end].firstIndex(of: UInt8(ascii: "\n"))
            line += buffer[place..<(newline ?? end)]
            guard line.count <= ShardLimits.lineByteCountMax else { throw damage("a line is too long") }
            place = newline.map { $0 + 1 } ?? end
            guard newline == nil else {
                lineNumber += 1
                return line
            }
        }
    }

    private func damage(_ what: String) -> JobError {
        JobError(
            code: .badFile, place: path, message: "It is damaged or cut off: \(what).",
            advice: "Plan the job anew.")
    }
}
