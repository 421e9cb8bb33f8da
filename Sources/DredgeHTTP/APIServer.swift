#if Server
    public import DredgeService
    internal import Foundation
    public import Hummingbird
    public import Logging

    /// The HTTP API of a service.
    public struct APIServer: Sendable {
        let service: IndexService

        /// An API over `service`, which the caller shuts down.
        public init(_ service: IndexService) { self.service = service }

        /// Serves until a signal ends the process (SIGTERM, SIGINT), or the task is cancelled. Throws when nothing can
        /// be bound to the address.
        /// - Parameter onListening: called with the port once requests can come.
        public func run(
            host: String, port: Int, logger: Logger, onListening: @escaping @Sendable (Int) async -> Void
        ) async throws {
            let application = Application(
                router: router(),
                configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: "dredge"),
                onServerRunning: { await onListening($0.localAddress?.port ?? port) }, logger: logger)
            try await application.runService()
        }

        /// All routes.
        public func router() -> Router<APIContext> {
            let router = Router(context: APIContext.self)
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
