#if Server
    internal import DredgeService
    internal import Foundation
    internal import NIOSSL

    extension TLSFiles {
        /// Reads both. Throws `TLSFileProblem` with the file that is wrong.
        func configuration() throws -> TLSConfiguration {
            let certificates: [NIOSSLCertificate]
            let bytes = try Self.read(certificatePath)
            do { certificates = try NIOSSLCertificate.fromPEMBytes(bytes) } catch { certificates = [] }
            if certificates.isEmpty {
                throw TLSFileProblem(path: certificatePath, problem: "has no certificate in PEM form")
            }
            let key: NIOSSLPrivateKey
            let keyBytes = try Self.read(keyPath)
            do { key = try NIOSSLPrivateKey(bytes: keyBytes, format: .pem) } catch {
                throw TLSFileProblem(path: keyPath, problem: "has no private key in PEM form, without a password")
            }
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["http/1.1"]
            do { _ = try NIOSSLContext(configuration: configuration) } catch {
                throw TLSFileProblem(path: keyPath, problem: "is not the key of the certificate in \(certificatePath)")
            }
            return configuration
        }

        private static func read(_ path: String) throws -> [UInt8] {
            do { return Array(try Data(contentsOf: URL(filePath: path))) } catch {
                let isThere = FileManager.default.fileExists(atPath: path)
                throw TLSFileProblem(
                    path: path, problem: isThere ? "can't be read: look at its permissions" : "does not exist")
            }
        }
    }

    /// A file for TLS that can't be used.
    public struct TLSFileProblem: Error, CustomStringConvertible {
        /// The file.
        public var path: String
        /// What is wrong with it; nothing of what it holds.
        public var problem: String
        /// A sentence.
        public var description: String { "\(path) \(problem)." }
    }
#endif
