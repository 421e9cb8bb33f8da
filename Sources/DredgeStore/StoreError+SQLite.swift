package import DredgeLedger
internal import Foundation
internal import GRDB

extension StoreError {
    /// `error` as a `StoreError`; `byteCount` is what the failed transaction held.
    package init(_ error: any Error, path: String, writing byteCount: Int? = nil) {
        if let error = error as? StoreError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self.init(code: .sqlite, path: path, message: "\(path): \(error)", advice: "")
            return
        }
        let text = "\(error.message ?? "unknown error") (SQLite code \(error.extendedResultCode.rawValue))"
        switch error.resultCode {
        case .SQLITE_FULL:
            self = .diskFull(path: path, byteCount: byteCount)
        case .SQLITE_IOERR where freeByteCount(besides: path).map { $0 < 1 << 20 } ?? false:
            // Out of space shows as an I/O error where SQLite extends its shared-memory file or syncs.
            self = .diskFull(path: path, byteCount: byteCount)
        case .SQLITE_IOERR:
            var limit = rlimit()
            let isLimited = getrlimit(fileSizeResource, &limit) == 0 && limit.rlim_cur < UInt64(Int64.max)
            self.init(
                code: .sqlite, path: path, message: "\(path): \(text).",
                advice: isLimited
                    ? "A file of this process may have \(limit.rlim_cur) bytes: raise that (ulimit -f), and run again."
                    : "The disk or its file system has failed: look into the system's log, and run again.")
        case .SQLITE_READONLY, .SQLITE_PERM:
            self.init(
                code: .readOnly, path: path, message: "\(path) cannot be written to: \(text).",
                advice: "Give this user write permission to the file and its directory.")
        case .SQLITE_NOTADB where StoreHeader(path: path)?.isOurs != true:
            self = .notAStore(path: path, what: "it is not an SQLite file")
        case .SQLITE_ERROR where error.message == "unsupported file format" && StoreHeader(path: path)?.isOurs == true,
            .SQLITE_NOTADB, .SQLITE_CORRUPT:
            self.init(
                code: .corrupt, path: path, message: "\(path) is damaged: \(text).",
                advice: StoreError.repairAdvice)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                code: .inUse, path: path, message: "\(path) is locked by another program: \(text).",
                advice: """
                    Wait until the other program has finished, or end it. If there is none, the file system gives no \
                    locks: put the store on a local disk.
                    """)
        case .SQLITE_CANTOPEN:
            self.init(
                code: .cannotOpen, path: path, message: "\(path) cannot be opened: \(text).",
                advice: "Check that the file exists, that this user may read it and write to its directory.")
        default:
            self.init(code: .sqlite, path: path, message: "\(path): \(text).", advice: "")
        }
    }

    static func notAStore(path: String, what: String) -> StoreError {
        StoreError(
            code: .notAStore, path: path, message: "\(path) is not a chunk store: \(what).",
            advice: "Name another path. The file was left as it is.")
    }

    static func diskFull(path: String, byteCount: Int?) -> StoreError {
        let wanted = byteCount.map { " while \($0) bytes were being written" } ?? ""
        let free = freeByteCount(besides: path).map { "; \($0) bytes are free" } ?? ""
        return StoreError(
            code: .diskFull, path: path, message: "No space is left for \(path)\(wanted)\(free).",
            advice: """
                Free some space or move the store to a larger disk, then run again: it goes on behind the last whole \
                object.
                """
        )
    }

    static let repairAdvice =
        "`dredge store verify` says where; `dredge store repair` drops it and lets it be read again."

    static func damagedRow(path: String, _ what: String) -> StoreError {
        StoreError(
            code: .corrupt, path: path, message: "\(path) is damaged: the row of \(what) is not as it was written.",
            advice: repairAdvice)
    }

    static func closed(path: String) -> StoreError {
        StoreError(code: .closed, path: path, message: "\(path) was closed.", advice: "Open the store again.")
    }
}

/// The limit on a file's size, in the type that this platform's function takes.
#if canImport(Glibc)
    private let fileSizeResource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
#else
    private let fileSizeResource = RLIMIT_FSIZE
#endif

/// Free bytes of the file system with `path`, for messages only.
private func freeByteCount(besides path: String) -> UInt64? {
    var info = statvfs()
    let directory = (path as NSString).deletingLastPathComponent
    guard statvfs(directory.isEmpty ? "." : directory, &info) == 0 else { return nil }
    return UInt64(info.f_bavail) * UInt64(info.f_frsize)
}

/// Runs `body` and turns whatever it throws into a `StoreError`.
func storeErrors<T>(_ path: String, _ body: () throws -> T) throws(StoreError) -> T {
    do { return try body() } catch { throw StoreError(error, path: path) }
}
