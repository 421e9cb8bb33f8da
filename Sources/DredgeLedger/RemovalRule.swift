/// What becomes of stored documents that a source's complete listing no longer shows, or that its filters leave out.
///
/// A mistyped prefix, a filter that matches nothing and a broken listing look like a bucket that was emptied. So what
/// may be a mistake is withheld until somebody confirms it. The one rule for it: a ledger applies it when a listing is
/// complete, a plan when it foretells a run.
public struct RemovalRule: Sendable, Hashable {
    /// What is done with such documents. The raw values stand in configs.
    public enum Mode: String, Sendable, CaseIterable {
        /// They stay as they are.
        case keep
        /// They stay; those that are not listed any more are `vanished`, with the reason `not listed`.
        case mark
        /// They go, unless the rule withholds it.
        case remove
    }

    /// What is done.
    public var mode: Mode
    /// So many documents may go, whatever share of the source they are.
    public var countMax: Int
    /// Such a share of the source's stored documents may go, however many they are; from 0 to 1.
    public var shareMax: Double
    /// Whether what is withheld otherwise is done.
    public var isConfirmed: Bool

    /// Removes up to 10 documents or a tenth of the source, unless said otherwise.
    public init(mode: Mode = .remove, countMax: Int = 10, shareMax: Double = 0.10, isConfirmed: Bool = false) {
        self.mode = mode
        self.countMax = countMax
        self.shareMax = shareMax
        self.isConfirmed = isConfirmed
    }

    /// What is to be done with `candidates` after a complete listing.
    /// - Parameter isTrusted: whether the listing can't have left out or repeated anything.
    public func decision(on candidates: RemovalCandidates, isTrusted: Bool) -> RemovalDecision {
        if !isTrusted { return .withhold(.untrustedListing) }
        switch mode {
        case .keep: return .keep
        case .mark: return .mark
        case .remove: break
        }
        if candidates.count == 0 || isConfirmed { return .remove }
        if candidates.isListingEmpty { return .withhold(.emptyListing) }
        if candidates.replacedCount > 0 { return .withhold(.sourceChanged) }
        if candidates.haveFiltersChanged { return .withhold(.filtersChanged) }
        if candidates.count > countMax, Double(candidates.count) > shareMax * Double(candidates.storedCount) {
            return .withhold(.overLimits)
        }
        return candidates.withheldBeforeCount > 0 ? .withhold(.withheldBefore) : .remove
    }
}

/// Why removals are withheld. The raw values stand in stores, reports and plans.
public enum WithheldReason: String, Sendable, Codable, CaseIterable {
    /// The listing repeated keys, gave them out of order, or left out one that an entry should have: something may be
    /// missing in it.
    case untrustedListing = "untrusted listing"
    /// The listing shows no object.
    case emptyListing = "empty listing"
    /// The source had another bucket, prefix or endpoint when they were stored.
    case sourceChanged = "source changed"
    /// The source had other filters when it was listed last.
    case filtersChanged = "filters changed"
    /// More than the rule's count and share would go.
    case overLimits = "over limits"
    /// An earlier run withheld the removal of some of them, and nobody has confirmed it.
    case withheldBefore = "withheld before"
}

/// The documents of a source that a complete listing leaves over.
public struct RemovalCandidates: Sendable, Hashable {
    /// Whether the listing shows no object.
    public var isListingEmpty: Bool
    /// Whether the source's filters are others than at its last complete listing after which nothing was kept.
    public var haveFiltersChanged: Bool
    /// Documents that were stored under the source's name before it was listed.
    public var storedCount: Int
    /// Of these, those that are not listed any more.
    public var missingCount: Int
    /// Of the missing ones, those whose removal an earlier run withheld.
    public var withheldBeforeCount: Int
    /// Those that are listed, but not to be read: left out by the filters, or empty now.
    public var leftOutCount: Int
    /// Those that sources of the same name stored, with another bucket, prefix or endpoint.
    public var replacedCount: Int

