import Foundation

/// A certificate authority that exists for one test, made by the `openssl` command. Its files go with it.
public final class TestAuthority: Sendable {
    private let directory: URL

    /// The authority's own certificate, as a PEM file.
    public var certificatePath: String { directory.appending(path: "ca.pem").path }

    /// Makes a key and signs it with itself.
    public init() async throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "dredge-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try await openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-days", "2", "-subj", "/CN=Dredge test authority")
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// A certificate for a server, and its key. `name` is as in OpenSSL's subjectAltName: "IP:127.0.0.1" or "DNS:…".
    public func identity(for name: String) async throws -> Nginx.Identity {
        try "subjectAltName=\(name)\n".write(
            to: directory.appending(path: "extensions"), atomically: true, encoding: .utf8)
        try await openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "server.key", "-out",
            "server.csr", "-subj", "/CN=server")
        try await openssl(
            "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "extensions", "-out", "server.pem")
        return Nginx.Identity(
            certificatePath: directory.appending(path: "server.pem").path,
            keyPath: directory.appending(path: "server.key").path)
    }

    private func openssl(_ arguments: String...) async throws {
        let outcome = try await Program.run("openssl", arguments, directory: directory)
        guard outcome.status == 0 else {
            throw ServerProblem(description: "openssl \(arguments.joined(separator: " ")) failed: \(outcome.error)")
        }
    }
}
