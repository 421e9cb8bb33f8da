import ArgumentParser
import Dredge
import DredgeService
import Foundation
import Logging

#if Server
    import DredgeHTTP
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the HTTP API.",
        discussion: """
            Collections, jobs and keys are kept under --data. Credentials that sign the assumption of customers' \
            roles, and the endpoints of S3 and STS, come from where AWS's tools take them. `dredge keys create` makes \
            the first key.
            """)

    @OptionGroup var directory: DataDirectory

    @Option(help: ArgumentHelp("Where to listen. Port 0: a free one.", valueName: "host:port"))
    var listen = "127.0.0.1:8080"

    @Option(
        name: .customLong("tls-certificate"),
        help: ArgumentHelp("Serve HTTPS: the certificate and those that lead to its authority, PEM.", valueName: "file")
    )
    var tlsCertificate: String?

    @Option(
        name: .customLong("tls-key"), help: ArgumentHelp("The certificate's key, PEM, no password.", valueName: "file"))
    var tlsKey: String?

    @Option(help: ArgumentHelp("The principal that customers' roles are to trust.", valueName: "arn"))
    var principalARN: String?

    func run() async throws {
        #if Server
            guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
                0...65_535 ~= port
            else { throw ValidationError("--listen \(listen): HOST:PORT is needed here") }
            guard (tlsCertificate == nil) == (tlsKey == nil) else {
                throw ValidationError("--tls-certificate and --tls-key are needed together")
            }
            let tls = tlsCertificate.flatMap { certificate in
                tlsKey.map { TLSFiles(certificatePath: certificate, keyPath: $0) }
            }
            try Self.raiseDescriptorLimit()
            try await serve(.init(host: String(listen[..<colon]), port: port, tls: tls))
        #else
            throw CommandFailure(
                .usage,
                "This dredge was built without the server. Build it with `swift build -c release --traits Server`.")
        #endif
    }

    #if Server
        private func serve(_ address: APIServer.Configuration) async throws {
            let logger = Logger(label: "dredge", factory: { StreamLogHandler.standardError(label: $0) })
            let engine: Engine
            do throws(RunError) { engine = try Engine(logger: logger) } catch {
                throw CommandFailure(.fatal, FatalText.text(error))
            }
            var configuration = ServiceConfiguration()
            configuration.principalARN = principalARN
            let service = try await IndexService(
                directory: directory.url, engine: engine, configuration: configuration, logger: logger)
            let scheme = address.tls == nil ? "http" : "https"
            let serving = Task {
                try await APIServer(service).run(address, logger: logger) { port in
                    StandardError.write("dredge: listening on \(scheme)://\(address.host):\(port)\n")
                }
            }
            let signals = StopSignals {
                serving.cancel()
                // They take their time too: all at once.
                Task { await service.stopJobs() }
            }
            defer { signals.cancel() }
            let result = await serving.result
            let patience = Task {
                try await Task.sleep(for: .seconds(ServiceLimits.shutDownSeconds))
                StandardError.write(
                    "dredge: something does not end; the process ends without it. Jobs go on with the next start.\n"
                )
                _exit(ExitStatus.stopped.rawValue)
            }
            await service.shutDown()
            patience.cancel()
            do { try result.get() } catch let problem as TLSFileProblem {
                throw CommandFailure(.fatal, problem.description)
            } catch {
                throw CommandFailure(.fatal, "\(listen) can't be served: \(error)")
            }
        }

        /// Connections take one each, and may take half of them.
        private static func raiseDescriptorLimit() throws {
            var limit = rlimit()
            guard getrlimit(descriptorResource, &limit) == 0 else { return }
            limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, rlim_t(2 * ServiceLimits.connectionCountMax)))
            setrlimit(descriptorResource, &limit)
            guard limit.rlim_cur >= ServiceLimits.descriptorCountMin else {
                throw CommandFailure(
                    .fatal,
                    "A server needs \(ServiceLimits.descriptorCountMin) descriptors at least; this process may have "
                        + "\(limit.rlim_cur) (ulimit -n).")
            }
        }

        #if canImport(Glibc)
            private static let descriptorResource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            private static let descriptorResource = RLIMIT_NOFILE
        #endif
    #endif
}
