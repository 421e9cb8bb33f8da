#if Server
    internal import DredgeService
    internal import HTTPTypes
    internal import Hummingbird

    /// Signing in with a key: the browser gets the ID of a session, and keeps no key.
    extension Console {
        static let sessionCookie = "dredge_console"
        /// Who is not signed in has no session that could keep a token: the form's is compared with this cookie.
        private static let formCookie = "dredge_console_form"

        /// The page with the form. `next`: where it leads.
        func signIn(_ request: Request) -> Response {
            let query = FormFields(request.uri.query ?? "")
            return signInPage(next: query["next"], request, ConsoleForm())
        }

        /// Looks at the key, and begins a session.
        func signIn(_ request: Request, _ context: APIContext) async throws -> Response {
            let form = try await Self.form(request, context)
            let next = form["next"]
            guard let token = request.cookies[Self.formCookie]?.value, token.utf8.count == 64,
                isEqualInConstantTime(form["token"], token)
            else {
                return signInPage(
                    next: next, request,
                    try refusal(.forbidden, "expired", "The form had expired, or cookies are off. Try again."))
            }
            guard let caller = try await service.keys.caller(withKey: form.trimmed("key")) else {
                return signInPage(
                    next: next, request,
                    try ConsoleForm(
                        FormFields(), .invalid("key", "This is no valid key. It may have been revoked."),
                        fields: ["key": "key"]))
            }
            if let old = request.cookies[Self.sessionCookie]?.value { sessions.end(old) }
            var response = Self.redirect(Self.destination(next))
            let seconds = ServiceLimits.consoleSessionSeconds
            response.headers[values: .setCookie] = [
                Self.cookie(Self.sessionCookie, sessions.begin(caller), for: seconds, request)
            ]
            return response
        }

        private func refusal(_ kind: Refusal.Kind, _ code: String, _ message: String) throws -> ConsoleForm {
            try ConsoleForm(FormFields(), .refused(kind, code, message), fields: [:])
        }

        private func signInPage(next: String, _ request: Request, _ form: ConsoleForm) -> Response {
            let token = RandomToken.hexadecimal(byteCount: 32)
            let page = ConsolePage("Sign in", status: form.status) {
                """
                \(form.complaint)
                <form method="post" action="/console/sign-in" class="narrow">
                <input type="hidden" name="token" value="\(token)">
                <input type="hidden" name="next" value="\(next)">
                \(form.input(
                    "key", "API key", hint: "It begins with <code>cap_</code>. The browser does not keep it.",
                    type: "password", isRequired: true))
                <p class="actions"><button class="primary">Sign in</button></p>
                </form>
                <p class="hint">Who runs this server makes the first key of an organization with
                <code>dredge keys create</code>. You are signed out after 12 hours.</p>
                """
            }
            var response = page.response(nil, notice: nil)
            response.headers[values: .setCookie] = [Self.cookie(Self.formCookie, token, for: 3_600, request)]
            return response
        }

        private static func cookie(_ name: String, _ value: String, for seconds: Int, _ request: Request) -> String {
            "\(name)=\(value); Path=/console; Max-Age=\(seconds); HttpOnly; SameSite=Strict"
                + (isSecure(request) ? "; Secure" : "")
        }

        /// Whether the browser came by TLS, here or at a proxy before: it says so itself in a form's `Origin`.
        private static func isSecure(_ request: Request) -> Bool {
            let forwarded = HTTPField.Name("X-Forwarded-Proto").flatMap { request.headers[$0] }
            return request.headers[.origin]?.hasPrefix("https://") ?? false || forwarded == "https"
        }

        /// A page of the console, whatever the form says.
        private static func destination(_ next: String) -> String {
            let isOurs = next == "/console" || next.hasPrefix("/console/") || next.hasPrefix("/console?")
            let isPlain = next.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
            return isOurs && isPlain && !next.hasPrefix("/console/sign-") ? next : "/console"
        }
    }
#endif
