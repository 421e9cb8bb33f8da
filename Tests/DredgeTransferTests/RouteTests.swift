import Foundation
import TestServers
import Testing

@testable import DredgeTransfer

/// What a request says of its way: how long it may take, and past which proxies.
@Suite struct RouteTests {
    @Test func `a request ends in its time, and the next one on its handle has its own`() async throws {
        var limits = TransferLimits()
        limits.connectionCountMax = 1
        try await withFaults(limits: limits) { server, loop in
            let body = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 1000)
            for path in ["silent", "drip/1000/20"] {
                var request = HTTPRequest(url: server.url(path))
                request.timeout = .milliseconds(200)
                let error = await #expect(throws: TransferError.self) { try await loop.perform(request, into: body) }
                #expect(error?.code == .stalled && error?.isTransient == true)
            }
            body.truncate(to: 0)
            #expect(try await loop.perform(HTTPRequest(url: server.url("drip/20/20")), into: body).status == 200)
            #expect(body.count == 20)
        }
    }

    #if os(Linux)
        // In a process of its own, since the environment is the whole process's.
        @Test func `a request that bypasses proxies goes straight, and the others as the environment says`() async {
            await #expect(processExitsWith: .success) {
                let port = try LoopbackPort.free()
                setenv("http_proxy", "http://127.0.0.1:\(port)", 1)
                try await withFaults { server, loop in
                    let body = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 1000)
                    let plain = HTTPRequest(url: server.url("bytes/1"))
                    var straight = plain
                    straight.bypassesProxy = true
                    for _ in 0..<2 {
                        #expect(try await loop.perform(straight, into: body).status == 200)
                        let error = await #expect(throws: TransferError.self) {
                            try await loop.perform(plain, into: body)
                        }
                        #expect(error?.code == .couldNotConnect && error?.isOfProxy == true)
                        #expect(error?.message.hasPrefix("the proxy 127.0.0.1:\(port) can't be reached: ") == true)
                        #expect(error.map { $0.authority } != "127.0.0.1:\(port)")
                    }
                    setenv("no_proxy", "127.0.0.1", 1)
                    #expect(try await loop.perform(plain, into: body).status == 200)
                    let error = await #expect(throws: TransferError.self) {
                        try await loop.perform(HTTPRequest(url: "http://127.0.0.1:\(port)/"), into: body)
                    }
                    #expect(error?.code == .couldNotConnect && error?.isOfProxy == false)
                    setenv("http_proxy", "http://proxy.invalid:1", 1)
                    setenv("no_proxy", "", 1)
                    let unknown = await #expect(throws: TransferError.self) {
                        try await loop.perform(HTTPRequest(url: "http://s3.test/"), into: body)
                    }
                    #expect(unknown?.code == .couldNotResolve && unknown?.isOfProxy == true)
                    #expect(unknown?.message.contains("the proxy proxy.invalid can't be reached") == true)
                }
            }
        }
    #endif
}
