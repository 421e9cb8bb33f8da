package import Logging

extension Logger {
    /// Logs nothing.
    package static let silent = Logger(label: "dredge", factory: { _ in SwiftLogNoOpLogHandler() })
}
