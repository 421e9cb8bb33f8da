import Dredge
import DredgeAWS
import DredgeLedger
import DredgeS3

extension SourceWalk {
    /// The listing was refused: tries what would not be if one cause or another were true.
    mutating func checkRefusedListing(_ error: S3Error) async {
        var step = CheckStep(kind: .list, title: Self.title(.list, source), verdict: .failed)
        defer { steps.append(step) }
        step.answer = ServiceRefusal(error)
        var evidence = BucketEvidence(
            source: source, reader: reader, action: "s3:ListBucket", denial: Denial(error.words), error: error)
        await widen()
        // A session that is narrowed to the prefix would refuse all others by itself.
        if holders.last?.wideCredentials != nil { evidence.wide = await listTrial(.init(isWide: true), source.prefix) }
        for prefix in Self.relatives(of: source.prefix) where evidence.allowedPrefix == nil && evidence.wide != .allowed
        {
            if await listTrial(.init(isWide: true), prefix) == .allowed { evidence.allowedPrefix = prefix }
        }
        if evidence.allowedPrefix == nil, evidence.wide != .allowed, !source.requestPayer, reader != nil {
            evidence.payingReader = await listTrial(.init(requestPayer: true, isWide: true), source.prefix)
        }
        evidence.objectRead = await markerTrial()
        step.causes = evidence.listCauses()
        step.trail = evidence.trail(event: "ListObjects")
    }

    /// The listing worked. Leaves an object that a run would read.
    mutating func checkListing(_ first: ListPage, _ client: S3Client) async {
        var step = CheckStep(kind: .list, title: Self.title(.list, source), verdict: .passed)
        defer { steps.append(step) }
        guard !first.objects.isEmpty else {
            step.verdict = .warned
            await widen()
            step.causes = [await nothingListed(self.client(.init(isWide: true)))]
            return
        }
        step.facts.append(
            first.continuationToken == nil
                ? first.objects.count == 1 ? "There is 1 key." : "There are \(first.objects.count) keys."
                : "There are more than \(first.objects.count) keys.")
        // The patterns were found right before.
        guard let filter = try? SourceFilter(source) else { return }
        var skipped: [String: Int] = [:]
        var page = first
        for number in 1...CheckLimits.pageCount {
            for object in page.objects where object.flaw == nil {
                guard let reason = filter.skipReason(object) else {
                    self.object = object
                    others = page.objects.filter {
                        $0.flaw == nil && filter.skipReason($0) == nil && $0.key != object.key
                    }
                    others = [others.last, others.count > 2 ? others[others.count / 2] : nil].compactMap { $0 }
                    return
                }
                skipped[reason.rawValue, default: 0] += 1
            }
            guard number < CheckLimits.pageCount, let token = page.continuationToken,
                let next = try? await client.listPage(prefix: ObjectKey(source.prefix), continuationToken: token)
            else { break }
            page = next
        }
        step.verdict = .warned
        step.causes = [nothingToRead(skipped, isComplete: page.continuationToken == nil, first)]
    }

    private func nothingToRead(_ skipped: [String: Int], isComplete: Bool, _ first: ListPage) -> CheckCause {
        let count = skipped.values.reduce(0, +)
        let reasons = skipped.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
        let example = first.objects.first { $0.key.bytes.last != UInt8(ascii: "/") }.map { " A key there: \($0.key)" }
        let what =
            if skipped[SkipReason.archived.rawValue] == count {
                "Ask the bucket's owner to restore the objects (aws s3api restore-object), or read others."
            } else if skipped[SkipReason.filtered.rawValue] != nil {
                "Compare include and exclude in the config with the keys; a pattern with a slash is about the whole "
                    + "key.\(example ?? "")"
            } else {
                "Check the prefix: folder markers and empty objects hold no text."
            }
        return CheckCause(
            skipped[SkipReason.archived.rawValue] == count ? .objectArchived : .nothingToRead, isCertain: isComplete,
            "A run would read none of \(isComplete ? "the" : "the first") \(count) objects.",
            because: "They are skipped: \(reasons.joined(separator: ", ")).", change: RequiredChange(.you, what))
    }

