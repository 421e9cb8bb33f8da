import DredgeLedger

/// The second stage: takes a source's pending objects in order and starts their reads, as far as there is room.
struct Feeding: Sendable {
    let run: RunContext
    let source: OpenSource
    let id: SourceID
    let signal: ListingSignal

    /// Feeds until everything that is listed has been read, or the source fails or the run does. Its reads have ended
    /// then.
    func feed() async {
        let reading = Reading(run: run, source: source)
        await withDiscardingTaskGroup { group in
            var position: Int64 = 0
            do {
                while !Task.isCancelled {
                    let listed = signal.now
                    let objects = try await run.ledger.pending(
                        of: id, in: run.id, after: position, limit: Limits.pendingPageCount)
                    for object in objects {
                        guard source.failure == nil else { return }
                        // Outcomes of reads that fail go to the sink's queue too: none is started while that is full.
                        if !run.work.sink.hasRoom { try await run.work.sink.waitForRoom() }
                        let room = try await reading.room(for: object)
                        group.addTask(executorPreference: run.executor) {
                            do throws(StoreError) {
                                try await reading.read(object, into: room)
                            } catch {
                                run.failure.report(RunError(error))
                            }
                        }
                        position = object.position
                    }
                    guard objects.isEmpty else { continue }
                    if listed.isComplete { return }
                    try await signal.changed(since: listed)
                }
            } catch let error as StoreError {
                run.failure.report(RunError(error))
            } catch {
                // Cancelled: the run is being stopped.
            }
        }
    }
}
