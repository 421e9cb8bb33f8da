import DredgeTransfer
import Foundation
import TestServers
import Testing

@Suite struct CancellationTests {
    @Test func `cancelling the task ends its transfer, running or queued, and frees the connection`() async throws {
        var limits = TransferLimits()
        limits.connectionCountMax = 1
        // Longer than a busy machine may keep this test waiting.
        limits.progressTimeout = .seconds(3_600)
        try await withFaults(limits: limits) { server, loop in
            let pool = BufferPool(byteLimit: 1 << 20)
            let tasks = try await (0..<3).asyncMap { _ in
                let buffer = try await pool.buffer(byteCount: 1000)
                return Task {
                    try await loop.perform(HTTPRequest(url: server.url("stall/1000/10")), into: buffer).status
                }
            }
            // The one transfer that runs makes the server hold a connection.
            try await withLoop { other in
                _ = try await other.text(server.url("open")) { $0 == "2" }
                for (index, task) in tasks.enumerated().reversed() {
                    task.cancel()
                    // A buffer comes back when its transfer is cancelled, also from the queue.
                    while pool.byteCountInUse > index * 16_384 { try await Task.sleep(for: .milliseconds(5)) }
                    let error = await #expect(throws: TransferError.self) { try await task.value }
                    #expect(error?.code == .cancelled)
                }
                _ = try await other.text(server.url("open")) { $0 == "1" }
            }
            #expect(try await loop.text(server.url("bytes/4")).utf8.elementsEqual(FaultServer.body(4)))
        }
    }

    @Test func `a task that is cancelled already sends nothing`() async throws {
        try await withFaults { server, loop in
            for prefersLoop in [false, true] {
                let task = Task(executorPreference: prefersLoop ? loop.executor : nil) {
                    while !Task.isCancelled { await Task.yield() }
                    let buffer = try #require(BufferPool(byteLimit: 1 << 20).bufferIfFree(byteCount: 10))
                    return try await loop.perform(HTTPRequest(url: server.url("silent")), into: buffer).status
                }
                task.cancel()
                let error = await #expect(throws: TransferError.self) { try await task.value }
                #expect(error?.code == .cancelled)
            }
        }
    }

    @Test func `cancelling at any moment leaves nothing behind`() async throws {
        let pool = BufferPool(byteLimit: 8 << 20)
        var limits = TransferLimits()
        limits.connectionCountMax = 4
        try await withFaults(limits: limits) { server, loop in
            try await withThrowingTaskGroup { group in
                for index in 0..<200 {
                    let buffer = try await pool.buffer(byteCount: 20_000)
                    let task = Task(executorPreference: index % 2 == 0 ? loop.executor : nil) {
                        try await loop.perform(HTTPRequest(url: server.url("bytes/20000")), into: buffer).status
                    }
                    group.addTask {
                        for _ in 0..<(index % 23) { await Task.yield() }
                        task.cancel()
                        switch await task.result {
                        case .success(let status): #expect(status == 200)
                        case .failure(let error): #expect((error as? TransferError)?.code == .cancelled)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await loop.text(server.url("bytes/4")).utf8.elementsEqual(FaultServer.body(4)))
        }
        #expect(pool.byteCountInUse == 0)
    }

    @Test func `shutting down ends transfers that run and that wait, and refuses later ones`() async throws {
        let server = try await FaultServer()
        defer { server.stop() }
        var limits = TransferLimits()
        limits.connectionCountMax = 2
        // Longer than a busy machine may keep this test waiting.
        limits.progressTimeout = .seconds(3_600)
        limits.floorPeriod = .seconds(3_600)
        let loop = try TransferLoop(limits: limits)
        let pool = BufferPool(byteLimit: 1 << 20)
        let tasks = try await (0..<6).asyncMap { index in
            let buffer = try await pool.buffer(byteCount: 1000)
            return Task(executorPreference: index % 2 == 0 ? loop.executor : nil) {
                try await loop.perform(HTTPRequest(url: server.url("silent")), into: buffer).status
            }
        }
        try await withLoop { _ = try await $0.text(server.url("open")) { $0 == "3" } }

        async let first: Void = loop.shutDown()
        async let second: Void = loop.shutDown()
        _ = await (first, second)

        for task in tasks {
            let error = await #expect(throws: TransferError.self) { try await task.value }
            #expect(error?.code == .shutDown)
        }
        let buffer = try await pool.buffer(byteCount: 10)
        let late = await #expect(throws: TransferError.self) {
            try await loop.perform(HTTPRequest(url: server.url("bytes/10")), into: buffer)
        }
        #expect(late?.code == .shutDown)
    }

    @Test func `a task on the loop's executor can shut the loop down and goes on`() async throws {
        let loop = try TransferLoop()
        let value = await Task(executorPreference: loop.executor) {
            await loop.shutDown()
            await Task.yield()
            return 7
        }.value
        #expect(value == 7)
    }
}