    /// Nothing lies under the prefix: names what does lie near it.
    private func nothingListed(_ client: S3Client) async -> CheckCause {
        guard !source.prefix.isEmpty else {
            return CheckCause(
                .nothingUnderPrefix, isCertain: true, "The bucket is empty.", because: "Its listing is.",
                change: RequiredChange(.you, "Check that it is the right bucket."))
        }
        let near = await nearPrefixes(client)
        let what =
            near.isEmpty
            ? "Check the prefix against the keys; capital letters and slashes count, and a "
                + "prefix does not begin with a slash."
            : "Write one of those that there are as prefix in the config: \(near.joined(separator: ", "))"
        return CheckCause(
            .nothingUnderPrefix, isCertain: true, "No key begins with \"\(source.prefix)\".",
            because: "The listing is allowed, and empty.", change: RequiredChange(.you, what))
    }

    /// The folders at the level of the prefix, those that are most like it first. Skips over a folder's keys by asking
    /// for what follows it.
    private func nearPrefixes(_ client: S3Client) async -> [String] {
        let parent = Self.parent(of: source.prefix)
        var folders: [String] = []
        var after: ObjectKey?
        for _ in 0..<CheckLimits.nearPrefixListingCount {
            guard let page = try? await client.listPage(prefix: ObjectKey(parent), startAfter: after),
                let last = page.objects.last
            else { break }
            for object in page.objects {
                let folder = Self.folder(of: object.key, under: parent)
                if folders.last != folder { folders.append(folder) }
            }
            guard page.continuationToken != nil else { break }
            // Behind every key of the last folder: U+10FFFF is the last character that there is.
            after = folders.last.map { $0.hasSuffix("/") ? ObjectKey($0 + "\u{10FFFF}") : last.key }
        }
        let wanted = source.prefix.dropFirst(parent.count).lowercased()
        func likeness(_ folder: String) -> Int {
            zip(folder.dropFirst(parent.count).lowercased(), wanted).prefix { $0 == $1 }.count
        }
        return folders.map { ($0, likeness($0)) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
            .prefix(CheckLimits.nearPrefixCount).map { "\(ObjectKey($0.0))" }
    }

    private static func folder(of key: ObjectKey, under parent: String) -> String {
        let text = String(decoding: key.bytes, as: UTF8.self)
        let rest = text.dropFirst(parent.count)
        guard let slash = rest.firstIndex(of: "/") else { return text }
        return parent + rest[...slash]
    }

    /// Up to the last slash but one at the end: of `a/b/c` and `a/b/c/` it is `a/b/`.
    static func parent(of prefix: String) -> String {
        let trimmed = prefix.hasSuffix("/") ? prefix.dropLast() : prefix[...]
        return trimmed.lastIndex(of: "/").map { String(trimmed[...$0]) } ?? ""
    }

    /// Prefixes that a condition on `s3:prefix` may allow where it refuses this one: with the slash or without, then
    /// those above.
    static func relatives(of prefix: String) -> [String] {
        guard !prefix.isEmpty else { return [] }
        var relatives = [prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix + "/"]
        if prefix.hasPrefix("/") { relatives.append(String(prefix.drop { $0 == "/" })) }
        relatives += [parent(of: prefix), ""]
        return relatives.enumerated().filter { !relatives[..<$0.offset].contains($0.element) && $0.element != prefix }
            .map(\.element)
    }

    /// Whether an object can be read though nothing can be listed: consoles make one for each folder.
    private func markerTrial() async -> Trial {
        guard source.prefix.hasSuffix("/") else { return .notTried }
        do throws(S3Error) {
            _ = try await client(.init(isWide: true)).headObject(ObjectKey(source.prefix))
            return .allowed
        } catch {
            return error.code == .accessDenied ? .refused : .unclear
        }
    }
}
