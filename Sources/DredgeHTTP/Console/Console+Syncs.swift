#if Server
    internal import DredgeService
    internal import Hummingbird

    /// Syncs: which bucket a collection follows, how it goes, and what can be done with it.
    extension Console {
        private static let syncPageCount = 50
        private static let syncsAbove = [(title: "Syncs", path: "/console/syncs")]

        func addSyncs(to group: RouterGroup<APIContext>) {
            get("syncs", group) { visit in .page(try await syncsPage(visit)) }
            get("syncs/:sync", group) { visit in .page(try await syncPage(visit, ConsoleForm())) }
            get("collections/:collection/sync", group) { visit in .page(try await newSyncPage(visit, nil)) }
            post("collections/:collection/sync", group) { visit in try await makeSync(visit) }
            postOfSync("run", group) { id, visit in
                let answer = try await service.syncs.reconcile(
                    id, ["confirm_deletions": .bool(visit.form["confirm"] == "yes")], for: visit.caller)
                return .seeOther("/console/jobs/\(answer.text("job_id"))", notice: "The sync runs.")
            }
            postOfSync("pause", group) { id, visit in
                _ = try await service.syncs.update(id, ["status": "paused"], for: visit.caller)
                return .seeOther("/console/syncs/\(id)", notice: "The sync is paused.")
            }
            postOfSync("resume", group) { id, visit in
                _ = try await service.syncs.update(id, ["status": "active"], for: visit.caller)
                return .seeOther("/console/syncs/\(id)", notice: "The sync goes on.")
            }
            get("syncs/:sync/delete", group) { visit in
                let sync = try await service.syncs.get(visit.parameters.require("sync"), for: visit.caller)
                let path = "/console/syncs/\(sync.text("sync_id"))"
                return .page(
                    .confirmation(
                        "End the sync", .syncs, above: Self.syncsAbove + [(Self.place(sync), path)],
                        action: "\(path)/delete", button: "End the sync", visit,
                        text: "The documents stay in the collection <b>\(sync.text("collection_name"))</b>."))
            }
            postOfSync("delete", group) { id, visit in
                try await service.syncs.delete(id, for: visit.caller)
                return .seeOther("/console/syncs", notice: "The sync has ended. Its documents stay.")
            }
        }

        /// Something that is done with a sync; a refusal stands on the sync's page.
        private func postOfSync(
            _ name: String, _ group: RouterGroup<APIContext>,
            _ handler: @escaping @Sendable (String, Visit) async throws -> ConsoleAnswer
        ) {
            post("syncs/:sync/\(name)", group) { visit in
                let id = try visit.parameters.require("sync")
                do { return try await handler(id, visit) } catch let error as ServiceError {
                    return .page(try await syncPage(visit, try ConsoleForm(visit.form, error, fields: [:])))
                }
            }
        }

        private static func place(_ sync: JSON) -> String { "s3://\(sync.text("bucket"))/\(sync.text("prefix"))" }

        private static func interval(_ sync: JSON) -> HTML {
            let minutes = sync.count("sync_interval_minutes")
            return minutes == 0 ? "when it is asked to" : "every \(HTML.count(minutes)) minutes"
        }

        private func syncsPage(_ visit: Visit) async throws -> ConsolePage {
            let offset = visit.query.offset
            let syncs = try await service.syncs.list(limit: Self.syncPageCount, offset: offset, for: visit.caller)
            let rows = syncs.list("syncs").map { sync -> [HTML] in
                let collection = sync.text("collection_name")
                return [
                    "<a href=\"/console/syncs/\(sync.text("sync_id"))\">\(Self.place(sync))</a>",
                    .badge(sync.text("status")), .badge(sync.text("sync_state")),
                    "<a href=\"/console/collections/\(collection)\">\(collection)</a>",
                    Self.interval(sync), .time(sync["last_sync_at"]?.stringValue),
                ]
            }
            let list: HTML =
                rows.isEmpty
                ? """
                <p class="empty">No sync yet. Open a <a href="/console/collections">collection</a> and let it follow a \
                bucket: what is new or changed there is indexed again and again.</p>
                """
                : .table("Syncs", ["Bucket", "Status", "State", "Collection", "Runs", "Last run"], rows)
            let isLive = syncs.list("syncs").contains { ["syncing", "backfilling"].contains($0.text("sync_state")) }
            return ConsolePage("Syncs", .syncs, isLive: isLive) {
                """
                \(HTML.part("list", list))
                \(HTML.pager(
                    "/console/syncs?", offset: offset, limit: Self.syncPageCount, total: syncs.count("total_count")))
                """
            }
        }

        private func syncPage(_ visit: Visit, _ form: ConsoleForm) async throws -> ConsolePage {
            let id = try visit.parameters.require("sync")
            let sync = try await service.syncs.get(id, for: visit.caller)
            let jobs = try await service.jobs.list(
                status: nil, collection: nil, sync: id, limit: 10, offset: 0, for: visit.caller)
            let list: HTML = jobs.count("total_count") == 0 ? .empty : Self.table(of: jobs)
            return ConsolePage(
                "Sync of \(sync.text("collection_name"))", .syncs, above: Self.syncsAbove, status: form.status,
                isLive: Self.hasOpen(jobs) && form.status == .ok
            ) {
                """
                \(form.complaint)
                \(HTML.part("standing", Self.standing(ofSync: sync)))
                \(Self.actions(ofSync: sync, visit))
                <section aria-labelledby="jobs"><h2 id="jobs">Its last jobs</h2>\(HTML.part("of-jobs", list))</section>
                """
            }
        }

        private static func standing(ofSync sync: JSON) -> HTML {
            let error = sync.text("last_sync_error")
            let alert: HTML = error.isEmpty ? .empty : "<div class=\"alert\"><p>\(error)</p></div>"
            let warnings = sync.list("last_sync_warnings").map { text -> HTML in
                "<p class=\"notice\">\(text.stringValue ?? "")</p>"
            }
            let policy =
                switch sync.text("deletion_policy") {
                case "mirror": "they go, too"
                case "archive": "they stay, and are marked"
                default: "they stay"
                }
            func patterns(_ name: String) -> HTML {
                code(sync.list(name).compactMap(\.stringValue).joined(separator: "  "))
            }
            return """
                <p class="status">\(HTML.badge(sync.text("status"))) \(HTML.badge(sync.text("sync_state")))</p>
                \(alert)\(warnings)
                \(HTML.facts([
                    ("Follows", code(place(sync))), ("Collection", .text(sync.text("collection_name"))),
                    ("Role", code(sync.text("role_arn"))), ("Runs", interval(sync)),
                    ("Documents that the bucket no longer has", .text(policy)),
                    ("Only keys like", patterns("include_patterns")), ("No keys like", patterns("exclude_patterns")),
                    ("Last run", .time(sync["last_sync_at"]?.stringValue)),
                    ("Next run", .time(sync["next_sync_at"]?.stringValue)),
                    ("Ended", .time(sync["deactivated_at"]?.stringValue)),
                ]))
                """
        }

        private static func actions(ofSync sync: JSON, _ visit: Visit) -> HTML {
            if sync["deactivated_at"] != .null { return .empty }
            let path = "/console/syncs/\(sync.text("sync_id"))"
            func button(_ name: String, _ label: String, _ more: HTML = .empty) -> HTML {
                """
                <form method="post" action="\(path)/\(name)">\(visit.token)\(more)<button id="\(name)">\(label)</button>
                </form>
                """
            }
            let turn =
                sync.text("status") == "paused" ? button("resume", "Let it go on") : button("pause", "Pause")
            let confirm: HTML =
                sync.list("last_sync_warnings").isEmpty
                ? .empty
                : """
                <label class="choice"><input type="checkbox" name="confirm" value="yes"> also remove what was \
                withheld</label>
                """
            return """
                <div class="actions">\(button("run", "Run now", confirm))\(turn)
                <a class="quiet" href="\(path)/delete">End the sync</a></div>
                """
        }

        // MARK: A new one

        private static let syncNames = [
            "bucket": "bucket", "prefix": "prefix", "region": "region", "auth": "role_arn", "role_arn": "role_arn",
            "external_id": "role_arn", "include_patterns": "include", "exclude_patterns": "exclude",
            "deletion_policy": "deletion_policy", "sync_interval_minutes": "minutes",
        ]

        /// - Parameter form: nil: an empty one.
        private func newSyncPage(_ visit: Visit, _ form: ConsoleForm?) async throws -> ConsolePage {
            let collection = try await collection(visit)
            let roles = try await integration(visit)?.list("roles").filter { $0.text("status") == "active" } ?? []
            let options = roles.map { (value: $0.text("role_arn"), label: $0.text("role_arn")) }
            var first = FormFields()
            first["minutes"] = "60"
            if roles.count == 1 { first["bucket"] = roles[0]["check"]?.text("bucket") ?? "" }
            let form = form ?? ConsoleForm(first)
            let hint: HTML =
                roles.isEmpty
                ? "No role is active. <a href=\"/console/aws\">Set one up</a> first: a sync can't keep an access key."
                : "The external ID is filled in."
            return ConsolePage("Follow a bucket", .collections, above: Self.above(collection), status: form.status) {
                """
                \(form.complaint)
                <form method="post" action="\(Self.path(of: collection))/sync" class="narrow">\(visit.token)
                \(form.input("bucket", "Bucket", isRequired: true))
                \(form.input("prefix", "Prefix", hint: "Only keys that begin with it. Empty: all."))
                \(form.select("role_arn", "Read with the role", options, hint: hint))
                \(form.input("minutes", "Minutes between two runs", hint: "At least 5. Empty: only when asked to."))
                \(form.select(
                    "deletion_policy", "Documents that the bucket no longer has",
                    [
                        ("mirror", "go, too, unless that looks like a mistake"),
                        ("archive", "stay, and are marked"), ("ignore", "stay"),
                    ]))
                <details><summary>More</summary>
                \(form.input("region", "Region", hint: "It is found out where it is empty."))
                \(form.textArea(
                    "include", "Only keys like these", hint: "A pattern a line, as <code>**/*.txt</code>. Empty: all."))
                \(form.textArea("exclude", "No keys like these", hint: "A pattern a line."))
                </details>
                <p class="actions"><button class="primary">Begin</button></p></form>
                """
            }
        }

        private func makeSync(_ visit: Visit) async throws -> ConsoleAnswer {
            let collection = try await collection(visit)
            let form = visit.form
            var body: [String: JSON] = [
                "bucket": .string(form.trimmed("bucket")), "prefix": .string(form["prefix"]),
                "processing_type": "basic", "deletion_policy": .string(form["deletion_policy"]),
            ]
            if !form["role_arn"].isEmpty {
                let externalID = try await integration(visit)?.text("external_id") ?? ""
                body["auth"] = [
                    "type": "assume_role", "role_arn": .string(form["role_arn"]), "external_id": .string(externalID),
                ]
            }
            if !form.trimmed("region").isEmpty { body["region"] = .string(form.trimmed("region")) }
            let minutes = form.trimmed("minutes")
            if !minutes.isEmpty {
                body["sync_interval_minutes"] = Int(minutes).map { .integer($0) } ?? .string(minutes)
            }
            for name in ["include", "exclude"] where !form.lines(name).isEmpty {
                body["\(name)_patterns"] = .array(form.lines(name).map { .string($0) })
            }
            do {
                let sync = try await service.syncs.create(.object(body), in: collection.name, for: visit.caller)
                return .seeOther("/console/syncs/\(sync.text("sync_id"))", notice: "The collection follows the bucket.")
            } catch let error as ServiceError {
                return .page(try await newSyncPage(visit, try ConsoleForm(form, error, fields: Self.syncNames)))
            }
        }
    }
#endif
