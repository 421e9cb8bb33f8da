#if Server
    internal import DredgeService
    internal import Hummingbird

    /// The form that begins a job.
    extension Console {
        /// The form's fields, by the names that the API has for them.
        private static let indexNames = [
            "bucket_name": "bucket_name", "file_uri": "path", "directory_path": "path",
            "bucket_region": "bucket_region",
            "auth": "role_arn", "role_arn": "role_arn", "external_id": "role_arn",
            "aws_access_key_id": "access_key_id", "aws_secret_access_key": "secret_access_key",
            "aws_session_token": "session_token", "max_files": "max_files", "include": "include",
            "exclude": "exclude", "custom_metadata": "metadata",
        ]

        /// - Parameter form: nil: an empty one.
        func indexPage(_ visit: Visit, _ form: ConsoleForm?) async throws -> ConsolePage {
            let collection = try await collection(visit)
            let roles = try await integration(visit)?.list("roles").filter { $0.text("status") == "active" } ?? []
            let form = form ?? Self.firstForm(roles)
            return ConsolePage(
                "Index a bucket", .collections, above: Self.above(collection), status: form.status
            ) {
                """
                \(form.complaint)
                <form method="post" action="\(Self.path(of: collection))/index" class="narrow">\(visit.token)
                <input type="hidden" name="idempotency_key" value="\(RandomToken.hexadecimal(byteCount: 16))">
                \(form.radio(
                    "scope", "What is read",
                    [
                        ("bucket", "The whole bucket"), ("directory", "A directory, with all below it"),
                        ("file", "One file"),
                    ]))
                \(form.input("bucket_name", "Bucket", isRequired: true))
                \(form.input(
                    "path", "Path",
                    hint: "Of the directory or the file: <code>contracts/2025</code>. Empty for the whole bucket."))
                \(Self.accessFields(form, roles))
                \(Self.furtherFields(form))
                <p class="actions"><button class="primary">Begin</button></p></form>
                """
            }
        }

        /// With the bucket that the only role was tried on.
        private static func firstForm(_ roles: [JSON]) -> ConsoleForm {
            var values = FormFields()
            if let role = roles.first {
                values["role_arn"] = role.text("role_arn")
                if roles.count == 1 { values["bucket_name"] = role["check"]?.text("bucket") ?? "" }
            }
            return ConsoleForm(values)
        }

        private static func accessFields(_ form: ConsoleForm, _ roles: [JSON]) -> HTML {
            let hint: HTML =
                roles.isEmpty
                ? """
                No role is active. <a href="/console/aws">Set one up</a>, or use an access key.
                """
                : "The external ID is filled in."
            let options = roles.map { (value: $0.text("role_arn"), label: $0.text("role_arn")) }
            let isOpen = roles.isEmpty || !form.values["access_key_id"].isEmpty
            let open: HTML = isOpen ? " open" : .empty
            return """
                \(form.select(
                    "role_arn", "Read with the role", options + [("", "None: with the access key below")], hint: hint))
                <details\(open)><summary>An access key instead</summary>
                <p class="hint">It is kept in memory only, and only until the job ends.</p>
                \(form.input("access_key_id", "Access key ID"))
                \(form.input("secret_access_key", "Secret access key", type: "password"))
                \(form.input("session_token", "Session token", hint: "For temporary keys.", type: "password"))
                </details>
                """
        }

        private static func furtherFields(_ form: ConsoleForm) -> HTML {
            let names = ["bucket_region", "existing", "max_files", "include", "exclude", "metadata"]
            let isFilled = form.status != .ok && names.contains { !form.values[$0].isEmpty }
            let open: HTML = isFilled ? " open" : .empty
            return """
                <details\(open)><summary>More</summary>
                \(form.input("bucket_region", "Region", hint: "It is found out where it is empty."))
                \(form.select(
                    "existing", "Files that are indexed already",
                    [("skip", "are skipped unless they have changed"), ("read", "are read again")]))
                \(form.input("max_files", "Files, at most", hint: "Empty: all."))
                \(form.textArea(
                    "include", "Only keys like these", hint: "A pattern a line, as <code>**/*.txt</code>. Empty: all."))
                \(form.textArea("exclude", "No keys like these", hint: "A pattern a line."))
                \(form.textArea(
                    "metadata", "Metadata of each chunk",
                    hint: "A line each, as <code>team: legal</code>. Searches can filter by it."))
                </details>
                """
        }

        func index(_ visit: Visit) async throws -> ConsoleAnswer {
            let collection = try await collection(visit)
            do {
                let (kind, body) = try Self.body(visit.form, try await integration(visit))
                let id = try await service.jobs.submit(
                    kind, body, into: collection.name, idempotencyKey: visit.form["idempotency_key"],
                    for: visit.caller)
                return .seeOther("/console/jobs/\(id)", notice: "The job was accepted.")
            } catch let error as ServiceError {
                return .page(try await indexPage(visit, try ConsoleForm(visit.form, error, fields: Self.indexNames)))
            }
        }

        /// What a client of the API would have sent.
        private static func body(
            _ form: FormFields, _ integration: JSON?
        ) throws -> (IndexRequest.Kind, JSON) {
            let bucket = form.trimmed("bucket_name")
            var body: [String: JSON] = ["bucket_name": .string(bucket), "processing_type": "basic"]
            func add(_ name: String, _ field: String) {
                if !form.trimmed(field).isEmpty { body[name] = .string(form.trimmed(field)) }
            }
            add("bucket_region", "bucket_region")
            add("aws_access_key_id", "access_key_id")
            add("aws_secret_access_key", "secret_access_key")
            add("aws_session_token", "session_token")
            if !form["role_arn"].isEmpty {
                body["auth"] = [
                    "type": "assume_role", "role_arn": .string(form["role_arn"]),
                    "external_id": .string(integration?.text("external_id") ?? ""),
                ]
            }
            if form["existing"] == "read" {
                body["skip_existing"] = false
                body["overwrite_existing"] = true
            }
            let limit = form.trimmed("max_files")
            if !limit.isEmpty { body["max_files"] = Int(limit).map { .integer($0) } ?? .string(limit) }
            for name in ["include", "exclude"] where !form.lines(name).isEmpty {
                body[name] = .array(form.lines(name).map { .string($0) })
            }
            body["custom_metadata"] = try metadata(form.lines("metadata"))
            return try target(form, bucket, body)
        }

        /// The endpoint, and the path as it takes it.
        private static func target(
            _ form: FormFields, _ bucket: String, _ body: [String: JSON]
        ) throws -> (IndexRequest.Kind, JSON) {
            var body = body
            let path = form["path"]
            switch form["scope"] {
            case "directory":
                body["directory_path"] = .string(path)
                return (.directory, .object(body))
            case "file":
                for name in ["max_files", "include", "exclude"] where body[name] != nil {
                    throw ServiceError.invalid(name, "It is for a bucket or a directory. Leave it empty for one file.")
                }
                body["file_uri"] = .string(path.isEmpty || path.hasPrefix("s3://") ? path : "s3://\(bucket)/\(path)")
                return (.file, .object(body))
            default:
                if !path.isEmpty {
                    throw ServiceError.invalid(
                        "file_uri", "Choose a directory or one file above, or leave it empty for the whole bucket.")
                }
                return (.bucket, .object(body))
            }
        }

        /// Lines of a name and a text.
        private static func metadata(_ lines: [String]) throws -> JSON? {
            if lines.isEmpty { return nil }
            var metadata: [String: JSON] = [:]
            for line in lines {
                let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2 else {
                    throw ServiceError.invalid("custom_metadata", "\"\(line)\" is not like NAME: TEXT.")
                }
                metadata[FormFields.trimmed(parts[0])] = .string(FormFields.trimmed(parts[1]))
            }
            return .object(metadata)
        }
    }
#endif
