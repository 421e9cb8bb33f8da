#if Server
    internal import DredgeService
    internal import Foundation
    internal import HTTPTypes
    internal import Hummingbird
    internal import Logging

    /// Makes answers of errors: never more than what a client needs to know.
    struct ErrorMiddleware: RouterMiddleware {
        func handle(
            _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
        ) async throws -> Response {
            do {
                // The router would leave empty segments out, which others take for another address.
                if request.uri.path.contains("//") { throw HTTPError(.notFound) }
                return try await next(request, context)
            } catch let error as ServiceError {
                if error.isOfStorage { context.logger.error("the control database can't be written to") }
                return JSONResponse(error).response
            } catch let error as HTTPError where error.status == .notFound {
                let methods = APIDocument.methods(of: request.uri.path)
                if methods.isEmpty || methods.contains(request.method.rawValue) {
                    return JSONResponse(["detail": "There is nothing at this address."], status: .notFound).response
                }
                var response = JSONResponse(
                    .object(["detail": .string("\(request.method.rawValue) is not for this address.")]),
                    status: .methodNotAllowed
                ).response
                response.headers[.allow] = methods.joined(separator: ", ")
                return response
            } catch let error as HTTPError {
                let text = error.body ?? error.status.reasonPhrase
                return JSONResponse(.object(["detail": .string(text)]), status: error.status).response
            } catch let error as any HTTPResponseError {
                return JSONResponse(.object(["detail": .string(error.status.reasonPhrase)]), status: error.status)
                    .response
            } catch is CancellationError {
                // The server stops while the body of the request is still to come.
                return JSONResponse(["detail": "The server stops."], status: .serviceUnavailable).response
            } catch {
                context.logger.error("a request failed", metadata: ["error": "\(error)"])
                return JSONResponse(
                    [
                        "detail": "The server failed. Its operator finds the cause in the log.",
                        "error_code": "server_error",
                    ], status: .internalServerError
                ).response
            }
        }
    }

    /// Finds out who calls, by the key in `Authorization: Bearer`.
    struct KeyMiddleware: RouterMiddleware {
        let keys: APIKeys
        let rates: RequestRates

        func handle(
            _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
        ) async throws -> Response {
            guard let key = Self.key(request.headers[.authorization]),
                let caller = try await keys.caller(withKey: key)
            else {
                var response = JSONResponse(
                    .refused(
                        .unauthorized, "invalid_api_key",
                        "A valid key is needed: the header Authorization: Bearer KEY.")
                ).response
                response.headers[.wwwAuthenticate] = "Bearer"
                return response
            }
            if let name = HTTPField.Name("X-Organization-ID"), let organization = request.headers[name],
                organization.lowercased() != caller.organization
            {
                throw ServiceError.refused(
                    .forbidden, "organization_mismatch", "The key does not belong to this X-Organization-ID.")
            }
            try rates.take(caller.keyID)
            var context = context
            context.caller = caller
            return try await next(request, context)
        }

        /// The name of the scheme may be written in any case (RFC 9110, section 11.1).
        private static func key(_ header: String?) -> String? {
            guard let parts = header?.split(separator: " ", maxSplits: 1), parts.count == 2,
                parts[0].lowercased() == "bearer"
            else { return nil }
            return String(parts[1].drop { $0 == " " })
        }
    }
#endif
