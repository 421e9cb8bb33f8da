internal import Foundation

/// A thread of its own for what reads and writes whole files, so that no other task waits for it.
enum SearchThread {
    static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result(catching: body)) }
            thread.name = "dredge-search"
            thread.stackSize = 1 << 20
            thread.start()
        }
    }
}
