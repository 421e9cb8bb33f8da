import DredgeBase
import Foundation
import Synchronization
import TestServers

@testable import DredgeShards

/// A bucket in memory that writes under conditions, as S3 does. Whoever uses it goes through a `Client`.
final class MemoryStorage: Sendable {
    fileprivate let files = Mutex<[String: [UInt8]]>([:])

    /// The time by the clock that all clients read, in seconds.
    let clock = Mutex<Double>(1_800_000_000)

    var names: [String] { files.withLock { $0.keys.sorted() } }
    subscript(name: String) -> [UInt8]? {
        get { files.withLock { $0[name] } }
        set { files.withLock { $0[name] = newValue } }
    }

    /// One process's way to it: a seed decides what goes wrong, and at which call the process is killed.
    final class Client: JobStorage {
        private let storage: MemoryStorage
        private struct State {
            var generator: SeededGenerator
            var callCount = 0
            var isKilled = false
        }
        private let state: Mutex<State>
        /// The call at which the process is killed: before it has an effect, or behind that.
        private let killedAt: Int?
        /// Of the calls that make a file, so many lose their answer, and are made again.
        private let lostPercentage: Int
        /// Seconds that the clock of this process's replica is ahead.
        private let skew: Double

        init(_ storage: MemoryStorage, seed: UInt64, killedAt: Int? = nil, lostPercentage: Int = 0, skew: Double = 0) {
            self.storage = storage
            self.killedAt = killedAt
            self.lostPercentage = lostPercentage
            self.skew = skew
            state = Mutex(State(generator: SeededGenerator(seed: seed)))
        }

        let url = "memory:///job/"
        var isKilled: Bool { state.withLock { $0.isKilled } }
        var callCount: Int { state.withLock { $0.callCount } }

        private func call<Value>(_ body: () throws(JobError) -> Value) async throws(JobError) -> Value {
            let (pauses, isLast, hasEffect) = state.withLock { state in
                state.callCount += 1
                return (state.generator.next() % 6, state.callCount == killedAt, state.generator.next() % 2 == 0)
            }
            for _ in 0..<pauses { await Task.yield() }
            if isKilled { throw Self.killed }
            guard isLast else { return try body() }
            if hasEffect { _ = try body() }
            state.withLock { $0.isKilled = true }
            throw Self.killed
        }

        private static let killed = JobError(code: .storage, place: "memory", message: "killed", advice: "None.")

        private func make(_ name: String, _ bytes: [UInt8]) async throws(JobError) -> Bool {
            let isLost = state.withLock { $0.generator.next() % 100 } < lostPercentage
            let isMade = try await call { () throws(JobError) in
                storage.files.withLock { files in
                    guard files[name] == nil else { return false }
                    files[name] = bytes
                    return true
                }
            }
            return isMade && !isLost
        }

        func read(_ name: String, byteCountMax: Int) async throws(JobError) -> StoredFile? {
            try await call { () throws(JobError) in
                storage[name].map { StoredFile(bytes: $0, tag: SHA256.hex($0)) }
            }
        }

        func create(_ name: String, _ bytes: [UInt8]) async throws(JobError) -> Bool { try await make(name, bytes) }

        func replace(_ name: String, _ bytes: [UInt8], ifTag tag: String) async throws(JobError) -> Bool {
            try await call { () throws(JobError) in
                storage.files.withLock { files in
                    guard let now = files[name], SHA256.hex(now) == tag else { return false }
                    files[name] = bytes
                    return true
                }
            }
        }

        func upload(_ path: String, to name: String) async throws(JobError) -> Bool {
            guard let bytes = FileManager.default.contents(atPath: path) else { throw Self.missing(path) }
            return try await make(name, Array(bytes))
        }

        func download(_ name: String, to path: String) async throws(JobError) {
            try await call { () throws(JobError) in
                guard let bytes = storage[name], FileManager.default.createFile(atPath: path, contents: Data(bytes))
                else { throw Self.missing(name) }
            }
        }

        func names(in folder: String) async throws(JobError) -> [String] {
            try await call { () throws(JobError) in
                storage.names.filter { $0.hasPrefix("\(folder)/") }.map { String($0.dropFirst(folder.count + 1)) }
            }
        }

        func now() async throws(JobError) -> Date {
            Date(timeIntervalSince1970: storage.clock.withLock { $0 } + skew)
        }

        private static func missing(_ name: String) -> JobError {
            JobError(code: .storage, place: name, message: "not there", advice: "None.")
        }
    }
}
