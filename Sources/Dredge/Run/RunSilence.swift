import DredgeS3

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// What a run waits for to which nothing has come for a while, though requests are under way.
public struct RunSilence: Sendable, Hashable {
    /// Requests that are under way.
    public var requestCount: Int
    /// What the one that began first asks for: `s3://bucket/key`, or `the listing of s3://bucket/prefix`. Printable.
    public var first: String
    /// When that one began: of a request that is made again, this attempt.
    public var firstSince: Date
}

extension RunSilence {
    /// Asks `sources` for what is under way; nil: nothing is.
    init?(of sources: [OpenSource], now: ContinuousClock.Instant = .now, date: Date = Date()) async {
        var count = 0
        var first: (source: OpenSource, requests: OpenRequests)?
        for source in sources {
            guard let requests = await source.service.openRequests() else { continue }
            count += requests.count
            if let first, first.requests.firstBegan <= requests.firstBegan { continue }
            first = (source, requests)
        }
        guard let (source, requests) = first else { return nil }
        requestCount = count
        self.first =
            requests.firstKey.map { "s3://\(source.source.bucket)/\($0)" } ?? "the listing of \(source.url)"
        firstSince = date.addingTimeInterval((requests.firstBegan - now) / .seconds(1))
    }
}

/// Notices when nothing comes to a run any more, from what it tells of itself: its reads do nothing for that.
struct SilenceWatch {
    private struct Arrived: Equatable {
        var listedCount = 0
        var doneCount = 0
        var byteCount: UInt64 = 0
    }

    private var arrived = Arrived()
    private var arrivedAt: Duration = .zero
    private var lookedAt: Duration?

    /// What is to be done about silence.
    enum Step { case none, look(isFirst: Bool), keep }

    /// Whether to look for what the run waits for; `keep`: the last look was a moment ago.
    mutating func step(_ progress: RunProgress) -> Step {
        let now = Arrived(
            listedCount: progress.listedCount, doneCount: progress.doneCount, byteCount: progress.fetchedByteCount)
        // Who waits for a source says so.
        if now != arrived || !progress.waits.isEmpty {
            arrived = now
            arrivedAt = progress.elapsed
            lookedAt = nil
        }
        guard progress.elapsed - arrivedAt >= Limits.silenceMin else { return .none }
        if let lookedAt, progress.elapsed - lookedAt < Limits.silenceLookInterval { return .keep }
        defer { lookedAt = progress.elapsed }
        return .look(isFirst: lookedAt == nil)
    }
}
