#if Server
    import DredgeHTTP
    import DredgeService
    import Foundation
    import HTTPTypes
    import Hummingbird
    import Logging
    import NIOEmbedded
    import Synchronization

    /// A client of the API, in the same process and without a socket.
    struct APIClient: Sendable {
        private let responder: RouterResponder<APIContext>
        /// nil: none is sent.
        var key: String?

        init(_ service: IndexService, key: String?) {
            responder = APIServer(service).router().buildResponder()
            self.key = key
        }

        /// The same API for who has another key, or none.
        func with(key: String?) -> APIClient {
            var other = self
            other.key = key
            return other
        }

        struct Answer: Sendable {
            var status: Int
            /// Null for what is no JSON.
            var body: JSON
            var text: String
            var headers: HTTPFields
        }

        @discardableResult func call(
            _ method: HTTPRequest.Method, _ path: String, _ body: JSON? = nil, headers: [String: String] = [:]
        ) async throws -> Answer {
            try await call(method, path, bytes: body?.data, headers: headers)
        }

        @discardableResult func call(
            _ method: HTTPRequest.Method, _ path: String, bytes: Data?, headers: [String: String] = [:]
        ) async throws -> Answer {
            var fields = HTTPFields()
            if let key { fields[.authorization] = "Bearer \(key)" }
            for (name, value) in headers { if let name = HTTPField.Name(name) { fields[name] = value } }
            let request = Request(
                head: HTTPRequest(
                    method: method, scheme: "http", authority: "localhost", path: path, headerFields: fields),
                body: RequestBody(buffer: ByteBuffer(bytes: bytes ?? Data())))
            let context = APIContext(
                source: ApplicationRequestContextSource(
                    channel: NIOAsyncTestingChannel(),
                    logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
            let response = try await responder.respond(to: request, context: context)
            let writer = Writer()
            try await response.body.write(writer)
            let bytes = writer.bytes.withLock { $0 }
            return Answer(
                status: response.status.code, body: (try? JSON(parsing: bytes)) ?? .null,
                text: String(decoding: bytes, as: UTF8.self), headers: response.headers)
        }

        /// Waits for a job's end, at a pace that no limit of requests is against; the job.
        @discardableResult func end(of id: String) async throws -> JSON {
            while true {
                let job = try await call(.get, "/v2/jobs/\(id)").body
                if job["completed_at"] != .null { return job }
                try await Task.sleep(for: .milliseconds(10))
            }
        }

        /// Keeps what is written.
        private final class Writer: ResponseBodyWriter {
            let bytes = Mutex(Data())

            @concurrent func write(_ buffer: ByteBuffer) async throws {
                bytes.withLock { $0.append(contentsOf: buffer.readableBytesView) }
            }

            @concurrent func finish(_ headers: HTTPFields?) async throws {}
        }
    }
#endif
