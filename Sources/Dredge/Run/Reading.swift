import DredgeBase
import DredgeLedger
import DredgeS3
import DredgeText
import DredgeTransfer
import Synchronization

/// The third stage: brings objects to the workers, part by part, and says what became of those that it can't bring.
///
/// Its methods run on tasks that prefer the transfer loop's thread: what lies between one request and the next is a few
/// microseconds, less than a hop to another thread would cost.
struct Reading: Sendable {
    let run: RunContext
    let source: OpenSource
    /// The source's part of the run's memory.
    private let memory: MemoryAccount
    private let postponed = Tally()

    /// How many reads were put at the end of the queue.
    var postponedCount: Int { postponed.counter.value }

    private final class Tally: Sendable { let counter = Counter<Int>() }

    init(run: RunContext, source: OpenSource) {
        self.run = run
        self.source = source
        memory = run.room.memory.makeAccount()
    }

    /// What a read begins with. The closure of the read's task keeps this to its end; would it keep the part's room, a
    /// reread, which waits for room, could wait for what it holds itself.
    final class Room: Sendable {
        private let held: Mutex<(read: Place?, part: OwnedBuffer?)>

        fileprivate init(read: Place, part: OwnedBuffer?) { held = Mutex((read, part)) }

        /// The whole room of an object of one part, to be taken once.
        fileprivate func takePart() -> OwnedBuffer? { held.withLock { $0.part.take() } }

        /// The read holds nothing any more: it waits, or has ended.
        fileprivate func giveBack() {
            let held = held.withLock { held in
                let all = held
                held = (nil, nil)
                return all
            }
            withExtendedLifetime(held) {}
        }
    }

    /// The version of an object that is read.
    fileprivate struct Version: Sendable {
        var key: ObjectKey
        var size: UInt64
        var eTag: ETag
        /// What an earlier read of this version left; nil: nothing.
        var kept: ObjectProgress?
        /// What its bytes are held against; nil: nothing.
        var checksum: ObjectChecksum?

        /// Whether the listing showed this version, as far as it tells versions apart.
        func isListed(as object: PendingObject) -> Bool {
            size == object.size && (object.eTag.isEmpty || eTag == object.eTag)
        }

        /// Where this read begins.
        var start: UInt64 { kept?.byteOffset ?? 0 }
    }

    /// Waits for what `read` needs to begin with: a source that is well, a short queue at the gate, a place among the
    /// open reads, and the whole room of an object of one part.
    func room(for object: PendingObject) async throws(CancellationError) -> Room {
        try await source.admission()
        try await source.gate.backlogIsShort()
        let read = try await run.room.reads.take()
        // What failed before waits a little, and takes its memory then.
        if object.size > UInt64(run.limits.partByteCount) || object.attemptCount > 0 {
            return Room(read: read, part: nil)
        }
        return Room(read: read, part: try await memory.buffer(byteCount: Int(object.size), headroom: 0))
    }

    /// Reads `object`, of which `room` was made.
    func read(_ object: PendingObject, into room: Room) async throws(StoreError) {
        var version = Version(
            key: ObjectKey(object.key), size: object.size, eTag: object.eTag, kept: kept(of: object))
        var part = room.takePart()
        if object.attemptCount > 0 {
            let count = min(object.attemptCount, Limits.objectAttemptCountMax)
            do { try await run.world.sleep(Limits.postponedDelay * count) } catch { return }
        }
        // Of all attempts together, from the first that may deliver some parts and not the others.
        var progress: ReadProgress?
        // The bytes may have been changed on the way: they get a second chance.
        var mismatchCount = 0
        for reread in 0...Limits.rereadCount {
            if reread > 0 || source.source.verifiesChecksums {
                do throws(ReadFailure) {
                    let before = version
                    let (now, checksum) = try await head(version.key)
                    version = Version(key: now.key, size: now.size, eTag: now.eTag, checksum: checksum)
                    // What no checksum can refute goes on where an earlier read ended.
                    if reread == 0, checksum == nil, now.eTag == before.eTag, now.size == before.size {
                        version.kept = before.kept
                    }
                } catch {
                    guard case .service(let error) = error else { return }
                    part = nil
                    room.giveBack()
                    return try await settle(object, progress, after: error)
                }
                if source.service.isSnapshot, !version.isListed(as: object) {
                    part = nil
                    return try end(object, progress, changed: "since it was listed")
                }
                if reread == 0, version.kept == nil, object.progress != nil { try forgetProgress(of: object) }
                if version.size != object.size { part = nil }
                if version.size == 0 { return try skip(object, progress, .empty) }
            }
            if progress == nil, version.size > UInt64(run.limits.partByteCount) {
                progress = ReadProgress(byteCount: object.size)
            }
            // What was read before is done.
            if version.start > 0 { run.counters.doneBytes.add(progress?.advance(to: version.start) ?? 0) }
            do throws(ReadFailure) {
                try await read(object, version, progress, into: part.take())
                return source.objectVisited(isRead: true)
            } catch {
                switch error {
                case .stopped: return
                case .notText(let reason): return try skip(object, progress, reason, readETag: version.eTag)
                case .service(let error):
                    if error.code == .checksumMismatch { mismatchCount += 1 }
                    let isAgain = error.code == .checksumMismatch && mismatchCount == 1
                    if isAgain || error.tellsOfAnotherVersion { continue }
                    room.giveBack()
                    return try await settle(object, progress, after: error)
                }
            }
        }
        try end(object, progress, changed: "under each of \(Limits.rereadCount + 1) reads")
    }

