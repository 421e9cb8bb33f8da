package import Dredge
package import DredgeAWS
package import Logging

/// Finds out, step by step, whether sources can be read, and if not why and who has to change what.
///
/// Everything it sends is harmless: GetCallerIdentity, AssumeRole (with the external ID, without it and with a made-up
/// one: AWS asks who holds many customers' roles to test just that), HeadBucket, ListObjectsV2, HEAD and one byte of
/// one object. All of it shows in CloudTrail, under sessions named `dredge-check-…`. Where a bucket refuses everything
/// else, one listing is asked for at the reader's own cost (requester pays): less than a thousandth of a cent.
package struct AccessCheck: Sendable {
    /// The credentials that sign where a source does not bring its own.
    package var base: BaseCredentials
    /// The environment that AWS's variables are read from.
    package var environment: [String: String]
    /// Is told which roles are assumed, and what is tried again.
    package var logger = Logger.silent
    /// The longest that the check of one source takes; then it ends with what it has found.
    package var durationMax = CheckLimits.durationMax
    /// Waits as long as that; tests have their own clock.
    var sleep: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }

    /// A check with AWS's default credential chain, unless said otherwise.
    package init(base: BaseCredentials = .defaultChain(), environment: [String: String]) {
        self.base = base
        self.environment = environment
    }

    /// Checks `sources`, one after the other, all of them whatever comes of the first.
    package func report(on sources: [Source]) async throws -> CheckReport {
        var report = CheckReport(sources: [])
        for source in sources { report.sources.append(try await check(source)) }
        return report
    }

    /// Checks one source, in at most `durationMax`; a step that takes longer is told as failed. Throws a `RunError`
    /// when this machine gives no thread, and `CancellationError` when the task is cancelled.
    package func check(_ source: Source) async throws -> SourceCheck {
        let connection = try CheckConnection(source, base: base, environment: environment, logger: logger)
        let walk = SourceWalk(over: connection)
        let result = await withTaskGroup(of: SourceCheck?.self) { group in
            group.addTask { await walk.result() }
            group.addTask {
                try? await sleep(durationMax)
                return nil
            }
            // A walk that is cancelled ends at its next request, with what it has found.
            var result: SourceCheck?
            while let ended = await group.next() {
                group.cancelAll()
                result = ended ?? result
            }
            return result
        }
        await connection.close()
        guard !Task.isCancelled, let result else { throw CancellationError() }
        return result
    }
}
