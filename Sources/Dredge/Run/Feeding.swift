import DredgeLedger

/// The second stage: takes a source's pending objects in order and starts their reads, as far as there is room.
struct Feeding: Sendable {
    let run: RunContext
    let source: OpenSource
    let id: SourceID
    let signal: ListingSignal

    /// Feeds until everything that is listed has been read, or the source fails or the run does. Its reads have ended
    /// then.
    ///
    /// What could not be read now comes to the end of the queue: after a pass in which that happened there is another
    /// one. It ends, because each object has a limit of attempts.
    func feed() async {
        let reading = Reading(run: run, source: source)
        var position: Int64 = 0
        do {
            while source.failure == nil, !Task.isCancelled {
                let postponedCount = reading.postponedCount
                position = try await pass(reading, after: position)
                guard reading.postponedCount > postponedCount else { return }
                // So that their new places are seen.
                try await run.work.sink.flush()
            }
        } catch let error as StoreError {
            run.failure.report(RunError(error))
        } catch {
            // Cancelled: the run is being stopped.
        }
    }

    /// Starts reads until nothing more waits behind queue position `after`; returns the last position when all of them
    /// have ended.
    private func pass(_ reading: Reading, after: Int64) async throws -> Int64 {
        try await withThrowingDiscardingTaskGroup { group in
            var position = after
            while !Task.isCancelled {
                let listed = signal.now
                let objects = try await run.ledger.pending(
                    of: id, in: run.id, after: position, limit: run.room.fed.pendingPageCount)
                for object in objects {
                    guard source.failure == nil else { return position }
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
                if listed.isComplete { return position }
                try await signal.changed(since: listed)
            }
            return position
        }
    }
}
