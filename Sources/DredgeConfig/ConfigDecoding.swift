import Dredge
import DredgeAWS
import DredgeText

/// Decodes the top level of a config file.
struct ConfigDecoding {
    let document: ConfigDocument

    init(_ document: ConfigDocument) { self.document = document }

    private static let keys = ["store", "tokenizer", "chunking", "limits", "credentials", "sources"]

    /// nil where something is wrong, which has been reported.
    func config(store rule: Config.StoreRule, only names: [String]) -> Config? {
        guard let root = document.root, !root.isEmpty else {
            document.report("the file is empty; write at least store and sources", path: "", mark: nil)
            return nil
        }
        // A file in the flat form is one source, and may hold every other key of a source.
        let unlisted = FlatForm.keys + (FlatForm.isUsed(in: root) ? SourceDecoding.keys : [])
        guard
            let top = ConfigMapping(root, known: Self.keys, unlisted: unlisted, advice: "store: …, sources: …")
        else { return nil }
        let store: String?? =
            switch rule {
            case .replaced(let path): path
            case .optional where top["store"] == nil: .some(nil)
            case .optional, .required: storePath(top)
            }
        let tokenizer = top["tokenizer"].map { self.tokenizer($0) } ?? .o200kBase
        let chunking = top["chunking"].map { self.chunking($0) } ?? .lines()
        let limits = top["limits"].map { self.limits($0) } ?? .default
        let base = top["credentials"].map { self.base($0) } ?? .defaultChain()
        let sources = SourceDecoding(document, base: base ?? .defaultChain()).sources(top, only: names)
        guard let store, let tokenizer, let chunking, let limits, let base, let sources else { return nil }
        return Config(
            store: store, settings: IndexSettings(tokenizer: tokenizer, chunking: chunking), limits: limits, base: base,
            sources: sources)
    }

    private func storePath(_ top: ConfigMapping) -> String? {
        let advice = "write the path of the store's file, or use --store"
        return top.required("store", advice)?.checked(advice, by: FieldRules.storePath)
    }

    func tokenizer(_ value: ConfigValue) -> Tokenizer? {
        choice(value, of: Tokenizer.allCases.map { ($0.rawValue, $0) })
    }

    func chunking(_ value: ConfigValue) -> ChunkingSettings? {
        let advice = "{strategy: lines, max_tokens: 512, overlap_tokens: 0}"
        guard let mapping = ConfigMapping(value, known: ["strategy", "max_tokens", "overlap_tokens"], advice: advice)
        else {
            return nil
        }
        let strategy =
            mapping["strategy"].map { choice($0, of: [("lines", ChunkingSettings.Strategy.lines)]) } ?? .lines
        let standard = ChunkingSettings.lines()
        let maxTokens =
            mapping["max_tokens"].map { $0.integer(in: ChunkingSettings.maxTokensRange) } ?? standard.maxTokens
        let overlapTokens =
            mapping["overlap_tokens"].map { $0.integer(in: 0...(ChunkingSettings.maxTokensRange.upperBound - 1)) }
            ?? standard.overlapTokens
        guard strategy != nil, let maxTokens, let overlapTokens else { return nil }
        guard overlapTokens < maxTokens else {
            mapping["overlap_tokens"]?.report(
                "is \(overlapTokens), but must be smaller than max_tokens, which is \(maxTokens)")
            return nil
        }
        return .lines(maxTokens: maxTokens, overlapTokens: overlapTokens)
    }

    func limits(_ value: ConfigValue) -> Limits? {
        let advice = "{memory: 1GiB, requests: 128}"
        let known = ["memory", "requests", "part", "workers", "outage_patience"]
        guard let mapping = ConfigMapping(value, known: known, advice: advice) else { return nil }
        let standard = Limits.default
        let memory =
            mapping["memory"].map { $0.byteCount(in: ConfigLimits.memoryByteCount) } ?? standard.memoryByteCount
        let requests = mapping["requests"].map { $0.integer(in: ConfigLimits.requestCount) } ?? standard.requestCount
        let part = mapping["part"].map { $0.byteCount(in: ConfigLimits.partByteCount) } ?? standard.partByteCount
        let workers = mapping["workers"].map { $0.integer(in: ConfigLimits.workerCount) } ?? standard.workerCount
        let patience =
            mapping["outage_patience"].map { $0.seconds(in: ConfigLimits.outagePatienceSeconds) }
            ?? Int(standard.outagePatience.components.seconds)
        guard let memory, let requests, let part, let workers, let patience else { return nil }
        // A part must fit twice: one is in work while the next one is fetched.
        guard part <= memory / 2 else {
            let place = mapping["part"] ?? mapping["memory"]
            place?.report(
                "a part of \(Quantities.spelledByteCount(part)) does not fit twice into the memory of "
                    + "\(Quantities.spelledByteCount(memory)); make part smaller or memory larger")
            return nil
        }
        var limits = Limits.default
        limits.memoryByteCount = memory
        limits.requestCount = requests
        limits.partByteCount = part
        limits.workerCount = workers
        limits.outagePatience = .seconds(patience)
        return limits
    }

    func base(_ value: ConfigValue) -> BaseCredentials? {
        let advice = "profile: NAME, or access_key: {access_key_id: …, secret_access_key: …}"
        guard let mapping = ConfigMapping(value, known: ["profile", "access_key"], advice: advice) else { return nil }
        let given = mapping.present(["profile", "access_key"])
        guard given.count == 1 else {
            if given.isEmpty {
                value.report("is empty: \(advice)")
            } else {
                given[1].report("stands beside \(given[0].name); give one of them")
            }
            return nil
        }
        if let profile = mapping["profile"] {
            return profile.checked("write the name of a profile of ~/.aws/config", by: FieldRules.name).map {
                .defaultChain(profile: $0)
            }
        }
        return AuthDecoding(document).accessKey(given[0]).map { .fixed($0) }
    }

    /// The value that goes with one of a few names.
    func choice<Value>(_ value: ConfigValue, of choices: [(name: String, value: Value)]) -> Value? {
        let names = choices.map(\.name)
        guard let text = value.text("write \(names.joined(separator: " or "))") else { return nil }
        if let chosen = choices.first(where: { $0.name == text.value }) { return chosen.value }
        let nearest = NameSuggestion.nearest(to: text.value, among: names).map { "; did you mean \($0)?" }
        value.report("\(Quoting.quoted(text.written)) is not one of: \(names.joined(separator: ", "))\(nearest ?? "")")
        return nil
    }
}
