internal import Dredge
internal import DredgeLedger
internal import DredgeStore

extension Syncs {
    /// What a job tells of documents that were to go and stayed.
    static func warning(_ withheld: WithheldRemovals) -> String {
        guard withheld.count > 0 else { return "\(withheld.message) \(withheld.advice)" }
        return """
            \(withheld.count) documents that the bucket or the patterns no longer have were kept, since that may be a \
            mistake. \(withheld.message) If it is none, POST /v2/syncs/{sync_id}/reconcile with \
            {"confirm_deletions": true} removes them.
            """
    }
}

extension StoredObject {
    /// Whether its bucket no longer has it, and the sync that stored it keeps what goes.
    var isArchived: Bool { content != nil && state == .vanished && reason == RemovalDecision.markedReason }
}
