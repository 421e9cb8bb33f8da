public import Dredge

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
        try await AccessCheck(base: base, environment: environment).report(on: sources)
    }

    /// The same for one source: in at most `CheckLimits.durationMax`; a step that takes longer is told as failed.
    public func check(_ source: Source) async throws -> SourceCheck {
        try await AccessCheck(base: base, environment: environment).check(source)
    }
}
