import Dredge
import DredgeConfig

/// Where a run stands, in one line.
struct ProgressLine {
    /// The rate is that of this many last seconds: long enough to be calm, short enough to tell what is going on now.
    static let rateWindowSeconds = 10.0
    /// Seconds of a run before which no rate is shown: it would say nothing.
    private static let firstEstimate: Duration = .seconds(1)

    private var samples: [(elapsed: Double, fetched: UInt64, done: UInt64)] = []

    /// `1,204/20,000 objects  6 %  512.3 MB/8.38 GB  61.2 MB/s  ETA 2:03  128.1M tokens  2/5 sources`; while the
    /// listing goes on there is a `+` behind what is listed so far, and nobody knows the share and the time left.
    mutating func text(_ progress: RunProgress, columnCount: Int) -> String {
        let rates = self.rates(progress)
        let total = Figures.count(progress.listedCount) + (progress.isListingComplete ? "" : "+")
        var parts = ["\(Figures.count(progress.doneCount))/\(total) objects"]
        if progress.failedCount > 0 { parts.append("\(Figures.count(progress.failedCount)) failed") }
        if let silence = progress.silence {
            // Before what stands still.
            parts.append("waiting for \(Figures.count(silence.requestCount, "request"))")
            parts.append("the longest since \(Figures.time(silence.firstSince)): \(Quoting.escaped(silence.first))")
        }
        if progress.isListingComplete, progress.plannedByteCount > 0 {
            let done = min(progress.doneByteCount, progress.plannedByteCount)
            let share = Double(done) / Double(progress.plannedByteCount)
            parts.append("\(Int((share * 100).rounded(.down))) %")
            parts.append("\(Figures.bytes(done))/\(Figures.bytes(progress.plannedByteCount))")
        } else {
            parts.append(Figures.bytes(progress.fetchedByteCount))
        }
        parts.append(Figures.rate(rates.fetched))
        if let wait = progress.waits.first {
            parts.append("waiting for \(Quoting.escaped(wait.source)) since \(Figures.time(wait.since))")
        } else if let remaining = remainingSeconds(progress, rate: rates.done) {
            parts.append("ETA \(Figures.clock(remaining))")
        }
        parts.append("\(Figures.short(progress.tokenCount)) tokens")
        if progress.sources.count > 1 { parts.append(Self.sources(progress)) }
        return Self.fitted(parts, columnCount: columnCount)
    }

    /// The last one that is read by its name, else how many are done.
    private static func sources(_ progress: RunProgress) -> String {
        if progress.openSources.count == 1 { return "source \(Quoting.quoted(progress.openSources[0]))" }
        let done = progress.sources.count { !$0.isOpen }
        return "\(Figures.count(done))/\(Figures.count(progress.sources.count)) sources"
    }

    /// nil: nobody can tell yet, because the listing goes on or nothing has been read.
    private func remainingSeconds(_ progress: RunProgress, rate: Double) -> Double? {
        guard progress.isListingComplete, rate > 0, progress.elapsed > Self.firstEstimate,
            progress.plannedByteCount > progress.doneByteCount
        else {
            return nil
        }
        return Double(progress.plannedByteCount - progress.doneByteCount) / rate
    }

    private mutating func rates(_ progress: RunProgress) -> (fetched: Double, done: Double) {
        let now = progress.elapsed.seconds
        samples.append((now, progress.fetchedByteCount, progress.doneByteCount))
        // One sample from before the window stays, so that the window is full.
        while samples.count > 2, samples[1].elapsed <= now - Self.rateWindowSeconds { samples.removeFirst() }
        let first = samples[0]
        let seconds = now - first.elapsed
        guard seconds > 0 else { return (0, 0) }
        func rate(_ last: UInt64, _ first: UInt64) -> Double { last > first ? Double(last - first) / seconds : 0 }
        return (rate(progress.fetchedByteCount, first.fetched), rate(progress.doneByteCount, first.done))
    }

    /// As many parts as fit, so that no number is cut in half; one column stays free, because terminals wrap at the
    /// last one.
    static func fitted(_ parts: [String], columnCount: Int) -> String {
        var line = ""
        for part in parts {
            let longer = line.isEmpty ? part : line + "  " + part
            guard longer.count < columnCount else { break }
            line = longer
        }
        return line.isEmpty ? String((parts.first ?? "").prefix(max(0, columnCount - 1))) : line
    }
}
