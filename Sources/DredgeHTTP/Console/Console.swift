#if Server
    internal import DredgeService
    internal import HTTPTypes
    internal import Hummingbird
    internal import Logging

    /// The console at `/console`: what the API does, as pages for people. They work without scripts and load nothing
    /// from elsewhere. Who signs in with a key sees what the key sees.
    struct Console: Sendable {
        let service: IndexService
        let sessions: ConsoleSessions

        init(_ service: IndexService, sessions: ConsoleSessions = ConsoleSessions()) {
            (self.service, self.sessions) = (service, sessions)
        }

        /// Adds all pages.
        func add(to router: Router<APIContext>) {
            router.add(middleware: ConsoleMiddleware(console: self))
            let group = router.group("console")
            ConsoleAssets.add(to: group)
            group.get("sign-in") { request, _ in signIn(request) }
            group.post("sign-in") { request, context in try await signIn(request, context) }
            post("sign-out", group) { visit in
                sessions.end(visit.sessionID)
                return .seeOther("/console/sign-in")
            }
            get("", group, start)
            addIntegration(to: group)
            addCollections(to: group)
            addDocuments(to: group)
            addJobs(to: group)
            addSyncs(to: group)
            addKeys(to: group)
        }

        /// What a page may load: nothing from elsewhere, and no script or style of its own text.
        static let contentPolicy =
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
            + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

        typealias Handler = @Sendable (Visit) async throws -> ConsoleAnswer

        /// A page for who is signed in.
        func get(_ path: RouterPath, _ group: RouterGroup<APIContext>, _ handler: @escaping Handler) {
            group.get(path) { request, context -> Response in
                guard let visit = try await visit(request, context) else {
                    return Self.redirect("/console/sign-in?next=\(FormFields.encoded(request.uri.description))")
                }
                return response(try await handler(visit), visit)
            }
        }

        /// Something that a form of such a page does. Refused without the session's token.
        func post(_ path: RouterPath, _ group: RouterGroup<APIContext>, _ handler: @escaping Handler) {
            group.post(path) { request, context -> Response in
                guard var visit = try await visit(request, context) else { return Self.redirect("/console/sign-in") }
                visit.form = try await Self.form(request, context)
                guard isEqualInConstantTime(visit.form["token"], visit.session.token) else {
                    throw HTTPError(
                        .forbidden, message: "This form is not from this session. Go back, load the page, try again.")
                }
                return response(try await handler(visit), visit)
            }
        }

        static func form(_ request: Request, _ context: APIContext) async throws -> FormFields {
            let buffer = try await request.body.collect(upTo: context.maxUploadSize)
            return FormFields(String(buffer: buffer))
        }

        /// Who makes the request; nil: nobody who is signed in, or the key was revoked meanwhile.
        func visit(_ request: Request, _ context: APIContext) async throws -> Visit? {
            guard let id = request.cookies[Self.sessionCookie]?.value, let session = sessions.find(id) else {
                return nil
            }
            try service.rates.take(session.caller.keyID)
            guard let key = try await service.keys.record(session.caller.keyID), key.revokedAt == nil else {
                sessions.end(id)
                return nil
            }
            // The refreshing of a page by its script takes no notice away from the page that is to tell it.
            let isRefresh = HTTPField.Name("X-Console-Refresh").map { request.headers[$0] != nil } ?? false
            return Visit(
                session: session, sessionID: id, key: key,
                query: FormFields(request.uri.query ?? ""), parameters: context.parameters,
                takesNotice: request.method == .get && !isRefresh)
        }

        private func response(_ answer: ConsoleAnswer, _ visit: Visit) -> Response {
            switch answer {
            case .page(let page):
                let notice = visit.takesNotice ? sessions.takeNotice(visit.sessionID) : nil
                return page.response(visit, notice: notice)
            case .seeOther(let path, let notice):
                if let notice { sessions.note(notice, in: visit.sessionID) }
                return Self.redirect(path)
            }
        }

        static func redirect(_ path: String) -> Response { Response(status: .seeOther, headers: [.location: path]) }
    }

    /// A request of somebody who is signed in.
    struct Visit: Sendable {
        var session: ConsoleSessions.Session
        var sessionID: String
        /// The key that the session was begun with.
        var key: APIKeyRecord
        var query: FormFields
        /// Empty unless a form was sent.
        var form = FormFields()
        var parameters: Parameters
        var takesNotice: Bool

        var caller: Caller { session.caller }

        /// The token for a form.
        var token: HTML { "<input type=\"hidden\" name=\"token\" value=\"\(session.token)\">" }
    }

    /// What a page, or a form's deed, comes to.
    enum ConsoleAnswer: Sendable {
        case page(ConsolePage)
        /// Another page, which may tell what was done.
        case seeOther(String, notice: String? = nil)
    }

    /// For everything below `/console`: pages in place of JSON for what fails, and headers that say what a page may do.
    struct ConsoleMiddleware: RouterMiddleware {
        let console: Console

        func handle(
            _ request: Request, context: APIContext, next: @concurrent (Request, APIContext) async throws -> Response
        ) async throws -> Response {
            let path = request.uri.path
            guard path == "/console" || path.hasPrefix("/console/") else { return try await next(request, context) }
            var response: Response
            do { response = try await next(request, context) } catch {
                let visit = try? await console.visit(request, context)
                response = ConsolePage(failure: error, context.logger).response(visit, notice: nil)
            }
            for (name, value) in Self.headers where response.headers[name] == nil { response.headers[name] = value }
            return response
        }

        private static let headers: [(HTTPField.Name, String)] =
            [
                (.contentSecurityPolicy, Console.contentPolicy), (.xContentTypeOptions, "nosniff"),
                (.cacheControl, "no-store"),
            ]
            + [
                // With "no-referrer" a browser would not tell the origin of a form: see `Console.isSecure`.
                ("Referrer-Policy", "same-origin"), ("X-Frame-Options", "DENY"),
                ("Cross-Origin-Opener-Policy", "same-origin"),
            ].compactMap { name, value in HTTPField.Name(name).map { ($0, value) } }
    }

    extension ConsolePage {
        /// What is shown of an error: never more than its reader needs to know.
        init(failure error: any Error, _ logger: Logger) {
            let (status, title, message): (HTTPResponse.Status, String, String)
            switch error {
            case ServiceError.refused(let refusal):
                (status, message) = (refusal.kind.status, refusal.message)
                title = refusal.kind == .notFound ? "Not found" : "This was refused"
            case ServiceError.invalid(let problems):
                (status, title) = (.unprocessableContent, "This can't be taken")
                message = problems.map(\.message).joined(separator: " ")
            case let error as any HTTPResponseError where error.status == .notFound:
                (status, title, message) = (.notFound, "Not found", "There is no such page.")
            case let error as HTTPError:
                (status, title) = (error.status, "This was refused")
                message = error.body ?? error.status.reasonPhrase
            case let error as any HTTPResponseError:
                (status, title, message) = (error.status, "This was refused", error.status.reasonPhrase)
            default:
                logger.error("a page failed", metadata: ["error": "\(error)"])
                (status, title) = (.internalServerError, "The server failed")
                message = "Try again. Where it fails again, the operator of this server finds the cause in its log."
            }
            self.init(title, status: status) {
                "<p>\(message)</p><p><a href=\"/console\">To the overview</a></p>"
            }
        }
    }
#endif
