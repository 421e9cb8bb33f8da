#if Server
    internal import DredgeService
    internal import Hummingbird

    /// Holds a request's query to the document of the API: what nobody knows may be a misspelling, so it is told of.
    struct QueryMiddleware: RouterMiddleware {
        func handle(
            _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
        ) async throws -> Response {
            let method = request.method == .head ? "GET" : request.method.rawValue
            if let operation = APIDocument.operation(method, request.uri.path) {
                let problems = Self.problems(request.uri.query ?? "", operation.query)
                if !problems.isEmpty { throw ServiceError.invalid(problems) }
            }
            return try await next(request, context)
        }

        private static func problems(_ query: String, _ known: [Schema.Member]) -> [FieldProblem] {
            var (problems, names) = ([FieldProblem](), Set<String>())
            for pair in query.split(separator: "&") {
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let name = PercentCoding.decode(parts[0]) ?? String(parts[0])
                func complain(_ message: String, _ type: String) {
                    problems.append(FieldProblem(location: ["query", name], message: message, type: type))
                }
                if !known.contains(where: { $0.name == name }) {
                    complain("There is no such parameter.", "extra_forbidden")
                } else if !names.insert(name).inserted {
                    complain("It may be there once only.", "value_error")
                } else if parts.count == 2, PercentCoding.decode(parts[1]) == nil {
                    complain("An escape is broken, or stands for no UTF-8 or for a control character.", "value_error")
                }
            }
            for member in known where member.isRequired && !names.contains(member.name) {
                problems.append(
                    FieldProblem(
                        location: ["query", member.name], message: "This parameter is required.", type: "missing"))
            }
            return problems
        }
    }
#endif