    private func end(
        _ object: PendingObject, _ progress: ReadProgress?, changed how: String
    ) throws(StoreError) {
        run.failures.add(source.source, object, reason: "changed \(how)", requestID: nil)
        try end(object, progress, .changed)
    }

    /// What an earlier read left of the listed version, where it is of use: an object of one part is read anew.
    private func kept(of object: PendingObject) -> ObjectProgress? {
        guard let kept = object.progress, object.size > UInt64(run.limits.partByteCount), kept.byteOffset < object.size,
            !object.eTag.isEmpty
        else { return nil }
        return kept
    }

    /// An earlier read of it is of no use: its batches go at once.
    private func forgetProgress(of object: PendingObject) throws(StoreError) {
        try run.work.sink.mark(
            ObjectProgress(
                object: object.id, eTag: object.eTag, size: object.size, byteOffset: 0, chunkCount: 0, tokenCount: 0,
                spans: []))
    }

    // MARK: Parts

    private func read(
        _ object: PendingObject, _ version: Version, _ progress: ReadProgress?, into buffer: OwnedBuffer?
    ) async throws(ReadFailure) {
        let partByteCount = UInt64(run.limits.partByteCount)
        if version.size <= partByteCount {
            let (document, _) = try await begin(
                object, version, progress, partCount: 1, ownBatch: nil,
                into: try await orStop { () async throws(CancellationError) in
                    if let buffer { buffer } else { try await memory.buffer(byteCount: Int(version.size), headroom: 0) }
                })
            try await verify(document, of: version)
        } else {
            let partCount = Int((version.size - version.start + partByteCount - 1) / partByteCount)
            try await readParts(object, version, progress, partCount: partCount)
        }
    }

    private func readParts(
        _ object: PendingObject, _ version: Version, _ progress: ReadProgress?, partCount: Int
    ) async throws(ReadFailure) {
        let place = try await orStop { () async throws(CancellationError) in
            try await run.room.carried.take(run.room.carriedByteCount)
        }
        defer { withExtendedLifetime(place) {} }
        var version = version
        let document: Document
        var first: ObjectVersion?
        if let kept = version.kept {
            document = Document(
                object: object, eTag: version.eTag, size: version.size, partByteCount: run.limits.partByteCount,
                partCount: partCount, progress: progress, decoder: PlainText(), ownBatch: run.work.sink.makeBatch(),
                counters: source.counters, kept: kept)
        } else {
            // The first part alone tells whether the object is text; the others would be read for nothing if it is not.
            let head: ObjectHead
            (document, head) = try await begin(
                object, version, progress, partCount: partCount, ownBatch: run.work.sink.makeBatch(),
                into: try await orStop { () async throws(CancellationError) in try await reserve(part: 0, of: version) }
            )
            // Where the listing names no version, the first part does: the others must be of the same.
            if version.eTag.isEmpty, let eTag = head.eTag { version.eTag = eTag }
            first = head.version
        }
        let (read, ofBegun) = (version, first)
        do {
            // Alone, too: while it waits for credentials, others would be read ahead of it, and be lost at a stop.
            let ofFirst = if let ofBegun { ofBegun } else { try await deliverFirst(of: document, read) }
            try await withThrowingDiscardingTaskGroup { group in
                for part in 1..<partCount {
                    let buffer = try await reserve(part: part, of: read)
                    // Also after the last request has ended, the document is to be put away.
                    if Task.isCancelled { throw ReadFailure.stopped }
                    if group.isCancelled { return }
                    group.addTask {
                        let head = try await get(range(ofPart: part, of: read), of: read, into: buffer)
                        if !ofFirst.isSame(as: head.version) {
                            throw ReadFailure.service(.changed(source.source, read.key))
                        }
                        deliver(buffer, part, of: document, head)
                    }
                }
            }
        } catch {
            let failure = error as? ReadFailure ?? .stopped
            await run.work.abandon(document, failure.isOfVersion ? .dropped : .kept)
            throw failure
        }
        try await verify(document, of: read)
    }

