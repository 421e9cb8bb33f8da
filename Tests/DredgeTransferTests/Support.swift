import DredgeTransfer
import Foundation
import TestServers
import Testing

/// Runs `body` with a loop that is shut down whatever happens.
func withLoop<Value>(
    limits: TransferLimits = .init(), _ body: (TransferLoop) async throws -> Value
) async throws -> Value {
    let loop = try TransferLoop(limits: limits)
    let result: Result<Value, any Error>
    do { result = .success(try await body(loop)) } catch { result = .failure(error) }
    await loop.shutDown()
    return try result.get()
}

/// Runs `body` with a fault server and a loop.
func withFaults<Value>(
    limits: TransferLimits = .init(), _ body: (FaultServer, TransferLoop) async throws -> Value
) async throws -> Value {
    let server = try await FaultServer()
    defer { server.stop() }
    return try await withLoop(limits: limits) { try await body(server, $0) }
}

extension TransferLoop {
    /// The answer's body as text, for the small answers of the fault server.
    func text(_ url: String) async throws -> String {
        let buffer = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 1 << 19)
        _ = try await perform(HTTPRequest(url: url), into: buffer)
        return String(decoding: buffer.bytes, as: UTF8.self)
    }

    /// Waits until the text at `url` is one that `isRight` accepts. Returns it; gives up after a minute.
    func text(_ url: String, when isRight: (String) -> Bool) async throws -> String {
        for _ in 0..<1200 {
            let text = try await text(url)
            if isRight(text) { return text }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw ServerProblem(description: "the answer of \(url) never became right")
    }
}

extension Collection {
    /// The results of `transform`, one after the other.
    func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
