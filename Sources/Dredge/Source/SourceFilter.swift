import DredgeBase
package import DredgeLedger
package import DredgeS3

/// Which of a source's objects are wanted.
package struct SourceFilter: Sendable {
    let include: [GlobPattern]
    let exclude: [GlobPattern]
    private let isReread: Bool

    package init(_ source: Source) throws(RunError) {
        include = try Self.parse(source.include, "include", of: source)
        exclude = try Self.parse(source.exclude, "exclude", of: source)
        isReread = source.rereads
    }

    package func includes(_ key: [UInt8]) -> Bool {
        (include.isEmpty || include.contains { $0.matches(key) }) && !exclude.contains { $0.matches(key) }
    }

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
        // Intelligent-Tiering and Glacier Instant Retrieval answer at once, or say `InvalidObjectState` themselves.
        if object.storageClass == "GLACIER" || object.storageClass == "DEEP_ARCHIVE" { return .archived }
        return nil
    }

    private static func parse(_ texts: [String], _ list: String, of source: Source) throws(RunError) -> [GlobPattern] {
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
        return patterns
    }
}
