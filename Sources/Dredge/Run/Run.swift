/// A run that has begun.
public struct Run: Sendable {
    /// Where the run stands, about five times a second, and once more when it ends. For one reader; what it does not
    /// read in time is overtaken by what is newer.
    public let progress: AsyncStream<RunProgress>
    private let task: Task<Result<RunReport, RunError>, Never>
    private let counters = RunCounters()

    init(_ body: @escaping @Sendable (RunCounters) async throws(RunError) -> RunReport) {
        let (stream, continuation) = AsyncStream.makeStream(of: RunProgress.self, bufferingPolicy: .bufferingNewest(1))
        progress = stream
        task = Task { [counters] in
            let teller = Task {
                var watch = SilenceWatch()
                var silence: RunSilence?
                while !Task.isCancelled {
                    var progress = counters.progress
                    switch watch.step(progress) {
                    case .none: silence = nil
                    case .look(let isFirst): silence = await counters.silence(isFirst: isFirst)
                    case .keep: break
                    }
                    progress.silence = silence
                    continuation.yield(progress)
                    try? await Task.sleep(for: Limits.progressInterval)
                }
            }
            let result: Result<RunReport, RunError>
            do throws(RunError) { result = .success(try await body(counters)) } catch { result = .failure(error) }
            teller.cancel()
            continuation.yield(counters.progress)
            continuation.finish()
            return result
        }
    }

    /// Where the run stands now. Costs next to nothing: ask as often as you like.
    public var figures: RunFigures { RunFigures(counters) }

    /// Waits for the end. Throws the `RunError` that ended the run or one of its sources. Cancelling the task that
    /// waits here stops the run, and the report then says so.
    public func report() async throws(RunError) -> RunReport {
        try await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }.get()
    }

    /// Asks for a clean stop: what is in flight is dropped, what is complete is committed, and the next run goes on
    /// from there.
    public func stop() { task.cancel() }
}
