import Dredge
import DredgeAWS
import Foundation
import Logging

/// What a command does for `--metrics-listen` and `--metrics-file` while it works.
struct MetricsOutput: Sendable {
    static let fileInterval: Duration = .seconds(5)

    private let metrics = RunMetrics()
    private let server: MetricsServer?
    private let file: MetricsFile?
    private let writing: Task<Void, Never>?

    /// Begins at once. Throws a `CommandFailure` where it can't listen, or write the file.
    init(_ options: MetricsOptions, _ log: CommandLog) throws {
        let (metrics, logger) = (metrics, log.logger)
        file = options.metricsFile.map { MetricsFile($0) }
        if let file {
            do { try file.write(metrics.text) } catch {
                throw CommandFailure(.fatal, "dredge: --metrics-file: \(error)")
            }
        }
        server = try options.metricsListen.map { try MetricsServer($0) { metrics.text } }
        if let server { logger.info("metrics are served", metadata: ["url": "\(server.url)"]) }
        writing = file.map { file in
            Task {
                // Said once, not every few seconds.
                var isWell = true
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.fileInterval)
                    isWell = Self.write(metrics, to: file, isWell ? logger : .silent)
                }
            }
        }
    }

    /// The numbers are those of `run` from now on.
    func watch(_ run: Run, of engine: Engine) { metrics.watch(run, of: engine) }

    /// Does `body`, and writes the file a last time with how it ended.
    func during<Value>(_ log: CommandLog, _ body: () async throws -> Value) async throws -> Value {
        do {
            let value = try await body()
            await end(.complete, log)
            return value
        } catch {
            await end(RunMetrics.Outcome((error as? CommandFailure)?.status ?? .fatal), log)
            throw error
        }
    }

    private func end(_ outcome: RunMetrics.Outcome, _ log: CommandLog) async {
        metrics.end(outcome)
        writing?.cancel()
        await writing?.value
        if let file { Self.write(metrics, to: file, log.logger) }
        server?.stop()
    }

    /// Whether they were written.
    @discardableResult
    private static func write(_ metrics: RunMetrics, to file: MetricsFile, _ logger: Logger) -> Bool {
        do {
            try file.write(metrics.text)
            return true
        } catch {
            logger.warning("the metrics can't be written", metadata: ["reason": "\(error)"])
            return false
        }
    }
}
