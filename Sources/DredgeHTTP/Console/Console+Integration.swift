#if Server
    internal import DredgeService
    internal import Hummingbird

    /// The way from nothing to a role that works: external ID, policies, role, verdict.
    extension Console {
        private static let above = [(title: "AWS", path: "/console/aws")]

        func addIntegration(to group: RouterGroup<APIContext>) {
            get("aws", group) { visit in .page(try await integrationPage(visit, ConsoleForm())) }
            post("aws/mint", group) { visit in
                _ = try await service.integrations.mint(for: visit.caller)
                return .seeOther("/console/aws", notice: "The external ID was made.")
            }
            post("aws/role", group) { visit in try await putRole(visit) }
            get("aws/role", group) { visit in .page(try await rolePage(visit, visit.query["arn"])) }
            get("aws/role/remove", group) { visit in
                let role = try await role(visit, visit.query["arn"])
                return .page(
                    .confirmation(
                        "Take the role away", .integration, above: Self.above + [("Role", Self.path(of: role))],
                        action: "/console/aws/role/remove?arn=\(FormFields.encoded(role.text("role_arn")))",
                        button: "Take the role away", visit,
                        text: """
                            Jobs that name <code>\(role.text("role_arn"))</code> are refused from then on. In your AWS \
                            account nothing changes.
                            """))
            }
            post("aws/role/remove", group) { visit in
                try await service.integrations.deleteRole(visit.query["arn"], for: visit.caller)
                return .seeOther("/console/aws", notice: "The role was taken away.")
            }
            get("aws/rotate", group) { visit in .page(Self.rotationPage(visit, ConsoleForm())) }
            post("aws/rotate", group) { visit in
                do {
                    let text = visit.form["overlap_seconds"]
                    _ = try await service.integrations.rotate(
                        ["overlap_seconds": Int(text).map { .integer($0) } ?? .string(text)], for: visit.caller)
                    return .seeOther(
                        "/console/aws",
                        notice: """
                            There is a new external ID. Put it into the trust policy of each role, then verify them.
                            """)
                } catch let error as ServiceError {
                    return .page(
                        Self.rotationPage(
                            visit,
                            try ConsoleForm(visit.form, error, fields: ["overlap_seconds": "overlap_seconds"])))
                }
            }
        }

        private static func path(of role: JSON) -> String {
            "/console/aws/role?arn=\(FormFields.encoded(role.text("role_arn")))"
        }

        // MARK: The walk

        private func integrationPage(_ visit: Visit, _ form: ConsoleForm) async throws -> ConsolePage {
            guard let integration = try await integration(visit) else {
                return ConsolePage("AWS", .integration) {
                    """
                    <p class="lead">Your objects are read with a role in your own account. You decide what it may \
                    read, and you can take it away at any time. No key of yours is kept here.</p>
                    <h2>1. The external ID</h2>
                    <p>Your role is to demand it. It is your organization's alone, so that nobody else can have this \
                    server use your role.</p>
                    <form method="post" action="/console/aws/mint">\(visit.token)
                    <p class="actions"><button class="primary">Make the external ID</button></p></form>
                    """
                }
            }
            var form = form
            if form.status == .ok {
                form.values["bucket_name"] = visit.query.trimmed("bucket")
                form.values["prefix_to_try"] = visit.query.trimmed("prefix")
            }
            let (policies, register) = (try await policySection(visit, integration), Self.roleForm(visit, form))
            return ConsolePage("AWS", .integration, status: form.status) {
                """
                <p class="lead">Four steps, in your AWS account and here. The integration is \
                \(HTML.badge(integration.text("status"))).</p>
                \(Self.externalIDSection(integration))
                \(policies)
                \(register)
                \(Self.roleSection(integration))
                """
            }
        }

        private static func externalIDSection(_ integration: JSON) -> HTML {
            let until: HTML =
                if let text = integration["previous_external_id_valid_until"]?.stringValue {
                    "<p>The one before is valid until \(HTML.time(text)).</p>"
                } else {
                    .empty
                }
            return """
                <section aria-labelledby="id-title"><h2 id="id-title">1. The external ID</h2>
                <p class="value"><code id="external-id">\(integration.text("external_id"))</code>
                \(HTML.copyButton("external-id", "the external ID"))</p>
                \(until)<p><a href="/console/aws/rotate">Replace it by a new one</a></p></section>
                """
        }

        private func policySection(_ visit: Visit, _ integration: JSON) async throws -> HTML {
            var form = ConsoleForm(visit.query)
            var policies: (trust: String?, permissions: String)
            do {
                policies = try await service.integrations.policies(
                    bucket: visit.query.trimmed("bucket"), prefix: visit.query.trimmed("prefix"),
                    keyARN: visit.query.trimmed("kms_key_arn"), for: visit.caller)
            } catch let error as ServiceError {
                form = try ConsoleForm(
                    visit.query, error,
                    fields: ["bucket": "bucket", "prefix": "prefix", "kms_key_arn": "kms_key_arn"])
                policies = try await service.integrations.policies(
                    bucket: "", prefix: "", keyARN: "", for: visit.caller)
            }
            let trust: HTML =
                if let text = policies.trust {
                    HTML.copyable(text, id: "trust", label: "Trust policy")
                } else {
                    """
                    <div class="alert"><p>Who is to be trusted is not known: the operator of this server has not said \
                    which principal it acts as (<code>--principal-arn</code>).</p></div>
                    """
                }
            return """
                <section aria-labelledby="policies"><h2 id="policies">2. A role in your account</h2>
                <p>In the AWS console open <b>IAM → Roles → Create role → Custom trust policy</b> and paste the \
                first document. Then add the second one to the role as an <b>inline policy</b>.</p>
                \(trust)
                <form method="get" action="/console/aws#policies" class="row">
                \(form.complaint)
                \(form.input("bucket", "Bucket", hint: "Fills in the policy below.", placeholder: "your-bucket-name"))
                \(form.input("prefix", "Only keys that begin with", hint: "Optional."))
                \(form.input("kms_key_arn", "KMS key", hint: "Its ARN, where your own key encrypts the bucket."))
                <p class="actions"><button>Fill in</button></p></form>
                \(HTML.copyable(policies.permissions, id: "permissions", label: "Permission policy"))
                </section>
                """
        }

        private static func roleForm(_ visit: Visit, _ form: ConsoleForm) -> HTML {
            """
            <section aria-labelledby="register"><h2 id="register">3. Tell its ARN</h2>
            <p>The role is assumed at once and tried on a bucket, step by step. It takes some seconds.</p>
            \(form.complaint)
            <form method="post" action="/console/aws/role" class="narrow">\(visit.token)
            \(form.input(
                "role_arn", "Role ARN", isRequired: true, placeholder: "arn:aws:iam::123456789012:role/DredgeRead"))
            \(Self.targetFields(form))
            <p class="actions"><button class="primary">Register and verify</button></p></form></section>
            """
        }

        private static func targetFields(_ form: ConsoleForm) -> HTML {
            """
            \(form.input("bucket_name", "Bucket to try it on", isRequired: true))
            \(form.input(
                "prefix_to_try", "Prefix", hint: "Optional: where the role may read only keys that begin with it."))
            \(form.input("bucket_region", "Region", hint: "Optional: it is found out where it is empty."))
            """
        }

        private static func roleSection(_ integration: JSON) -> HTML {
            let roles = integration.list("roles")
            let rows = roles.map { role -> [HTML] in
                [
                    "<a href=\"\(path(of: role))\"><code>\(role.text("role_arn"))</code></a>",
                    .badge(role.text("status")), .text(role["check"]?.text("bucket") ?? ""),
                    .time(role["verified_at"]?.stringValue),
                ]
            }
            let content: HTML =
                roles.isEmpty
                ? "<p class=\"empty\">No role yet. What was found of each step stands here once one is registered.</p>"
                : .table("Roles", ["Role", "Status", "Tried on", "Verified"], rows)
            return """
                <section aria-labelledby="roles"><h2 id="roles">4. Your roles</h2>
                <p>One for each AWS account, or as many as you like. All demand the same external ID.</p>
                \(content)</section>
                """
        }

        // MARK: A role

        private static let targetNames = [
            "role_arn": "role_arn", "bucket_name": "bucket_name", "prefix": "prefix_to_try",
            "bucket_region": "bucket_region",
        ]

        private func putRole(_ visit: Visit) async throws -> ConsoleAnswer {
            let form = visit.form
            var body: [String: JSON] = [
                "role_arn": .string(form.trimmed("role_arn")), "bucket_name": .string(form.trimmed("bucket_name")),
            ]
            if !form.trimmed("prefix_to_try").isEmpty { body["prefix"] = .string(form.trimmed("prefix_to_try")) }
            if !form.trimmed("bucket_region").isEmpty { body["bucket_region"] = .string(form.trimmed("bucket_region")) }
            do {
                _ = try await service.integrations.putRole(.object(body), for: visit.caller)
                return .seeOther("/console/aws/role?arn=\(FormFields.encoded(form.trimmed("role_arn")))")
            } catch let error as ServiceError {
                return .page(
                    try await integrationPage(visit, try ConsoleForm(form, error, fields: Self.targetNames)))
            }
        }

        private func role(_ visit: Visit, _ arn: String) async throws -> JSON {
            let roles = try await integration(visit)?.list("roles") ?? []
            guard let role = roles.first(where: { $0.text("role_arn") == arn }) else { throw HTTPError(.notFound) }
            return role
        }

        private func rolePage(_ visit: Visit, _ arn: String) async throws -> ConsolePage {
            let role = try await role(visit, arn)
            let check = role["check"] ?? .null
            var values = FormFields()
            values["bucket_name"] = check.text("bucket")
            values["prefix_to_try"] = check.text("prefix")
            let form = ConsoleForm(values)
            let status = role.text("status")
            let verdict: HTML =
                switch status {
                case "active":
                    """
                    <p class="notice">The role works. <a href="/console/collections">Index a bucket with it</a>.</p>
                    """
                case "access_revoked":
                    """
                    <p class="alert">The role let nobody in any more when a job used it. New jobs are refused until it \
                    is verified again.</p>
                    """
                case "failed":
                    "<p class=\"alert\">The role does not work yet. Change what is said below, and verify it again.</p>"
                default: "<p>The role was not verified yet.</p>"
                }
            return ConsolePage("Role", .integration, above: Self.above) {
                """
                <p class="value"><code>\(arn)</code> \(HTML.badge(status))</p>
                \(verdict)
                \(ConsoleVerdict.steps(check))
                <section aria-labelledby="again"><h2 id="again">Verify again</h2>
                <form method="post" action="/console/aws/role" class="narrow">\(visit.token)
                <input type="hidden" name="role_arn" value="\(arn)">
                \(Self.targetFields(form))
                <p class="actions"><button class="primary">Verify</button>
                <a href="/console/aws/role/remove?arn=\(FormFields.encoded(arn))">Take the role away</a></p>
                </form></section>
                """
            }
        }

        private static func rotationPage(_ visit: Visit, _ form: ConsoleForm) -> ConsolePage {
            ConsolePage("Replace the external ID", .integration, above: above, status: form.status) {
                """
                \(form.complaint)
                <p>A new external ID is made. Until it stands in the trust policies of your roles, jobs that name it \
                fail.</p>
                <form method="post" action="/console/aws/rotate" class="narrow">\(visit.token)
                \(form.select(
                    "overlap_seconds", "The old one is valid",
                    [
                        ("0", "no longer"), ("3600", "for 1 hour more"), ("21600", "for 6 hours more"),
                        ("86400", "for 24 hours more"),
                    ], hint: "For jobs that name it. The role itself demands what its trust policy says."))
                <p class="actions"><button class="danger">Replace it</button>
                <a href="/console/aws">Leave it as it is</a></p></form>
                """
            }
        }
    }

    /// What was found of each step of the way to a bucket.
    enum ConsoleVerdict {
        /// - Parameter check: as the API has it; null: nothing was tried.
        static func steps(_ check: JSON) -> HTML {
            if check == .null { return .empty }
            let steps = check.list("steps").enumerated().map { index, step -> HTML in
                // The server's own: whose they are is for its operator to know.
                let isOurs = step.text("kind") == "baseCredentials"
                let facts =
                    isOurs && step.text("verdict") == "passed"
                    ? [] : step.list("facts").map { fact -> HTML in "<li>\(fact.stringValue ?? "")</li>" }
                let causes = step.list("causes").enumerated().map { number, cause in
                    Self.cause(cause, id: "step-\(index)-\(number)")
                }
                let trail: HTML =
                    step.text("trail").isEmpty
                    ? .empty
                    : """
                    <details><summary>How to find it in the account's records</summary><p>\(step.text("trail"))</p>
                    </details>
                    """
                let list: HTML = facts.isEmpty ? .empty : "<ul>\(facts)</ul>"
                let title = isOurs ? "The server's credentials" : step.text("title")
                return """
                    <li class="\(step.text("verdict"))"><h3>\(title) \
                    \(HTML.badge(step.text("verdict")))</h3>\(list)\(answer(step["answer"] ?? .null))\(causes)\
                    \(trail)</li>
                    """
            }
            let findings = check.list("findings").enumerated().map { index, finding -> HTML in
                """
                <div class="alert"><p>\(finding.text("message"))</p>
                \(change(finding["change"] ?? .null, id: "finding-\(index)"))</div>
                """
            }
            return """
                <section aria-labelledby="verdict"><h2 id="verdict">Step by step</h2>
                \(findings)<ol class="steps">\(steps)</ol></section>
                """
        }

        private static func answer(_ answer: JSON) -> HTML {
            guard answer != .null else { return .empty }
            let code = answer.text("code")
            let status: HTML = answer.count("status") > 0 ? " (HTTP \(answer.count("status")))" : .empty
            return "<p>AWS said: <b>\(code)</b>\(status) \(answer.text("message"))</p>"
        }

        private static func cause(_ cause: JSON, id: String) -> HTML {
            let certainty: HTML = cause.isTrue("is_certain") ? "The cause" : "A possible cause"
            return """
                <div class="cause"><p><b>\(certainty): \(cause.text("summary"))</b></p><p>\(cause.text("evidence"))</p>
                \(change(cause["change"] ?? .null, id: id))</div>
                """
        }

        private static func change(_ change: JSON, id: String) -> HTML {
            let who = change["who"] ?? .null
            let account: HTML = who.text("account").isEmpty ? .empty : " (AWS account \(who.text("account")))"
            let person: HTML =
                switch who.text("role") {
                case "roleAccount": "The administrator of the role's account"
                case "bucketOwner": "The owner of the bucket"
                case "keyOwner": "The administrator of the KMS key"
                case "service": "Nobody but who runs the service that failed"
                case "organization": "The administrator of the AWS organization"
                default: "The operator of this server"
                }
            let document = change["document"] ?? .null
            let paste: HTML =
                document == .null
                ? .empty : .copyable(document.text("json"), id: id, label: document.text("title"))
            return "<p><b>\(person)\(account):</b> \(change.text("what"))</p>\(paste)"
        }
    }
#endif
