import ArgumentParser
import Dredge
import DredgeConfig
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
            the first key. Flags win over the config file.
            """,
        example: "dredge serve --data /var/lib/dredge")

    @Argument(help: ArgumentHelp("The config file: YAML or JSON.", valueName: "config"), completion: .file())
    var config: String?

    @Option(
        help: ArgumentHelp("The server's data directory; made if it is missing.", valueName: "directory"),
        completion: .directory)
    var data: String?

    @Option(
        help: ArgumentHelp("Where to listen; default: 127.0.0.1:8080. Port 0: a free one.", valueName: "host:port"))
    var listen: String?

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
            let config = try settings()
            try Self.raiseDescriptorLimit()
            try await serve(config)
        #else
            throw CommandFailure(
                .usage,
                "This dredge was built without the server. Build it with `swift build -c release --traits Server`.")
        #endif
    }

    /// The config, with the flags over it.
    private func settings() throws -> ServerConfig {
        var config = try self.config.map { try ServerConfig(path: $0) } ?? ServerConfig()
        if let data { config.data = data }
        if config.data == nil {
            throw CommandFailure(.usage, "dredge: where is the data? Give its directory with --data, or in a config.")
        }
        if let listen {
            guard let address = ListenAddress(listen) else {
                throw CommandFailure(
                    .usage, "dredge: --listen \(Quoting.quoted(listen)) is not HOST:PORT, as 127.0.0.1:8080")
            }
            config.listen = address
        }
        switch (tlsCertificate, tlsKey) {
        case (nil, nil): break
        case (let certificate?, let key?): config.tls = TLSFiles(certificatePath: certificate, keyPath: key)
        default: throw CommandFailure(.usage, "dredge: --tls-certificate and --tls-key are needed together")
        }
        if let principalARN {
            if let complaint = ServiceConfiguration.complaint(ofPrincipalARN: principalARN) {
                throw CommandFailure(.usage, "dredge: --principal-arn \(Quoting.quoted(principalARN)) \(complaint)")
            }
            config.service.principalARN = principalARN
        }
        return config
    }

    #if Server
        private func serve(_ config: ServerConfig) async throws {
            let address = config.listen ?? .standard
            let logger = CommandLog(level: .info).logger
            for warning in config.warnings { StandardError.write("\(warning.description) (warning)\n") }
            let engine: Engine
            do throws(RunError) {
                engine = try Engine(
                    limits: config.limits, base: config.base, environment: ProcessInfo.processInfo.environment,
                    logger: logger)
            } catch {
                throw CommandFailure(.fatal, of: error, FatalText.text(error))
            }
            let service = try await IndexService(
                directory: URL(filePath: config.data ?? "", directoryHint: .isDirectory), engine: engine,
                settings: config.settings, configuration: config.service, logger: logger)
            let listening = APIServer.Configuration(host: address.host, port: address.port, tls: config.tls)
            if config.tls == nil, !address.isLoopback {
                logger.warning("keys and documents cross the network as plain text: set tls, unless a proxy has it")
            }
            let scheme = config.tls == nil ? "http" : "https"
            let serving = Task {
                try await APIServer(service).run(listening, logger: logger) { port in
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
                throw CommandFailure(.fatal, "\(address.host):\(address.port) can't be served: \(error)")
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

extension ServerConfig {
    /// Reads the config file at `path`. Throws a `CommandFailure` with all that is wrong.
    fileprivate init(path: String) throws {
        do {
            try self.init(
                bytes: try ConfigFile.bytes(of: path), fileName: path,
                environment: ProcessInfo.processInfo.environment)
        } catch let error as ConfigError {
            throw CommandFailure(.usage, error.description)
        }
    }
}
