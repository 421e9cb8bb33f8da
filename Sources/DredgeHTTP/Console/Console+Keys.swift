#if Server
    internal import DredgeService
    internal import Hummingbird

    /// The keys of the organization, in the environment of the key that signed in.
    extension Console {
        private static let keysAbove = [(title: "Keys", path: "/console/keys")]

        func addKeys(to group: RouterGroup<APIContext>) {
            get("keys", group) { visit in .page(try await keysPage(visit, ConsoleForm())) }
            post("keys", group) { visit in
                do {
                    let key = try await service.keys.create(name: visit.form.trimmed("name"), for: visit.caller)
                    // Not kept for another page: it is shown in this answer, and nowhere else.
                    return .page(Self.newKeyPage(key))
                } catch let error as ServiceError {
                    return .page(
                        try await keysPage(visit, try ConsoleForm(visit.form, error, fields: ["name": "name"])))
                }
            }
            get("keys/:key/revoke", group) { visit in
                let key = try await key(visit)
                let own: HTML =
                    key.keyID == visit.caller.keyID ? " You are signed in with it, and will be signed out." : .empty
                return .page(
                    .confirmation(
                        "Revoke the key", .keys, above: Self.keysAbove, action: "/console/keys/\(key.keyID)/revoke",
                        button: "Revoke the key", visit,
                        text: """
                            Who uses the key <b>\(key.name ?? key.keyID)</b> is refused from then on.\(own) This \
                            can't be undone.
                            """))
            }
            post("keys/:key/revoke", group) { visit in
                let key = try await key(visit)
                _ = try await service.keys.revoke(keyID: key.keyID)
                return .seeOther("/console/keys", notice: "The key was revoked.")
            }
        }

        /// The key that the path names, if it is the organization's.
        private func key(_ visit: Visit) async throws -> APIKeyRecord {
            let id = try visit.parameters.require("key")
            guard let key = try await service.keys.list(for: visit.caller).first(where: { $0.keyID == id }) else {
                throw HTTPError(.notFound)
            }
            return key
        }

        private func keysPage(_ visit: Visit, _ form: ConsoleForm) async throws -> ConsolePage {
            let keys = try await service.keys.list(for: visit.caller)
            let rows = keys.map { key -> [HTML] in
                let state: HTML =
                    if let time = key.revokedAt {
                        "revoked \(HTML.time(time))"
                    } else if key.keyID == visit.caller.keyID {
                        "<a href=\"/console/keys/\(key.keyID)/revoke\">Revoke</a> (you are signed in with it)"
                    } else {
                        "<a href=\"/console/keys/\(key.keyID)/revoke\">Revoke</a>"
                    }
                return [
                    .text(key.name ?? "–"), Self.code(key.prefix.map { "\($0)…" } ?? key.keyID),
                    .time(key.createdAt), key.lastUsedAt.map { HTML.time($0) } ?? "not known", state,
                ]
            }
            return ConsolePage("Keys", .keys, status: form.status) {
                """
                <p>Keys of \(visit.key.organization) for \(visit.key.environment.rawValue). Other environments have \
                keys of their own, and collections and jobs of their own.</p>
                \(HTML.table("Keys", ["Name", "Key", "Made", "Last used (to the hour)", "State"], rows))
                <section aria-labelledby="new"><h2 id="new">A new key</h2>
                \(form.complaint)
                <form method="post" action="/console/keys" class="narrow">\(visit.token)
                \(form.input("name", "Name", hint: "Who or what will use it.", isRequired: true))
                <p class="actions"><button class="primary">Make the key</button></p></form></section>
                """
            }
        }

        private static func newKeyPage(_ key: NewAPIKey) -> ConsolePage {
            ConsolePage("A new key", .keys, above: keysAbove) {
                """
                <p class="notice" role="status">The key was made. Copy it now: it is shown this once, and kept \
                nowhere.</p>
                <p class="value"><code id="new-key">\(key.key)</code>\(HTML.copyButton("new-key", "the key"))</p>
                <p>Clients send it with each request:</p>
                \(HTML.copyable("Authorization: Bearer \(key.key)", id: "header", label: "Header"))
                <p><a href="/console/keys">To the keys</a></p>
                """
            }
        }
    }
#endif
