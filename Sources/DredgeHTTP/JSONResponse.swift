#if Server
    internal import DredgeService
    internal import Foundation
    internal import HTTPTypes
    internal import Hummingbird

    /// An answer with a JSON body.
    struct JSONResponse: ResponseGenerator {
        var status: HTTPResponse.Status
        let body: Data
        /// Told where a later request may go; nil: that is not known.
        var retryAfterSeconds: Int?

        init(_ body: JSON, status: HTTPResponse.Status = .ok) {
            self.init(text: body.data, status: status)
        }

        /// A JSON text that is made already.
        init(text: Data, status: HTTPResponse.Status = .ok) { (self.status, body) = (status, text) }

        func response(from request: Request, context: some RequestContext) throws -> Response { response }

        var response: Response {
            var headers: HTTPFields = [
                .contentType: "application/json; charset=utf-8", .contentLength: String(body.count),
            ]
            if let retryAfterSeconds { headers[.retryAfter] = String(retryAfterSeconds) }
            return Response(
                status: status, headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
        }
    }

    extension JSONResponse {
        /// What a `ServiceError` is to a client: FastAPI's shape.
        init(_ error: ServiceError) {
            switch error {
            case .invalid(let problems):
                self.init(
                    .object([
                        "detail": .array(
                            Self.bounded(problems).map { problem in
                                .object([
                                    "loc": .array(problem.location.map { .string($0) }),
                                    "msg": .string(problem.message), "type": .string(problem.type),
                                ])
                            })
                    ]), status: .unprocessableContent)
            case .refused(let refusal):
                self.init(
                    .object(["detail": .string(refusal.message), "error_code": .string(refusal.code)]),
                    status: refusal.kind.status)
                retryAfterSeconds = refusal.retryAfterSeconds
            }
        }

        /// The first of them, and how many more there are.
        private static func bounded(_ problems: [FieldProblem]) -> [FieldProblem] {
            let countMax = ServiceLimits.problemCountMax
            if problems.count <= countMax { return problems }
            let more = FieldProblem(
                location: [problems[0].location.first ?? "body"],
                message: "There are \(problems.count - countMax) more problems.", type: "too_many_problems")
            return problems.prefix(countMax) + [more]
        }
    }

    extension Refusal.Kind {
        var status: HTTPResponse.Status {
            switch self {
            case .badRequest: .badRequest
            case .unauthorized: .unauthorized
            case .forbidden: .forbidden
            case .notFound: .notFound
            case .conflict: .conflict
            case .tooManyRequests: .tooManyRequests
            case .notImplemented: .notImplemented
            case .unavailable: .serviceUnavailable
            }
        }
    }
#endif
