import DredgeTransfer
import Foundation
import TestServers
import Testing

@Suite struct TLSTests {
    @Test func `a server is believed when its authority is known, and refused when not`() async throws {
        let authority = try await TestAuthority()
        let content = Data("private".utf8)
        let nginx = try await Nginx(files: ["a": content], identity: authority.identity(for: "IP:127.0.0.1"))
        defer { nginx.stop() }

        var limits = TransferLimits()
        limits.certificateAuthorityPath = authority.certificatePath
        try await withLoop(limits: limits) { loop in
            let text = try await loop.text(nginx.url("a"))
            #expect(text == "private")
        }
        try await withLoop { loop in
            let error = await #expect(throws: TransferError.self) { try await loop.text(nginx.url("a")) }
            #expect(error?.code == .certificate)
            #expect(error?.isTransient == false)
        }
    }

    @Test func `a certificate for another host is refused`() async throws {
        let authority = try await TestAuthority()
        let nginx = try await Nginx(files: ["a": Data()], identity: authority.identity(for: "DNS:example.org"))
        defer { nginx.stop() }
        var limits = TransferLimits()
        limits.certificateAuthorityPath = authority.certificatePath
        try await withLoop(limits: limits) { loop in
            let error = await #expect(throws: TransferError.self) { try await loop.text(nginx.url("a")) }
            #expect(error?.code == .certificate)
        }
    }

    @Test func `a file of authorities that is not there is said to be the problem`() async throws {
        let authority = try await TestAuthority()
        let nginx = try await Nginx(files: ["a": Data()], identity: authority.identity(for: "IP:127.0.0.1"))
        defer { nginx.stop() }
        var limits = TransferLimits()
        limits.certificateAuthorityPath = authority.certificatePath + ".absent"
        try await withLoop(limits: limits) { loop in
            let error = await #expect(throws: TransferError.self) { try await loop.text(nginx.url("a")) }
            #expect(error?.code == .certificate)
            #expect(error?.message.contains(".absent") == true)
        }
    }

    @Test func `a handshake that is refused with an alert may succeed the next time`() async throws {
        let authority = try await TestAuthority()
        let nginx = try await Nginx(
            files: [:], identity: authority.identity(for: "IP:127.0.0.1"), rejectsHandshakes: true)
        defer { nginx.stop() }
        try await withLoop { loop in
            let error = await #expect(throws: TransferError.self) { try await loop.text(nginx.url("a")) }
            #expect(error?.code == .tls)
            #expect(error?.isTransient == true)
        }
    }
}
