import DredgeS3
import DredgeStore
import DredgeText
import DredgeTransfer
import Synchronization

/// Brings objects into the document queue, part by part, and says what became of those that it can't bring.
///
/// Its methods run on tasks that prefer the transfer loop's thread: what lies between one request and the next is a few
/// microseconds, less than a hop to another thread would cost.
struct ObjectReader: Sendable {
    let store: ChunkStore
    let settings: IndexSettings
    let limits: Limits
    let pool: BufferPool
    let gate: RequestGate
    /// Reads that have begun and not ended, whatever they wait for: bounds their tasks.
    let openGate = RequestGate(limitMin: Limits.openReadCountMax, limitMax: Limits.openReadCountMax)
    let multipartGate: RequestGate
    let queue: DocumentQueue
    let counters: RunCounters
    let failures: FailureLog

    /// Waits for what `read` needs to begin with: a place among the open reads, and the whole room of an object of one part.
    func room(for object: PendingObject) async throws -> ReadRoom {
        try await openGate.enter()
        do {
            if object.size > UInt64(limits.partByteCount) { return ReadRoom(nil) }
            return ReadRoom(try await reserve(Int(object.size), headroom: 0))
        } catch {
            openGate.leave()
            throw error
        }
    }

    /// Reads `object`; `buffer` holds the room for it, and a place in the gate is taken, when it is of one part.
    func read(_ object: PendingObject, of source: OpenSource, into room: ReadRoom) async throws(StoreError) {
        var version = ListedObject(key: ObjectKey(object.key), size: object.size, eTag: object.eTag)
        defer { openGate.leave() }
        var buffer = room.take()
        for reread in 0...Limits.rereadCount {
            if reread > 0 {
                do throws(S3Error) {
                    version = try await source.client.headObject(version.key).object
                } catch {
                    return try await settle(object, of: source, after: error)
                }
                if version.size == 0 { return try await skip(object, .empty) }
            }
            do throws(ReadFailure) {
                if version.size <= UInt64(limits.partByteCount) {
                    try await readWhole(object, version, of: source, into: buffer)
                } else {
                    try await readParts(object, version, of: source)
                }
                return
            } catch {
                buffer = nil
                switch error {
                case .stopped: return
                case .binary: return try await skip(object, .binary, readETag: version.eTag)
                case .service(let error):
                    if error.code != .preconditionFailed { return try await settle(object, of: source, after: error) }
                }
            }
        }
        failures.add(source, object, reason: "changed under each of \(Limits.rereadCount + 1) reads", requestID: nil)
        try await end(object, .changed)
    }

    // MARK: One part

    private func readWhole(
        _ object: PendingObject, _ version: ListedObject, of source: OpenSource, into buffer: OwnedBuffer?
    ) async throws(ReadFailure) {
        let room: OwnedBuffer
        if let buffer {
            room = buffer
        } else {
            room = try await reserve(Int(version.size), headroom: 0)
        }
        defer { gate.leave() }
        let document = Document(object: object, eTag: version.eTag, size: version.size, partCount: 1, builder: nil)
        let head = try await get(version, 0..<version.size, of: source, into: room)
        if looksBinary(room.bytes) { throw .binary }
        queue.deliver(room, part: 0, of: document, head)
    }

    // MARK: Many parts

    private func readParts(_ object: PendingObject, _ version: ListedObject, of source: OpenSource)
        async throws(ReadFailure)
    {
        do { try await multipartGate.enter() } catch { throw .stopped }
        defer { multipartGate.leave() }
        let partByteCount = UInt64(limits.partByteCount)
        let partCount = Int((version.size + partByteCount - 1) / partByteCount)
        let document = Document(
            object: object, eTag: version.eTag, size: version.size, partCount: partCount,
            builder: store.makeBatchBuilder())
        do {
            // The first part alone tells whether the object is text; the others would be read for nothing if it is not.
            let head = try await readPart(0, of: document, version, source, reserve(part: 0, of: version))
            // Where the listing names no version, the first part does: the others must be of the same.
            var version = version
            if version.eTag.isEmpty { version.eTag = head.eTag ?? "" }
            let read = version
            try await withThrowingDiscardingTaskGroup { group in
                for part in 1..<partCount {
                    let room = try await reserve(part: part, of: read)
                    if group.isCancelled {
                        gate.leave()
                        return
                    }
                    group.addTask { _ = try await readPart(part, of: document, read, source, room) }
                }
            }
        } catch {
            queue.abandon(document)
            throw error as? ReadFailure ?? .stopped
        }
    }

    private func reserve(part: Int, of version: ListedObject) async throws(ReadFailure) -> OwnedBuffer {
        let range = range(ofPart: part, size: version.size)
        return try await reserve(range.count, headroom: part == 0 ? 0 : limits.headroomByteCount(settings.chunking))
    }

