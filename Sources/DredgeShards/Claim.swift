import DredgeBase
import Foundation

/// Who works on a shard, as others see it. It keeps nobody from working: two workers at one shard cost time, and no
/// more.
struct Claim: Codable, Sendable, Hashable {
    var formatVersion = JobFile.currentVersion
    var shard: Int
    /// Names the worker.
    var worker: String
    /// How many workers had claimed the shard before, and one.
    var epoch: Int
    /// Milliseconds since 1970, by the clock of the storage.
    var startedMilliseconds: Int64
    var renewedMilliseconds: Int64
    /// From then on anybody may take the shard over.
    var deadlineMilliseconds: Int64
    /// Of the shard's objects, those that are dealt with, and their bytes.
    var doneCount = 0
    var doneByteCount: UInt64 = 0

    /// Whether all numbers can be: then sums of them are no overflow.
    var isPossible: Bool {
        let milliseconds = [startedMilliseconds, renewedMilliseconds, deadlineMilliseconds]
        return milliseconds.allSatisfy { (0...1 << 48).contains($0) }
            && [shard, epoch, doneCount].allSatisfy { (0...1 << 48).contains($0) } && doneByteCount < 1 << 56
    }

    func isOver(at now: Date) -> Bool { deadlineMilliseconds < ObjectRow.milliseconds(now) }
}

/// A worker's claim to a shard, which it renews while it works.
///
/// An actor, because renewing and what is reported meanwhile come from different tasks.
actor Lease {
    private let storage: any JobStorage
    private let name: String
    private var claim: Claim
    private var tag: String

    private init(_ storage: any JobStorage, _ name: String, _ claim: Claim, tag: String) {
        self.storage = storage
        self.name = name
        self.claim = claim
        self.tag = tag
    }

    /// Claims a shard; nil: somebody else has it, or was faster.
    /// - Parameters:
    ///   - name: of the claim's file.
    ///   - isForced: whether a claim that is not over is taken over, too.
    static func take(
        _ shard: Int, of storage: any JobStorage, named name: String, worker: String, isForced: Bool = false
    ) async throws(JobError) -> Lease? {
        let now = try await storage.now()
        var claim = Claim(
            shard: shard, worker: worker, epoch: 1, startedMilliseconds: ObjectRow.milliseconds(now),
            renewedMilliseconds: 0, deadlineMilliseconds: 0)
        claim.renew(at: now)
        guard let file = try await storage.read(name, byteCountMax: ShardLimits.noteByteCountMax) else {
            let bytes = try claim.bytes
            // As in `replace`.
            _ = try await storage.create(name, bytes)
            let there = try await storage.read(name, byteCountMax: ShardLimits.noteByteCountMax)
            return there?.bytes == bytes ? there.map { Lease(storage, name, claim, tag: $0.tag) } : nil
        }
        // One that can't be read is nobody's.
        if let other = Claim(file) {
            guard isForced || other.isOver(at: now) else { return nil }
            claim.epoch = other.epoch + 1
        }
        return try await replace(storage, name, claim, tag: file.tag).map { Lease(storage, name, claim, tag: $0) }
    }

    /// How far the worker is, for the next time that the claim is renewed.
    func note(doneCount: Int, doneByteCount: UInt64) {
        (claim.doneCount, claim.doneByteCount) = (doneCount, doneByteCount)
    }

    /// Renews the claim now and then, until the task is cancelled. Lost or not: what this worker has begun is of use
    /// until somebody else has done it.
    func keep() async {
        while (try? await Task.sleep(for: ShardLimits.renewalInterval)) != nil { _ = try? await renew() }
    }

    /// Says that the worker is at it, and how far. Returns whether the claim is still this worker's.
    func renew() async throws(JobError) -> Bool {
        claim.renew(at: try await storage.now())
        guard let tag = try await Self.replace(storage, name, claim, tag: tag) else { return false }
        self.tag = tag
        return true
    }

    /// Lets anybody take the shard over at once. Nobody is told where that fails: the claim then ends by itself.
    func giveBack() async {
        claim.deadlineMilliseconds = claim.startedMilliseconds
        _ = try? await Self.replace(storage, name, claim, tag: tag)
    }

    /// The tag of the new content; nil: somebody else has replaced it.
    private static func replace(
        _ storage: any JobStorage, _ name: String, _ claim: Claim, tag: String
    ) async throws(JobError) -> String? {
        let bytes = try claim.bytes
        // Its answer may have got lost, and a second attempt then says false: what is there tells.
        _ = try await storage.replace(name, bytes, ifTag: tag)
        let there = try await storage.read(name, byteCountMax: ShardLimits.noteByteCountMax)
        return there?.bytes == bytes ? there?.tag : nil
    }
}

extension Claim {
    /// What a file says; nil: nothing that can be.
    init?(_ file: StoredFile) {
        guard let claim = try? JobText.value(Claim.self, file.bytes, place: ""), claim.isPossible else { return nil }
        self = claim
    }

    fileprivate mutating func renew(at now: Date) {
        renewedMilliseconds = ObjectRow.milliseconds(now)
        deadlineMilliseconds = renewedMilliseconds + ShardLimits.leaseMilliseconds
    }

    fileprivate var bytes: [UInt8] { get throws(JobError) { try JobText.encoded(self) } }
}
