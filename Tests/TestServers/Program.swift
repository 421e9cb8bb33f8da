public import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Process {
    private static let starting = Mutex(())

    /// `run()`, one at a time: two that started at once have crashed within Foundation.
    func start() throws { try Self.starting.withLock { _ in try run() } }
}

/// A program that a test has started. Its output goes to files, so that nobody has to drain it, and waiting for its end
/// keeps no thread: the tests of the whole process share as many as there are cores. A test that ends or is cancelled
/// leaves nothing running.
///
/// `@unchecked`: Foundation's `Process` has its own lock; init alone configures it.
public final class Program: @unchecked Sendable {
    /// How a program ended.
    public struct Outcome: Sendable {
        /// The exit status, or the negative of the signal that ended it.
        public var status: Int32
        /// What it printed.
        public var output: String
        /// What it complained of.
        public var error: String
    }

    private enum State {
        case running([CheckedContinuation<Void, Never>])
        case ended
    }

    private let process = Process()
    private let state = Mutex(State.running([]))
    private let files: URL

    /// Starts `executable` (a path, or a name to be found in the PATH of the tests) with `input` to read. It inherits
    /// the environment unless it is given one.
    public init(
        _ executable: String, _ arguments: [String] = [], input: Data = Data(), environment: [String: String]? = nil,
        directory: URL? = nil
    ) throws {
        files = FileManager.default.temporaryDirectory.appending(path: "dredge-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
        for (name, content) in [("input", input), ("output", Data()), ("error", Data())] {
            try content.write(to: files.appending(path: name))
        }
        let inputHandle = try FileHandle(forReadingFrom: files.appending(path: "input"))
        let outputHandle = try FileHandle(forWritingTo: files.appending(path: "output"))
        let errorHandle = try FileHandle(forWritingTo: files.appending(path: "error"))
        process.standardInput = inputHandle
        process.standardOutput = outputHandle
        process.standardError = errorHandle
        // The program has its own. Left open they add up, and from 1,365 descriptors on Foundation's `run()` reads
        // behind the end of the directory entries of /proc/self/fd.
        defer { for handle in [inputHandle, outputHandle, errorHandle] { try? handle.close() } }
        let isPath = executable.contains("/")
        process.executableURL = URL(filePath: isPath ? executable : "/usr/bin/env")
        process.arguments = isPath ? arguments : [executable] + arguments
        if let environment { process.environment = environment }
        if let directory { process.currentDirectoryURL = directory }
        // Before it runs: one that is quick has ended before anybody waits for it.
        process.terminationHandler = { [weak self] _ in self?.end() }
        try process.start()
    }

    deinit {
        send(SIGKILL)
        try? FileManager.default.removeItem(at: files)
    }

    /// Starts a program and waits for its end. Few run at a time, however many tests ask.
    public static func run(
        _ executable: String, _ arguments: [String] = [], input: Data = Data(), environment: [String: String]? = nil,
        directory: URL? = nil
    ) async throws -> Outcome {
        await places.enter()
        defer { places.leave() }
        return try await Program(
            executable, arguments, input: input, environment: environment, directory: directory
        ).wait()
    }

    /// Whether PATH has a program of this name.
    public static func isInPath(_ name: String) -> Bool {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
    }

    /// Its process ID.
    public var processIdentifier: Int32 { process.processIdentifier }
    /// Whether it has not ended.
    public var isRunning: Bool { process.isRunning }
    /// What it has printed so far.
    public var output: String { text("output") }

    /// Sends a signal; one that comes too late is lost.
    public func send(_ signal: Int32) {
        if process.isRunning { kill(process.processIdentifier, signal) }
    }

    /// Waits for its end. A test that is cancelled meanwhile kills it.
    public func wait() async -> Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let hasEnded = state.withLock { state in
                    guard case .running(let waiting) = state else { return true }
                    state = .running(waiting + [continuation])
                    return false
                }
                if hasEnded { continuation.resume() }
            }
        } onCancel: {
            send(SIGKILL)
        }
        return Outcome(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: text("output"), error: text("error"))
    }

    private func end() {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            defer { state = .ended }
            return if case .running(let waiting) = state { waiting } else { [] }
        }
        for continuation in waiting { continuation.resume() }
    }

    private func text(_ name: String) -> String {
        String(decoding: (try? Data(contentsOf: files.appending(path: name))) ?? Data(), as: UTF8.self)
    }

    private static let places = Places(ProcessInfo.processInfo.activeProcessorCount * 2)
}

/// Room for so many, first come first served.
private final class Places: Sendable {
    private struct State {
        var freeCount: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(freeCount: count)) }

    func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.freeCount == 0 {
                    state.waiting.append(continuation)
                    return false
                }
                state.freeCount -= 1
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if state.waiting.isEmpty {
                state.freeCount += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