    /// Waits until the workers have done all of a document whose bytes are verified. Who stops waiting leaves it to
    /// them, as what was handed over is.
    private func verify(_ document: Document, of version: Version) async throws(ReadFailure) {
        guard let check = document.check, let checksum = version.checksum else { return }
        let isRight = try await orStop { () async throws(CancellationError) in try await check.wait() }
        if !isRight {
            throw .service(.checksumMismatch(bucket: source.source.bucket, key: version.key, checksum))
        }
    }

    /// Reads the first part, or the only one, and hands it over when it is text. It gives up the part's memory
    /// before it returns: no caller may keep that, or the other parts would wait for what the first one holds.
    private func begin(
        _ object: PendingObject, _ version: Version, _ progress: ReadProgress?, partCount: Int,
        ownBatch: (any ChunkBatch)?, into buffer: consuming OwnedBuffer
    ) async throws(ReadFailure) -> (Document, ObjectHead) {
        let head = try await get(range(ofPart: 0, of: version), of: version, into: buffer)
        let content = DocumentHead(bytes: buffer.bytes, contentEncoding: head.contentEncoding).content
        let decoder: any TextDecoder
        switch content {
        case .text(let plain): decoder = plain
        case .other(let type): throw .notText(SkipReason(type))
        }
        let document = Document(
            object: object, eTag: version.eTag, size: version.size, partByteCount: run.limits.partByteCount,
            partCount: partCount, progress: progress, decoder: decoder, ownBatch: ownBatch,
            counters: source.counters, check: version.checksum.map(ChecksumCheck.init))
        deliver(buffer, 0, of: document, head)
        return (document, head)
    }

    /// Reads the first part of a read that goes on, and hands it over. Keeps nothing of its memory.
    private func deliverFirst(of document: Document, _ version: Version) async throws -> ObjectVersion {
        let buffer = try await reserve(part: 0, of: version)
        let head = try await get(range(ofPart: 0, of: version), of: version, into: buffer)
        deliver(buffer, 0, of: document, head)
        return head.version
    }

    private func deliver(_ buffer: OwnedBuffer, _ part: Int, of document: Document, _ head: ObjectHead) {
        run.work.deliver(
            buffer, part: part, of: document, versionID: head.versionID, attemptCount: head.attemptCount)
    }

    private func range(ofPart part: Int, of version: Version) -> Range<UInt64> {
        let start = version.start + UInt64(part) * UInt64(run.limits.partByteCount)
        return start..<min(start + UInt64(run.limits.partByteCount), version.size)
    }

    // MARK: One GET

    private func reserve(part: Int, of version: Version) async throws(CancellationError) -> OwnedBuffer {
        let headroom = part == 0 ? 0 : run.limits.headroomByteCount(run.settings.chunking)
        return try await memory.buffer(
            byteCount: range(ofPart: part, of: version).count, headroom: headroom)
    }

    private func get(
        _ range: Range<UInt64>, of version: Version, into buffer: OwnedBuffer
    ) async throws(ReadFailure) -> ObjectHead {
        do throws(S3Error) {
            let head = try await source.service.get(version.key, range: range, ifMatch: version.eTag, into: buffer)
            run.counters.fetchedBytes.add(UInt64(range.count))
            source.partRead(version.key)
            // Some services keep the ETag of an object that has grown.
            guard head.size == version.size else { throw .changed(source.source, version, range, now: head.size) }
            return head
        } catch {
            throw .service(error)
        }
    }

    private func head(
        _ key: ObjectKey
    ) async throws(ReadFailure) -> (object: ListedObject, checksum: ObjectChecksum?) {
        do throws(S3Error) { return try await source.service.head(key) } catch { throw .service(error) }
    }

    private func orStop<Value>(
        _ body: () async throws(CancellationError) -> Value
    ) async throws(ReadFailure) -> Value {
        do throws(CancellationError) { return try await body() } catch { throw .stopped }
    }

    // MARK: What became of it

