import DredgeBase
package import DredgeLedger
package import DredgeS3
import Foundation
import Synchronization

/// Which of a source's objects are wanted.
package struct SourceFilter: Sendable {
    private let include: PatternList
    private let exclude: PatternList
    private let sizes: ClosedRange<UInt64>?
    private let modifiedAfter: Date?
    private let isReread: Bool

    package init(_ source: Source) throws(RunError) {
        include = try Self.parse(source.include, "include", of: source)
        exclude = try Self.parse(source.exclude, "exclude", of: source)
        let (low, high) = (source.minSizeByteCount ?? 0, source.maxSizeByteCount ?? .max)
        // `Source.problem` tells of a pair the wrong way round.
        sizes = low > 0 || high < .max ? low...max(low, high) : nil
        modifiedAfter = source.modifiedAfter
        isReread = source.rereads
    }

    package func includes(_ key: [UInt8]) -> Bool {
        (include.isEmpty || include.match(key)) && !exclude.match(key)
    }

    /// The patterns that have matched no key so far: those of `exclude`, none of what `include` lets through.
    var unmatchedPatterns: [String] { include.unmatched + exclude.unmatched }

    /// A listed object as a ledger takes it.
    package func entry(_ object: ListedObject) -> ListingEntry {
        let skipReason = skipReason(object)
        var entry = ListingEntry(
            key: object.key.bytes, size: object.size, eTag: object.eTag, lastModified: object.lastModified,
            storageClass: object.storageClass, skipReason: skipReason,
            failReason: skipReason == nil ? object.flaw?.code.rawValue : nil)
        entry.isReread = isReread
        return entry
    }

    /// Why an object is not read; nil: it is. Decided from its entry in the listing, without a request.
    package func skipReason(_ object: ListedObject) -> SkipReason? {
        // No pattern is for a key that is not known.
        if object.isNamed, !includes(object.key.bytes) { return .filtered }
        // What is not known of it decides nothing.
        if object.flaw != nil { return nil }
        if object.size == 0 { return object.key.bytes.last == UInt8(ascii: "/") ? .folderMarker : .empty }
        if let sizes, !sizes.contains(object.size) { return .filtered }
        if let modifiedAfter, let modified = object.lastModified, modified <= modifiedAfter { return .filtered }
        // Intelligent-Tiering and Glacier Instant Retrieval answer at once, or say `InvalidObjectState` themselves.
        if object.storageClass == "GLACIER" || object.storageClass == "DEEP_ARCHIVE" { return .archived }
        return nil
    }

    private static func parse(_ texts: [String], _ list: String, of source: Source) throws(RunError) -> PatternList {
        var patterns: [GlobPattern] = []
        for text in texts {
            do throws(GlobPattern.Malformed) {
                patterns.append(try GlobPattern(text))
            } catch {
                throw RunError(
                    code: .invalidSource, source: source.name, step: "read the \(list) patterns",
                    message: "\"\(text)\": \(error.description)", advice: "Correct the pattern and run again.")
            }
        }
        return PatternList(patterns)
    }
}

/// Patterns of one kind, and which of them have matched a key.
private final class PatternList: Sendable {
    private let patterns: [GlobPattern]
    private let hasMatched: Mutex<[Bool]>

    init(_ patterns: [GlobPattern]) {
        self.patterns = patterns
        hasMatched = Mutex(patterns.map { _ in false })
    }

    var isEmpty: Bool { patterns.isEmpty }

    var unmatched: [String] {
        hasMatched.withLock { hasMatched in zip(patterns, hasMatched).filter { !$1 }.map(\.0.text) }
    }

    /// Whether one of them matches. Once each has matched a key, the first that does decides.
    func match(_ key: [UInt8]) -> Bool {
        if patterns.isEmpty { return false }
        // Not under the lock: many listers match at the same time.
        let before = hasMatched.withLock { $0 }
        var matches = false
        var new: [Int] = []
        for index in patterns.indices where !matches || !before[index] {
            guard patterns[index].matches(key) else { continue }
            matches = true
            if !before[index] { new.append(index) }
        }
        if !new.isEmpty { hasMatched.withLock { hasMatched in for index in new { hasMatched[index] = true } } }
        return matches
    }
}
