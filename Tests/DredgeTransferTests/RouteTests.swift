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

    @Test func `a request that bypasses proxies goes straight, and the others as the settings say`() async throws {
        let port = try LoopbackPort.free()
        func limits(_ environment: [String: String]) -> TransferLimits { TransferLimits(environment: environment) }
        let proxy = ["http_proxy": "http://127.0.0.1:\(port)"]
        let body = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 1000)
        try await withFaults { server, _ in
            let plain = HTTPRequest(url: server.url("bytes/1"))
            var straight = plain
            straight.bypassesProxy = true
            try await withLoop(limits: limits(proxy)) { loop in
                for _ in 0..<2 {
                    let status = try await loop.perform(straight, into: body).status
                    #expect(status == 200)
                    let error = await #expect(throws: TransferError.self) {
                        try await loop.perform(plain, into: body)
                    }
                    #expect(error?.code == .couldNotConnect && error?.isOfProxy == true)
                    #expect(error?.message.hasPrefix("the proxy 127.0.0.1:\(port) can't be reached: ") == true)
                    #expect(error.map { $0.authority } != "127.0.0.1:\(port)")
                }
            }
            for name in ["no_proxy", "NO_PROXY"] {
                try await withLoop(limits: limits(proxy.merging([name: "127.0.0.1"]) { $1 })) { loop in
                    let status = try await loop.perform(plain, into: body).status
                    #expect(status == 200)
                    let error = await #expect(throws: TransferError.self) {
                        try await loop.perform(HTTPRequest(url: "http://127.0.0.1:\(port)/"), into: body)
                    }
                    #expect(error?.code == .couldNotConnect && error?.isOfProxy == false)
                }
            }
        }
        try await withLoop(limits: limits(["http_proxy": "http://proxy.invalid:1", "no_proxy": ""])) { loop in
            let unknown = await #expect(throws: TransferError.self) {
                try await loop.perform(HTTPRequest(url: "http://s3.test/"), into: body)
            }
            #expect(unknown?.code == .couldNotResolve && unknown?.isOfProxy == true)
            #expect(unknown?.message.contains("the proxy proxy.invalid can't be reached") == true)
        }
    }

    @Test(
        arguments: [
            (["http_proxy": "a", "https_proxy": "b"], "a", "b"),
            (["HTTP_PROXY": "a", "HTTPS_PROXY": "b"], nil, "b"),
            (["all_proxy": "c", "https_proxy": ""], "c", "c"),
            (["ALL_PROXY": "c", "http_proxy": "a"], "a", "c"),
            ([:], nil, nil),
        ] as [([String: String], String?, String?)])
    func `variables name proxies as they do for curl`(environment: [String: String], http: String?, https: String?) {
        let settings = ProxySettings(environment)
        #expect(settings.proxy(for: HTTPRequest(url: "http://s3.test/")) == http)
        #expect(settings.proxy(for: HTTPRequest(url: "HTTPS://s3.test/")) == https)
        var straight = HTTPRequest(url: "https://s3.test/")
        straight.refusesPrivateAddresses = true
        #expect(settings.proxy(for: straight) == nil)
    }

    #if os(Linux)
        // In a process of its own, since the environment is the whole process's.
        @Test func `proxies of the process's environment count for nothing unless it is handed over`() async {
            await #expect(processExitsWith: .success) {
                setenv("http_proxy", "http://proxy.invalid:1", 1)
                setenv("no_proxy", "s3.test", 1)
                try await withFaults { server, loop in
                    let body = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 1000)
                    #expect(try await loop.perform(HTTPRequest(url: server.url("bytes/1")), into: body).status == 200)
                }
                let limits = TransferLimits(environment: ["http_proxy": "http://other.invalid:1"])
                try await withLoop(limits: limits) { loop in
                    let body = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: 1000)
                    let error = await #expect(throws: TransferError.self) {
                        try await loop.perform(HTTPRequest(url: "http://s3.test/"), into: body)
                    }
                    #expect(error?.message.contains("the proxy other.invalid can't be reached") == true)
                }
            }
        }
    #endif
}