    /// Writes the outcome that an error means for the object, after the source has been waited for, if it is the source
    /// that fails. The read holds nothing any more.
    private func settle(
        _ object: PendingObject, _ progress: ReadProgress?, after error: S3Error
    ) async throws(StoreError) {
        let verdict: OpenSource.Verdict
        do throws(CancellationError) { verdict = try await source.judge(error) } catch { return }
        if source.failure != nil { return }
        switch (verdict, error.code) {
        case (.givenUp, _): return
        case (.again, _) where object.attemptCount < Limits.recoveryCount:
            return try postpone(object, progress, attemptCount: 1, error)
        case (_, .cancelled):
            // Though the run is not: the engine was shut down.
            if !Task.isCancelled {
                source.giveUp(RunError(error, source: source.source.name, step: "read \(source.url)"))
            }
            return
        case (_, .noSuchKey):
            return try end(object, progress, .vanished, error)
        case (_, .archived):
            return try skip(object, progress, .archived, error)
        case _ where (error.mayPass || error.isFatalForSource) && isWorthAnotherVisit(object, after: error):
            if object.attemptCount == 0 { source.objectVisited(isRead: false) }
            return try postpone(object, progress, attemptCount: error.attemptCount, error)
        default:
            break
        }
        run.failures.add(
            source.source, object, reason: "\(error.code.words): \(error.message)", requestID: error.requestID,
            advice: error.advice)
        source.counters.failed.add(1)
        try end(object, progress, .failed(reason: error.code.rawValue), error)
    }

    /// Puts the object at the end of the queue.
    private func postpone(
        _ object: PendingObject, _ progress: ReadProgress?, attemptCount: Int, _ error: S3Error
    ) throws(StoreError) {
        postponed.counter.add(1)
        // The next visit counts what it needs not read again.
        run.counters.doneBytes.add(0 &- (progress?.takeBack() ?? 0))
        try run.ledger.settle(
            ObjectOutcome(
                object: object.id, cause: .postponed, attemptCount: object.attemptCount + attemptCount,
                requestID: error.requestID))
    }

    /// At least two visits, and further ones while requests have few attempts, as when the retry quota is used up.
    private func isWorthAnotherVisit(_ object: PendingObject, after error: S3Error) -> Bool {
        object.attemptCount == 0 || object.attemptCount + error.attemptCount < Limits.objectAttemptCountMax
    }

    private func skip(
        _ object: PendingObject, _ progress: ReadProgress?, _ reason: SkipReason, readETag: ETag? = nil,
        _ error: S3Error? = nil
    ) throws(StoreError) {
        try end(object, progress, .skipped(reason, readETag: readETag), error)
    }

    private func end(
        _ object: PendingObject, _ progress: ReadProgress?, _ cause: ObjectOutcome.Cause, _ error: S3Error? = nil
    ) throws(StoreError) {
        source.counters.done.add(1)
        run.counters.doneBytes.add(progress.map { $0.end() } ?? object.size)
        try run.ledger.settle(
            ObjectOutcome(
                object: object.id, cause: cause, attemptCount: object.attemptCount + max(1, error?.attemptCount ?? 1),
                requestID: error?.requestID))
    }
}

/// Why an object did not get to the workers.
private enum ReadFailure: Error {
    case service(S3Error)
    /// It is no text that can be read.
    case notText(SkipReason)
    /// The run is being stopped.
    case stopped

    /// Whether the version that was being read is gone.
    var isOfVersion: Bool {
        guard case .service(let error) = self else { return false }
        return error.tellsOfAnotherVersion || error.code == .noSuchKey
    }
}

extension SkipReason {
    fileprivate init(_ type: FileType) {
        switch type {
        case .unsupported(let mediaType): self = .unsupportedType(mediaType)
        case .compressed(let compression): self = .compressed(compression)
        case .encoding(let encoding): self = .encoding(encoding)
        case .binary: self = .binary
        }
    }
}

extension S3Error {
    /// Whether the object is another one than was listed: it has another ETag, or is shorter.
    fileprivate var tellsOfAnotherVersion: Bool { code == .preconditionFailed || code == .invalidRange }

    /// Two parts are of two versions, and the service has no ETag to ask for one.
    fileprivate static func changed(_ source: Source, _ key: ObjectKey) -> S3Error {
        S3Error(
            code: .preconditionFailed, bucket: source.bucket, key: key,
            message: "a part is of another version than the first", advice: "It is read again.")
    }

    fileprivate static func changed(
        _ source: Source, _ version: Reading.Version, _ range: Range<UInt64>, now size: UInt64
    ) -> S3Error {
        S3Error(
            code: .preconditionFailed, bucket: source.bucket, key: version.key, range: range,
            message: "the object has \(size) bytes, not \(version.size) as before", advice: "It is read again.")
    }
}
