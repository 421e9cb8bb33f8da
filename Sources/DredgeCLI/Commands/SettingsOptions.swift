import ArgumentParser
import Dredge
import DredgeConfig
import DredgeText

/// The flags for chunks, which decide the store's content, and for limits.
struct SettingsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("\(Tokenizer.names); default o200k_base.", valueName: "name"))
    var tokenizer: String?

    @Option(help: ArgumentHelp("The most tokens in a chunk; default 512.", valueName: "count"))
    var maxTokens: String?

    @Option(
        help: ArgumentHelp(
            "Tokens that a chunk repeats of the one before; default 0.", valueName: "count", visibility: .rare))
    var overlapTokens: String?

    @Option(
        help: ArgumentHelp(
            "Memory budget, as 512MiB; default 1GiB or less.", valueName: "size"))
    var memory: String?

    @Option(help: ArgumentHelp("GETs in flight, at most; default 1024.", valueName: "count", visibility: .rare))
    var requests: String?

    @Option(
        help: ArgumentHelp(
            "How long to wait for a service that is down before the run ends, as 45m; default 30m.",
            valueName: "time", visibility: .rare))
    var outagePatience: String?

    func tokenizer(_ check: inout FlagCheck) -> Tokenizer {
        check.rule("--tokenizer", tokenizer, Tokenizer.complaint)
        return tokenizer.flatMap(Tokenizer.init(rawValue:)) ?? .o200kBase
    }

    func chunking(_ check: inout FlagCheck) -> ChunkingSettings {
        let standard = ChunkingSettings.lines()
        let range = ChunkingSettings.maxTokensRange
        let maxTokens =
            check.number("--max-tokens", self.maxTokens, words(range), in: range) { Int($0) } ?? standard.maxTokens
        let overlaps = 0...(maxTokens - 1)
        let overlapTokens = check.number(
            "--overlap-tokens", self.overlapTokens, "\(words(overlaps)), below --max-tokens", in: overlaps
        ) { Int($0) }
        return .lines(maxTokens: maxTokens, overlapTokens: overlapTokens ?? standard.overlapTokens)
    }

    func limits(_ check: inout FlagCheck) -> Limits {
        var limits = Limits.default
        let sizes = ConfigLimits.memoryByteCount
        let low = Quantities.spelledByteCount(sizes.lowerBound), high = Quantities.spelledByteCount(sizes.upperBound)
        if let bytes = check.number(
            "--memory", memory, "a size from \(low) to \(high)", in: sizes, Quantities.byteCount)
        {
            limits.memoryByteCount = bytes
        }
        let range = ConfigLimits.requestCount
        if let count = check.number("--requests", requests, words(range), in: range, { Int($0) }) {
            limits.requestCount = count
        }
        let patience = ConfigLimits.outagePatienceSeconds
        let longest = Quantities.spelledSeconds(patience.upperBound)
        if let seconds = check.number(
            "--outage-patience", outagePatience, "a time from 0s to \(longest)", in: patience, Quantities.seconds)
        {
            limits.outagePatience = .seconds(seconds)
        }
        return limits
    }

    private func words(_ range: ClosedRange<Int>) -> String {
        "a whole number from \(range.lowerBound) to \(range.upperBound)"
    }
}

extension Tokenizer {
    static var names: String { allCases.map(\.rawValue).joined(separator: " or ") }

    /// The end of a sentence that begins with the name; nil for a tokenizer's.
    static func complaint(_ name: String) -> String? {
        Tokenizer(rawValue: name) == nil ? "is not a tokenizer's name: \(names)" : nil
    }
}
