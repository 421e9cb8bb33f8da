import CZlib
import DredgeBase
import DredgeS3
import Foundation

/// Writes rows into a file that is compressed by gzip. The SHA-256 of what it holds, before compression, names it.
struct RowWriter: ~Copyable {
    private let path: String
    private let file: gzFile
    private var hash = SHA256()
    private var pending: [UInt8]
    /// Rows so far.
    private(set) var count = 0

    private static let chunkByteCount = 64 << 10

    init(_ path: String, _ kind: ObjectRow.Kind) throws(JobError) {
        self.path = path
        guard let file = gzopen(path, "wb6") else { throw Self.failure(path, String(cString: strerror(errno))) }
        self.file = file
        pending = Array(kind.header.utf8)
    }

    mutating func write(_ row: ObjectRow) throws(JobError) {
        pending += row.line
        count += 1
        if pending.count >= Self.chunkByteCount { try flush() }
    }

    /// Closes the file; the SHA-256 of what it holds.
    consuming func finish() throws(JobError) -> String {
        do throws(JobError) { try flush() } catch {
            gzclose(file)
            throw error
        }
        guard gzclose(file) == Z_OK else { throw Self.failure(path, String(cString: strerror(errno))) }
        return Hexadecimal.string(hash.finish())
    }

    private mutating func flush() throws(JobError) {
        hash.update(pending)
        let count = pending.withUnsafeBytes { gzwrite(file, $0.baseAddress, UInt32($0.count)) }
        guard pending.isEmpty || Int(count) == pending.count else {
            throw Self.failure(path, String(cString: strerror(errno)))
        }
        pending.removeAll(keepingCapacity: true)
    }

    private static func failure(_ path: String, _ why: String) -> JobError {
        JobError(
            code: .storage, place: path, message: "Could not write it: \(why).",
            advice: "Check the scratch directory and the space that is left there.", mayPass: true)
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
