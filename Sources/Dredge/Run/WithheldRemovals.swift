public import DredgeLedger

/// Documents of a source that were to go, and stay until somebody confirms it.
public struct WithheldRemovals: Sendable, Hashable, Codable {
    /// The source's name.
    public var source: String
    /// How many. 0: the listing can't be trusted, so it may also lack objects that were never read.
    public var count: Int
    /// Why.
    public var reason: WithheldReason
    /// What happened, one sentence.
    public var message: String
    /// What to do next.
    public var advice: String

    /// nil: nothing is withheld.
    package init?(_ source: Source, _ outcome: RemovalOutcome) {
        guard let reason = outcome.withheldReason else { return nil }
        self.source = source.name
        count = outcome.withheldCount
        self.reason = reason
        let rule = source.removal
        (message, advice) =
            switch reason {
            case .untrustedListing:
                (
                    """
                    Its listing repeated keys or gave them out of order, also when it was read again, or an entry of \
                    it didn't tell its key.
                    """,
                    "Run again. If it stays so, look at the service, or at a cache in front of it."
                )
            case .emptyListing: ("Its listing is empty.", "Check bucket and prefix.")
            case .sourceChanged:
                (
                    "It had another bucket, prefix or endpoint when they were stored.",
                    "If that was a mistake, correct it; if both are wanted, give the new source another name."
                )
            case .filtersChanged:
                ("Its filters have changed since the last run that kept nothing back.", "Check include and exclude.")
            case .overLimits:
                (
                    "They are more than \(rule.countMax) and more than \(percent(rule.shareMax)) % of its documents.",
                    "Check the bucket."
                )
            case .withheldBefore: ("An earlier run withheld the removal of some of them.", "Check the bucket.")
            }
        if reason != .untrustedListing { advice += " To remove them, run with --confirm-deletions." }
    }
}

/// `10` or `12.5`.
private func percent(_ share: Double) -> String {
    let value = (share * 1_000).rounded() / 10
    return value == value.rounded() ? "\(Int(value))" : "\(value)"
}