    private func readPart(
        _ part: Int, of document: Document, _ version: ListedObject, _ source: OpenSource, _ room: OwnedBuffer
    ) async throws(ReadFailure) -> ObjectHead {
        defer { gate.leave() }
        let head = try await get(version, range(ofPart: part, size: version.size), of: source, into: room)
        if part == 0, looksBinary(room.bytes) { throw .binary }
        queue.deliver(room, part: part, of: document, head)
        return head
    }

    private func range(ofPart part: Int, size: UInt64) -> Range<UInt64> {
        let start = UInt64(part) * UInt64(limits.partByteCount)
        return start..<min(start + UInt64(limits.partByteCount), size)
    }

    // MARK: One GET

    /// Room for a part, and a place in the gate, in this order for everybody.
    private func reserve(_ byteCount: Int, headroom: Int) async throws(ReadFailure) -> OwnedBuffer {
        do {
            let room = try await pool.buffer(byteCount: byteCount, headroom: headroom)
            try await gate.enter()
            return room
        } catch {
            throw .stopped
        }
    }

    /// A GET with the client's own attempts, and a few rounds of them.
    private func get(
        _ version: ListedObject, _ range: Range<UInt64>, of source: OpenSource, into room: OwnedBuffer
    ) async throws(ReadFailure) -> ObjectHead {
        var round = 1
        while true {
            do throws(S3Error) {
                let head = try await source.client.getObject(
                    version.key, range: range, ifMatch: version.eTag.isEmpty ? nil : version.eTag, into: room)
                counters.fetchedBytes.add(UInt64(range.count))
                source.objectRead()
                // Some services keep the ETag of an object that has grown.
                guard head.size == version.size else { throw .changed(source, version, range, now: head.size) }
                return head
            } catch {
                guard error.isWorthAnotherRound, round < Limits.objectRoundCount else { throw .service(error) }
                round += 1
                room.truncate(to: 0)
            }
        }
    }

    // MARK: What became of it

    /// Writes the outcome that an error means for the object, or gives up the source when it is the source that it concerns.
    private func settle(_ object: PendingObject, of source: OpenSource, after error: S3Error) async throws(StoreError) {
        switch error.code {
        case .cancelled:
            return
        case .noSuchKey:
            return try await end(object, .vanished, error)
        case .archived:
            return try await skip(object, .archived, error)
        case _ where error.isFatalForSource:
            return source.giveUp(
                RunError(
                    error, source: source.source.name,
                    step: "read s3://\(source.source.bucket)/\(ObjectKey(object.key))"))
        case .accessDenied:
            source.objectDenied(error)
        default:
            break
        }
        failures.add(source, object, reason: "\(error.code.rawValue): \(error.message)", requestID: error.requestID)
        counters.failed.add(1)
        try await end(object, .failed(reason: error.code.rawValue), error)
    }

    private func skip(
        _ object: PendingObject, _ reason: SkipReason, readETag: String? = nil, _ error: S3Error? = nil
    ) async throws(StoreError) {
        try await end(object, .skipped(reason: reason.rawValue, readETag: readETag), error)
    }

    private func end(_ object: PendingObject, _ state: ObjectOutcome.State, _ error: S3Error? = nil)
        async throws(StoreError)
    {
        counters.done.add(1)
        counters.doneBytes.add(object.size)
        try await store.enqueue(
            ObjectOutcome(
                object: object.object, state: state, attemptCount: error?.attemptCount ?? 1, requestID: error?.requestID
            ))
    }
}

/// The buffer that a read begins with, to be taken once. The closure of the read's task keeps this box to its end; would it keep
/// the buffer, a reread, which waits for room, could wait for what it holds itself.
final class ReadRoom: Sendable {
    private let buffer: Mutex<OwnedBuffer?>
    init(_ buffer: OwnedBuffer?) { self.buffer = Mutex(buffer) }
    func take() -> OwnedBuffer? { buffer.withLock { $0.take() } }
}

/// Why an object did not get into the queue.
private enum ReadFailure: Error {
    case service(S3Error)
    /// It is not text.
    case binary
    /// The run is being stopped.
    case stopped
}

extension S3Error {
    fileprivate static func changed(
        _ source: OpenSource, _ version: ListedObject, _ range: Range<UInt64>, now size: UInt64
    ) -> S3Error {
        S3Error(
            code: .preconditionFailed, bucket: source.source.bucket, key: version.key, range: range,
            message: "the object has \(size) bytes, not \(version.size) as before", advice: "It is read again.")
    }

    /// Whether time may mend it.
    fileprivate var isWorthAnotherRound: Bool {
        switch code {
        case .throttled, .serviceFailure, .shortBody: true
        default: false
        }
    }
}
