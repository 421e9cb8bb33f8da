#if Server
    internal import DredgeService
    internal import HTTPTypes
    internal import Hummingbird
    internal import ServiceLifecycle

    /// `/v2/jobs/{id}/events`: server-sent events until the job's end, the server's, or that of the caller's key.
    struct JobEventRoute: Sendable {
        private let looks: EventLooks
        private let interval: Duration
        /// Looks without news before a comment shows that the connection stands.
        private let quietCountMax = 15

        init(_ service: IndexService, every interval: Duration = .milliseconds(ServiceLimits.streamLookMilliseconds)) {
            self.interval = interval
            looks = EventLooks(service, every: interval)
        }

        /// Sends where the job stands unless it is what `Last-Event-ID` tells, then each change.
        func stream(_ request: Request, _ context: APIContext) async throws -> Response {
            let (id, caller) = (try context.segment("job"), try context.requireCaller())
            // Before the head: there may be no such job.
            _ = try await looks.event(id, for: caller)
            let place = try await looks.place(for: caller)
            let lastID = HTTPField.Name("Last-Event-ID").flatMap { request.headers[$0] }
            return Response(
                status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-cache"],
                body: ResponseBody { writer in
                    try await write(id, for: caller, after: lastID, to: &writer)
                    withExtendedLifetime(place) {}
                    try await writer.finish(nil)
                })
        }

        @concurrent private func write(
            _ id: String, for caller: Caller, after lastID: String?, to writer: inout any ResponseBodyWriter
        ) async throws {
            var (lastID, quietCount) = (lastID, 0)
            while !Task.isShuttingDownGracefully {
                guard try await looks.isValid(caller) else { return }
                let event = try await looks.event(id, for: caller)
                if event.id != lastID {
                    let text = "id: \(event.id)\nevent: \(event.name)\ndata: \(event.data.text)\n\n"
                    try await writer.write(ByteBuffer(string: text))
                    (lastID, quietCount) = (event.id, 0)
                } else if quietCount == quietCountMax {
                    try await writer.write(ByteBuffer(string: ":\n\n"))
                    quietCount = 0
                }
                if event.isLast { return }
                quietCount += 1
                try await Task.sleep(for: interval)
            }
        }
    }
#endif