    /// Nothing, of a source with objects, unless said otherwise.
    public init(
        isListingEmpty: Bool = false, haveFiltersChanged: Bool = false, storedCount: Int = 0, missingCount: Int = 0,
        withheldBeforeCount: Int = 0, leftOutCount: Int = 0, replacedCount: Int = 0
    ) {
        self.isListingEmpty = isListingEmpty
        self.haveFiltersChanged = haveFiltersChanged
        self.storedCount = storedCount
        self.missingCount = missingCount
        self.withheldBeforeCount = withheldBeforeCount
        self.leftOutCount = leftOutCount
        self.replacedCount = replacedCount
    }

    /// All that may go.
    public var count: Int { missingCount + leftOutCount + replacedCount }
}

/// What is to be done with the documents that a listing leaves over.
public enum RemovalDecision: Sendable, Hashable {
    /// They go.
    case remove
    /// They stay as they are.
    case keep
    /// They stay, and those that are not listed any more show it.
    case mark
    /// They stay until somebody confirms that they are to go.
    case withhold(WithheldReason)

    /// What a ledger remembers of it: why documents stayed; nil: none did.
    public func keptReason(_ candidates: RemovalCandidates) -> String? {
        switch self {
        case .remove: nil
        case .keep: candidates.count > 0 ? RemovalRule.Mode.keep.rawValue : nil
        case .mark: candidates.count > 0 ? RemovalRule.Mode.mark.rawValue : nil
        case .withhold(let reason): reason.rawValue
        }
    }

    /// What a ledger writes down as the reason of a document that is not listed any more; nil: it leaves it alone.
    public var missingReason: String? {
        switch self {
        case .mark: Self.markedReason
        case .withhold(let reason) where reason != .untrustedListing: Self.withheldReason
        case .remove, .keep, .withhold: nil
        }
    }

    /// Of a document that stays as `vanished`, because the source only marks what goes.
    public static let markedReason = "not listed"
    /// Of a document that stays as `vanished`, because its removal is withheld.
    public static let withheldReason = "removal withheld"
}

/// What became of the documents that a listing left over.
public struct RemovalOutcome: Sendable, Hashable, Codable {
    /// Documents that are gone.
    public var removedCount = 0
    /// The first of their keys; nil: not known, or none is gone.
    public var removedKeys: [[UInt8]]?
    /// Documents that stay, and show that they are not listed any more or not wanted.
    public var markedCount = 0
    /// Documents that were to go, and stay until somebody confirms it.
    public var withheldCount = 0
    /// Why; nil: nothing is withheld. Without a document, the listing itself is not to be trusted.
    public var withheldReason: WithheldReason?

    /// Nothing was left over.
    public init() {}

    /// What `decision` means for `candidates`.
    public init(_ decision: RemovalDecision, _ candidates: RemovalCandidates) {
        switch decision {
        case .remove: removedCount = candidates.count
        case .keep: break
        case .mark: markedCount = candidates.count
        case .withhold(let reason):
            withheldCount = candidates.count
            withheldReason = reason
        }
    }
}

/// What is stored under a source's name before it is listed: what a plan compares a listing with.
public struct StoredDocuments: Sendable, Hashable {
    /// Documents of the source itself.
    public var count: Int
    /// Of these, those whose removal a run withheld.
    public var withheldCount: Int
    /// Documents of sources of the same name with another bucket, prefix or endpoint.
    public var replacedCount: Int
    /// Whether the source's filters are others than at its last complete listing after which nothing was kept.
    public var haveFiltersChanged: Bool

    /// Nothing, unless said otherwise.
    public init(count: Int = 0, withheldCount: Int = 0, replacedCount: Int = 0, haveFiltersChanged: Bool = false) {
        self.count = count
        self.withheldCount = withheldCount
        self.replacedCount = replacedCount
        self.haveFiltersChanged = haveFiltersChanged
    }
}
