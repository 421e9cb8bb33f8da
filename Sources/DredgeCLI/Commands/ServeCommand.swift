import ArgumentParser
import Dredge
import DredgeService
import Foundation
import Logging

#if Server
    import DredgeHTTP
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

    @Option(help: ArgumentHelp("The principal that customers' roles are to trust.", valueName: "arn"))
    var principalARN: String?

    func run() async throws {
        #if Server
            guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
                0...65_535 ~= port
            else { throw ValidationError("--listen \(listen): HOST:PORT is needed here") }
            try await serve(host: String(listen[..<colon]), port: port)
        #else
            throw CommandFailure(
                .usage,
                "This dredge was built without the server. Build it with `swift build -c release --traits Server`.")
        #endif
    }

    #if Server
        private func serve(host: String, port: Int) async throws {
            let logger = Logger(label: "dredge", factory: { StreamLogHandler.standardError(label: $0) })
            let engine: Engine
            do throws(RunError) { engine = try Engine(logger: logger) } catch {
                throw CommandFailure(.fatal, FatalText.text(error))
            }
            var configuration = ServiceConfiguration()
            configuration.principalARN = principalARN
            let service = try await IndexService(
                directory: directory.url, engine: engine, configuration: configuration, logger: logger)
            let result: Result<Void, any Error>
            do {
                result = .success(
                    try await APIServer(service).run(host: host, port: port, logger: logger) { port in
                        StandardError.write("dredge: listening on http://\(host):\(port)\n")
                    })
            } catch {
                result = .failure(error)
            }
            await service.shutDown()
            do { try result.get() } catch {
                throw CommandFailure(.fatal, "\(listen) can't be served: \(error)")
            }
        }
    #endif
}
