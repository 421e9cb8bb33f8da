import DredgeConfig
import Foundation

extension Config {
    /// Reads the config file at `path`. Throws a `CommandFailure` with all that is wrong.
    init(
        path: String, store: StoreRule = .required,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        let bytes: [UInt8]
        do {
            bytes = try InputFile.read(path, byteCountMax: ConfigLimits.fileByteCountMax + 1)
        } catch {
            throw CommandFailure(.usage, "\(Quoting.escaped(path)): cannot be read: \(error.reason)")
        }
        do {
            try self.init(bytes: bytes, fileName: path, store: store, environment: environment)
        } catch {
            throw CommandFailure(.usage, error.description)
        }
    }

    /// Shows the warnings on standard error.
    func showWarnings() {
        for warning in warnings { StandardError.write("\(warning.description) (warning)\n") }
    }
}
