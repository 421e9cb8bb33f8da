public import Dredge
public import DredgeAWS

extension Engine {
    /// Finds out, step by step, whether `sources` can be read, and if not why and who has to change what. One after the
    /// other, all of them whatever comes of the first.
    ///
    /// ```swift
    /// for source in try await engine.check(sources).sources where source.verdict == .failed { print(source.steps) }
    /// ```
    ///
    /// A check signs with the engine's credentials and sends what a run of the same source would, and some calls more
    /// that tell causes apart; it changes nothing. It has connections of its own, with shorter time limits than a
    /// run's: so it can tell what is wrong while runs use all of the engine's. Throws a `RunError` when this machine
    /// gives no thread, and `CancellationError` when the task is cancelled.
    public func check(_ sources: [Source]) async throws -> CheckReport {
        try await accessCheck.report(on: sources)
    }

    private var accessCheck: AccessCheck {
        var check = AccessCheck(base: base, environment: environment)
        check.logger = logger
        return check
    }

    /// Who the engine's own credentials are, as STS tells. Throws `AWSError` where they can't be had or STS does not
    /// answer, a `RunError` when this machine gives no thread.
    public func callerIdentity() async throws -> CallerIdentity {
        // No bucket is asked for.
        let connection = try CheckConnection(Source(bucket: "none"), base: base, environment: environment)
        let result: Result<CallerIdentity, AWSError>
        do throws(AWSError) {
            let credentials = try await connection.inquiry.baseCredentials().credentials
            result = .success(try await connection.inquiry.callerIdentity(of: credentials))
        } catch {
            result = .failure(error)
        }
        await connection.close()
        return try result.get()
    }

    /// The same for one source: in at most `CheckLimits.durationMax`; a step that takes longer is told as failed.
    public func check(_ source: Source) async throws -> SourceCheck {
        try await accessCheck.check(source)
    }
}
