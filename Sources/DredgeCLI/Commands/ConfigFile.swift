import DredgeConfig
import Foundation
import Logging

enum ConfigFile {
    /// What is in the file at `path`, cut behind what a config may have. Throws a `CommandFailure` where it can't be
    /// read.
    static func bytes(of path: String) throws -> [UInt8] {
        do {
            return try InputFile.read(path, byteCountMax: ConfigLimits.fileByteCountMax + 1)
        } catch {
            throw CommandFailure(.usage, "\(Quoting.escaped(path)): cannot be read: \(error.reason)")
        }
    }
}

extension Config {
    /// Reads the config file at `path`. Throws a `CommandFailure` with all that is wrong.
    init(
        path: String, store: StoreRule = .required, only sources: [String] = [],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        try self.init(try ConfigFile.bytes(of: path), of: path, store: store, only: sources, environment: environment)
    }

    /// The same of a file that was read.
    init(
        _ bytes: [UInt8], of path: String, store: StoreRule, only sources: [String] = [],
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        do {
            try self.init(
                bytes: bytes, fileName: path, store: store, only: sources, environment: environment)
        } catch {
            throw CommandFailure(.usage, of: error, error.description)
        }
    }

    /// Shows the warnings on standard error.
    func showWarnings(_ log: CommandLog = CommandLog()) {
        guard log.logLevel <= .warning else { return }
        for warning in warnings { log.say("\(warning.description) (warning)") }
    }
}
