import DredgeAWS
import DredgeText
import Foundation
import TestServers
import Testing

@testable import Dredge
@testable import DredgeConfig

/// Config files, changed at random.
@Suite(.timeLimit(.minutes(30))) struct ConfigFuzzTests {
    private static let secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
    private static let environment = ["A": "acme", "N": "7", "S": secret]

    /// All examples, and one that has what they lack.
    private static func corpus() throws -> [[UInt8]] {
        let directory = repositoryRoot.appending(path: "Examples")
        let examples = try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
            .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".json") }
            .map { Array(try Data(contentsOf: directory.appending(path: $0))) }
        let dense = """
            store: ${A}.chunks
            tokenizer: cl100k_base
            chunking: {strategy: lines, max_tokens: 64, overlap_tokens: 16}
            limits: {memory: 1GiB, part: 8MiB, requests: 64, workers: 2, outage_patience: 30m}
            credentials: {access_key: {access_key_id: AKIAIOSFODNN7EXAMPLE, secret_access_key: "${S}"}}
            sources:
              - &one
                {name: one, bucket: abc, prefix: "a/", region: eu-west-1, auth: ambient, deletions: mark}
              - name: two
                bucket: abd
                include: ["**/*.{txt,md}", "a/[0-9]?*"]
                deletion_limits: {count: 5, share: 5%}
                expected_bucket_owner: 123456789012
                endpoint_url: http://127.0.0.1:9000/base
                auth: {access_key: {access_key_id: AKIA, secret_access_key: "${S}", session_token: "${S}"}}
            """
        return examples + [Array(dense.utf8)]
    }

    private static let words = [
        "*one", "&x ", "<<: *one", "? ", "|\n", ">-\n", "!!binary ", "${A}", "${S}", "${", "$$", "\t", "- ", "{", "[",
        "---\n",
        "...\n", "null", "~", "0x1F", ".inf", "1e9GiB", "\u{FEFF}", "\u{2028}", "\u{202E}", "'", "\"\\x00\"",
        "auth: anonymous",
    ]

    /// What is not as it has to be of a config that is taken; nil: all is.
    private static func problem(with config: Config) -> String? {
        // Traps where they are out of range.
        config.limits.check()
        let chunking = config.settings.chunking
        guard ChunkingSettings.maxTokensRange.contains(chunking.maxTokens),
            (0..<chunking.maxTokens).contains(chunking.overlapTokens)
        else { return "\(chunking)" }
        guard !config.sources.isEmpty, Set(config.sources.map(\.name)).count == config.sources.count else {
            return "sources \(config.sources.map(\.name))"
        }
        for source in config.sources {
            guard FieldRules.name(source.name) == nil, FieldRules.prefix(source.prefix) == nil,
                FieldRules.bucket(source.bucket, isLegacyAllowed: true) == nil,
                (0...1).contains(source.removal.shareMax), source.removal.countMax >= 0
            else { return "\(source)" }
            if case .assumeRole(let hops) = source.auth {
                guard !hops.isEmpty, hops.allSatisfy({ ($0.duration ?? .seconds(900)) > .zero }) else {
                    return "\(hops)"
                }
            }
            for pattern in source.include + source.exclude {
                guard let glob = try? GlobPattern(pattern) else { return "the pattern \(pattern)" }
                _ = glob.matches(Array("2025/a/aaaaaaaaaaaaaaaaaaaaaaaaaaaa/b.txt".utf8))
            }
        }
        return nil
    }

    private static func problem(with error: ConfigError, lineCount: Int) -> String? {
        guard let first = error.problems.first else { return "an error without a problem" }
        guard error.problems == error.problems.sorted() else { return "problems out of order" }
        for problem in error.problems {
            guard (0...lineCount + 1).contains(problem.line), problem.column >= 0, !problem.message.isEmpty else {
                return "\(problem) of \(lineCount) lines"
            }
            let text = "\(problem)"
            if text.contains(where: \.isNewline) { return "\(text.debugDescription) is not a line" }
            // The sentence has room for a value, which is cut.
            if problem.message.utf8.count > 4_000 { return "a message of \(problem.message.utf8.count) bytes" }
        }
        return "\(error)".contains(secret) ? "\(first) repeats a secret" : nil
    }

    @Test func `I8: a config is taken within all ranges, or refused with places and without a secret`() throws {
        let corpus = try Self.corpus()
        for seed in Fuzzing.seeds("configs", count: 1_000) {
            var mutator = Mutator(seed: seed, corpus: corpus, separators: "\n,{[", words: Self.words)
            let bytes = mutator.next()
            let lineCount = bytes.count { $0 == 0x0A || $0 == 0x0D } + 1
            var problem: String?
            do throws(ConfigError) {
                problem = Self.problem(
                    with: try Config(bytes: bytes, fileName: "c.yaml", store: .optional, environment: Self.environment))
            } catch {
                problem = Self.problem(with: error, lineCount: lineCount)
            }
            guard let problem else { continue }
            Issue.record("seed \(seed): \(problem): \(Fuzzing.shown(bytes))")
            return
        }
    }
}
