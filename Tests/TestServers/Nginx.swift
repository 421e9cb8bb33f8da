public import Foundation

/// An nginx (Debian: `nginx-light`) that serves files from a directory of its own. Every answer tells in `X-Connection`
/// which connection it came on.
public final class Nginx: Sendable {
    /// The port on 127.0.0.1.
    public let port: Int
    /// Whether it speaks TLS.
    public let isTLS: Bool
    private let process: ServerProcess

    /// A certificate chain and its key, as PEM files.
    public struct Identity: Sendable {
        /// The certificate, then those that signed it.
        public var certificatePath: String
        /// The private key.
        public var keyPath: String

        /// Both paths are absolute.
        public init(certificatePath: String, keyPath: String) {
            self.certificatePath = certificatePath
            self.keyPath = keyPath
        }
    }

    /// Starts the server with `files` (path below the root, and content) and waits until it listens.
    /// - Parameter rejectsHandshakes: each TLS handshake ends with an alert.
    public init(
        files: [String: Data], identity: Identity? = nil, rejectsHandshakes: Bool = false
    ) async throws {
        isTLS = identity != nil
        (process, port) = try await ServerProcess.listening { port in
            try ServerProcess(Self.executable) { directory in
                let root = directory.appending(path: "root")
                try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
                for (path, content) in files {
                    let file = root.appending(path: path)
                    try FileManager.default.createDirectory(
                        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                    try content.write(to: file)
                }
                let configuration = directory.appending(path: "nginx.conf")
                try Self.configuration(
                    directory: directory.path, port: port, identity: identity, rejectsHandshakes: rejectsHandshakes
                )
                .write(to: configuration, atomically: true, encoding: .utf8)
                return [
                    "-p", directory.path, "-c", configuration.path, "-e", directory.appending(path: "server.log").path,
                ]
            }
        }
    }

    /// The URL of a path below the root.
    public func url(_ path: String) -> String { "\(isTLS ? "https" : "http")://127.0.0.1:\(port)/\(path)" }

    /// Ends the server.
    public func stop() { process.stop() }

    private static var executable: String {
        ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].first(where: FileManager.default.isExecutableFile) ?? "nginx"
    }

    private static func configuration(
        directory: String, port: Int, identity: Identity?, rejectsHandshakes: Bool
    ) -> String {
        let temporaryPaths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(directory)/\($0);" }.joined(separator: "\n    ")
        let tls = identity.map {
            "ssl_certificate \($0.certificatePath); ssl_certificate_key \($0.keyPath); ssl_protocols TLSv1.2 TLSv1.3;"
        }
        return """
            daemon off;
            master_process off;
            pid \(directory)/nginx.pid;
            error_log \(directory)/server.log;
            events { worker_connections 1024; }
            http {
                access_log off;
                sendfile on;
                keepalive_requests 1000000;
                keepalive_timeout 3600s;
                merge_slashes off;
                \(temporaryPaths)
                server {
                    listen 127.0.0.1:\(port) \(identity == nil ? "" : "ssl");
                    \(tls ?? "")
                    \(rejectsHandshakes ? "ssl_reject_handshake on;" : "")
                    root \(directory)/root;
                    add_header X-Connection $connection always;
                }
            }
            """
    }
}
