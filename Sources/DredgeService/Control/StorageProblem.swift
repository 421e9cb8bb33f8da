internal import GRDB

extension ServiceError {
    /// The server can't store at the moment: its disk is full, or fails. Nothing of the call was done.
    static func storage(_ error: DatabaseError) -> ServiceError? {
        switch error.resultCode {
        case .SQLITE_FULL:
            .refused(
                .unavailable, "storage_full",
                "The server's disk is full, so nothing was stored. Its operator has to make room; try again later.")
        case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY:
            .refused(
                .unavailable, "storage_failed",
                "The server's disk can't be written to, so nothing was stored. Try again later.")
        default: nil
        }
    }

    /// Whether it is about the server's disk.
    public var isOfStorage: Bool {
        if case .refused(let refusal) = self { refusal.code.hasPrefix("storage_") } else { false }
    }
}
