import DredgeBase
import DredgeS3

/// The memory that the listings of all sources share: pages that come, until they are recorded, and pages of objects
/// that wait to be read. It is of the constant beside the budget.
final class ListingMemory: Sendable {
    private let pages = Capacity(MemoryPlan.listedByteCount)

    /// A source's part of the room for pages that come.
    func makeRoom() -> any ListRoom { SourceListRoom(account: pages.makeAccount()) }
}

private struct SourceListRoom: ListRoom {
    let account: CapacityAccount

    func take(_ byteCount: Int) async throws(CancellationError) -> any AnyObject & Sendable {
        try await account.take(byteCount)
    }
}

/// How many sources are fed at the moment: what is read of their queues at a time is less where they are many.
final class FedSources: Sendable {
    private let count = Monitor(0)

    func add(_ count: Int) { self.count.update { $0 += count } }
    func remove(_ count: Int) { self.count.update { $0 -= count } }

    /// Objects that each of them reads from its queue at a time.
    var pendingPageCount: Int {
        let share = Limits.pendingCount / max(1, count.read { $0 })
        return min(max(share, Limits.pendingPageCountMin), Limits.pendingPageCountMax)
    }
}
