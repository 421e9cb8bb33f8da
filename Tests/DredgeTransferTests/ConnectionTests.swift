import Foundation
import Synchronization
import TestServers
import Testing

@testable import DredgeTransfer

@Suite struct ConnectionTests {
    #if os(Linux)
        // In a process of its own, since tests that run beside would come and go with descriptors and threads.
        @Test func `1000 requests through 64 connections leak no handle, descriptor, thread or buffer`() async {
            await #expect(processExitsWith: .success) {
                let content = Data((0..<16_384).map { UInt8(truncatingIfNeeded: $0 &* 31) })
                let nginx = try await Nginx(files: ["a": content])
                let pool = BufferPool(byteLimit: 4 << 20)
                // Once to have what the process opens on first use and keeps.
                _ = try await requestRepeatedly(nginx.url("a"), content, pool, count: 100, prefersLoop: true)
                try await Task.sleep(for: .milliseconds(10))
                let descriptors = try openDescriptors().count

                for prefersLoop in [false, true] {
                    let connections = try await requestRepeatedly(
                        nginx.url("a"), content, pool, count: 1000, prefersLoop: prefersLoop)
                    #expect(connections.count <= 64, "connections are reused")
                    let left = try openDescriptors()
                    #expect(left.count == descriptors, "\(left)")
                    #expect(try loopThreadCount() == 0)
                    #expect(EasySlot.liveCount.load(ordering: .relaxed) == 0)
                    #expect(pool.byteCountInUse == 0)
                }
                nginx.stop()
            }
        }

        @Test func `a loop that is dropped ends by itself`() async {
            await #expect(processExitsWith: .success) {
                _ = try TransferLoop()
                while try loopThreadCount() > 0 { try await Task.sleep(for: .milliseconds(5)) }
                #expect(EasySlot.liveCount.load(ordering: .relaxed) == 0)
            }
        }
    #endif

    @Test func `more requests than connections all get their turn`() async throws {
        var limits = TransferLimits()
        limits.connectionCountMax = 3
        try await withFaults(limits: limits) { server, loop in
            let pool = BufferPool(byteLimit: 1 << 20)
            try await withThrowingTaskGroup { group in
                for index in 0..<40 {
                    group.addTask {
                        let body = try await pool.buffer(byteCount: 40)
                        let request = HTTPRequest(url: server.url("bytes/\(index)"))
                        #expect(try await loop.perform(request, into: body).status == 200)
                        #expect(Data(body.bytes) == FaultServer.body(index))
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}

/// Sends `count` requests from 100 tasks through 64 connections and ends the loop. Returns the connections that nginx
/// saw.
private func requestRepeatedly(
    _ url: String, _ content: Data, _ pool: BufferPool, count: Int, prefersLoop: Bool
) async throws -> Set<String> {
    var limits = TransferLimits()
    limits.connectionCountMax = 64
    // Long enough that no busy machine makes a failure of it.
    limits.connectTimeout = .seconds(600)
    limits.progressTimeout = .seconds(600)
    limits.floorPeriod = .seconds(600)
    return try await withLoop(limits: limits) { loop in
        try await withThrowingTaskGroup(of: Set<String>.self) { group in
            for _ in 0..<100 {
                group.addTask(executorPreference: prefersLoop ? loop.executor : nil) {
                    var connections: Set<String> = []
                    for _ in 0..<(count / 100) {
                        let buffer = try await pool.buffer(byteCount: content.count)
                        let response = try await loop.perform(HTTPRequest(url: url), into: buffer)
                        #expect(response.status == 200)
                        #expect(buffer.bytes.elementsEqual(content))
                        connections.insert(try #require(response["X-Connection"]))
                    }
                    return connections
                }
            }
            return try await group.reduce(into: []) { $0.formUnion($1) }
        }
    }
}

/// What this process's descriptors lead to, without files of /proc: libdispatch opens those for a moment, whenever it
/// likes, to look at its threads.
private func openDescriptors() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { descriptor in
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
    }.filter { !$0.hasPrefix("/proc/") }.sorted()
}

/// Threads of this process that carry the loop's name.
private func loopThreadCount() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").filter { thread in
        (try? String(contentsOfFile: "/proc/self/task/\(thread)/comm", encoding: .utf8)) == "dredge-transfer\n"
    }.count
}
