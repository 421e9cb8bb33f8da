#if Server
    public import DredgeService
    internal import Foundation
    public import Hummingbird
    internal import HummingbirdCore
    internal import HummingbirdTLS
    public import Logging
    internal import NIOCore
    internal import ServiceLifecycle
    internal import Synchronization

    /// The HTTP API of a service.
    public struct APIServer: Sendable {
        let service: IndexService

        /// An API over `service`, which the caller shuts down.
        public init(_ service: IndexService) { self.service = service }

        /// Serves until the task is cancelled. Then nothing new is accepted, requests that are in flight may go on for
        /// `ServiceLimits.drainSeconds`, and what is still open is closed. Throws when nothing can be bound to the
        /// address, and `TLSFileProblem`.
        /// - Parameter onListening: called with the port once requests can come.
        public func run(
            _ configuration: Configuration, logger: Logger, onListening: @escaping @Sendable (Int) async -> Void
        ) async throws {
            let connections = Connections()
            let application = Application(
                router: router(), server: try server(configuration, connections),
                configuration: ApplicationConfiguration(
                    address: .hostname(configuration.host, port: configuration.port), serverName: "dredge",
                    availableConnectionsDelegate: MaximumAvailableConnections(
                        configuration.connectionCountMax, logger: logger)),
                onServerRunning: { channel in
                    _ = try? await channel.pipeline.addHandler(AcceptGuard(logger), position: .first).get()
                    await onListening(channel.localAddress?.port ?? configuration.port)
                }, logger: logger)
            let group = ServiceGroup(configuration: .init(services: [application], logger: logger))
            let (ends, end) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
            let serving = Task { try await group.run() }
            Task { end.yield(await serving.result) }
            let drain = configuration.times.drain
            let stop = Mutex<Task<Void, Never>?>(nil)
            let result = await withTaskCancellationHandler {
                // In a task of its own, as this one may be cancelled.
                await Task { await ends.first { _ in true } ?? .success(()) }.value
            } onCancel: {
                let task = Task {
                    await group.triggerGracefulShutdown()
                    guard (try? await Task.sleep(for: drain)) != nil else { return }
                    if connections.count > 0 {
                        logger.notice(
                            "connections are closed that requests go on in", metadata: ["count": "\(connections.count)"]
                        )
                    }
                    connections.closeAll()
                    serving.cancel()
                    guard (try? await Task.sleep(for: .seconds(ServiceLimits.lingerSeconds))) != nil else { return }
                    logger.warning("a request does not end; the server ends without it")
                    end.yield(.success(()))
                }
                stop.withLock { $0 = task }
            }
            stop.withLock { $0 }?.cancel()
            if !Task.isCancelled { try result.get() }
        }

        private func server(_ configuration: Configuration, _ connections: Connections) throws -> HTTPServerBuilder {
            let times = configuration.times
            let http = HTTPServerBuilder.http1(
                configuration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [ConnectionGuard(connections, times)],
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: ServiceLimits.headByteCountMax,
                        maxHeaderListSize: ServiceLimits.headByteCountMax,
                        maxHeaderFieldCount: ServiceLimits.headFieldCountMax)))
            guard let files = configuration.tls else { return http }
            return try .tls(http, tlsConfiguration: files.configuration())
        }

        /// All routes.
        public func router() -> Router<APIContext> {
            let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
            let metrics = RequestMetrics()
            router.add(middleware: MetricsMiddleware(metrics: metrics))
            router.add(middleware: ErrorMiddleware())
            router.get("healthz") { _, _ in JSONResponse(["status": "ok"]) }
            router.get("readyz") { _, _ in
                if let problem = await service.problem {
                    return JSONResponse(
                        .object(["status": "unavailable", "detail": .string(problem)]), status: .serviceUnavailable)
                }
                return JSONResponse(["status": "ready"])
            }
            router.get("metrics", use: MetricsRoute(service: service, metrics: metrics).show)
            DocumentRoutes.add(to: router)
            let api = router.group("v2").add(middleware: KeyMiddleware(keys: service.keys, rates: service.rates))
                .add(middleware: QueryMiddleware())
            CollectionRoutes(service: service).add(to: api.group("collections"))
            SearchRoutes(service: service).add(to: api.group("collections"))
            SyncRoutes(service: service).add(toCollections: api.group("collections"))
            SyncRoutes(service: service).add(to: api.group("syncs"))
            WebhookRoutes(webhooks: service.webhooks).add(to: api.group("webhooks/endpoints"))
            JobRoutes(service: service).add(to: api.group("jobs"))
            IntegrationRoutes(service: service).add(to: api.group("integrations/aws"))
            Console(service).add(to: router)
            return router
        }
    }

    extension APIServer {
        /// Where to serve.
        public struct Configuration: Sendable {
            /// A name or an address of this machine.
            public var host: String
            /// 0: a free one.
            public var port: Int
            /// nil: HTTP without TLS.
            public var tls: TLSFiles?
            var times = ConnectionTimes()
            var connectionCountMax = Connections.countMax

            /// Without TLS, unless there are files for it.
            public init(host: String, port: Int, tls: TLSFiles? = nil) {
                (self.host, self.port, self.tls) = (host, port, tls)
            }
        }
    }

    /// What is known of a request: after `KeyMiddleware`, who makes it.
    public struct APIContext: RequestContext {
        /// Hummingbird's own.
        public var coreContext: CoreRequestContextStorage
        var caller: Caller?
        /// Whether it comes from this machine.
        let isFromLoopback: Bool

        /// The context of a request that has just come.
        public init(source: ApplicationRequestContextSource) {
            coreContext = .init(source: source)
            isFromLoopback = source.channel.remoteAddress?.ipAddress.map(Self.isLoopback) ?? false
        }

        private static func isLoopback(_ address: String) -> Bool {
            address == "::1" || address.hasPrefix("127.") || address.hasPrefix("::ffff:127.")
        }

        /// Who calls. Throws for a route without `KeyMiddleware`, which would be a fault of ours.
        func requireCaller() throws -> Caller {
            guard let caller else { throw HTTPError(.unauthorized) }
            return caller
        }

        /// Bytes of a body.
        public var maxUploadSize: Int { ServiceLimits.bodyByteCountMax }
    }
#endif
