#if Server
    internal import DredgeService
    internal import Hummingbird

    /// Jobs: where each stands, what became of its files, and what can be done with it.
    extension Console {
        private static let jobPageCount = 50
        private static let filePageCount = 50
        private static let jobsAbove = [(title: "Jobs", path: "/console/jobs")]

        func addJobs(to group: RouterGroup<APIContext>) {
            get("jobs", group) { visit in .page(try await jobsPage(visit)) }
            get("jobs/:job", group) { visit in .page(try await jobPage(visit, ConsoleForm())) }
            postOfJob("cancel", group) { id, visit in
                try await service.jobs.cancel(id, for: visit.caller)
                return .seeOther("/console/jobs/\(id)", notice: "The job is being cancelled.")
            }
            postOfJob("retry", group) { id, visit in
                let new = try await service.jobs.retry(id, for: visit.caller)
                return .seeOther("/console/jobs/\(new)", notice: "This is a new job, for what the other left undone.")
            }
            get("jobs/:job/rollback", group) { visit in
                let id = try visit.parameters.require("job")
                let job = try await service.jobs.show(id, filesLimit: 1, filesCursor: nil, for: visit.caller)
                return .page(
                    .confirmation(
                        "Roll the job back", .jobs, above: Self.jobsAbove + [(id, "/console/jobs/\(id)")],
                        action: "/console/jobs/\(id)/rollback", button: "Remove what it indexed", visit,
                        text: """
                            All documents that the job <code>\(id)</code> wrote are removed from the collection \
                            <b>\(job.text("collection_name"))</b>. This can't be undone; the next job indexes them \
                            again.
                            """))
            }
            postOfJob("rollback", group) { id, visit in
                _ = try await service.jobs.rollBack(id, for: visit.caller)
                return .seeOther("/console/jobs/\(id)", notice: "What the job indexed was removed.")
            }
        }

        /// Something that is done with a job; a refusal stands on the job's page.
        private func postOfJob(
            _ name: String, _ group: RouterGroup<APIContext>,
            _ handler: @escaping @Sendable (String, Visit) async throws -> ConsoleAnswer
        ) {
            post("jobs/:job/\(name)", group) { visit in
                let id = try visit.parameters.require("job")
                do { return try await handler(id, visit) } catch let error as ServiceError {
                    return .page(try await jobPage(visit, try ConsoleForm(visit.form, error, fields: [:])))
                }
            }
        }

        // MARK: All jobs

        private static let statuses = [
            "pending", "running", "completed", "completed_with_failures", "failed", "cancelled", "rolled_back",
        ]

        private func jobsPage(_ visit: Visit) async throws -> ConsolePage {
            let (query, offset) = (visit.query, visit.query.offset)
            let (status, collection) = (query.trimmed("status"), query.trimmed("collection"))
            let jobs = try await service.jobs.list(
                status: status.isEmpty ? nil : status, collection: collection.isEmpty ? nil : collection,
                limit: Self.jobPageCount, offset: offset, for: visit.caller)
            let total = jobs.count("total_count")
            let isFiltered = !status.isEmpty || !collection.isEmpty
            let list: HTML =
                if total > 0 {
                    Self.table(of: jobs)
                } else if isFiltered {
                    "<p class=\"empty\">No such job. <a href=\"/console/jobs\">Show all</a>.</p>"
                } else {
                    """
                    <p class="empty">No job yet. Open a <a href="/console/collections">collection</a> and index a \
                    bucket into it.</p>
                    """
                }
            let form = ConsoleForm(query)
            let options = [("", "any")] + Self.statuses.map { ($0, $0.replacing("_", with: " ")) }
            let isLive = Self.hasOpen(jobs)
            return ConsolePage("Jobs", .jobs, isLive: isLive) {
                """
                <form method="get" action="/console/jobs" class="row">
                \(form.select("status", "Status", options))
                \(form.input("collection", "Collection"))
                <p class="actions"><button>Show</button></p></form>
                \(HTML.part("list", list))
                \(HTML.pager(
                    "/console/jobs?status=\(FormFields.encoded(status))&collection=\(FormFields.encoded(collection))&",
                    offset: offset, limit: Self.jobPageCount, total: total))
                """
            }
        }

        static func table(of jobs: JSON) -> HTML {
            let rows = jobs.list("jobs").map { job -> [HTML] in
                [
                    "<a href=\"/console/jobs/\(job.text("job_id"))\"><code>\(shortID(job.text("job_id")))</code></a>",
                    .badge(job.text("status")), .text(job.text("collection_name")), .text(kind(job)),
                    .count(job.count("files_total")), .count(job.count("files_indexed")),
                    .count(job.count("files_failed")), .time(job["created_at"]?.stringValue),
                ]
            }
            return .table(
                "Jobs", ["Job", "Status", "Collection", "Of", "#Files", "#Indexed", "#Failed", "Accepted"], rows)
        }

        static func hasOpen(_ jobs: JSON) -> Bool { jobs.list("jobs").contains { $0["completed_at"] == .null } }

        /// Enough of it to tell jobs apart.
        private static func shortID(_ id: String) -> String { String(id.prefix(12)) }

        private static func kind(_ job: JSON) -> String {
            switch job.text("job_type") {
            case "index_s3": "a bucket"
            case "index_s3_directory": "a directory"
            case "index_s3_file": "a file"
            default: job.text("job_type")
            }
        }

        // MARK: One job

        private func jobPage(_ visit: Visit, _ form: ConsoleForm) async throws -> ConsolePage {
            let id = try visit.parameters.require("job")
            let job = try await service.jobs.show(id, filesLimit: 1, filesCursor: nil, for: visit.caller)
            let request = try await service.jobs.request(of: id, for: visit.caller)
            let isOpen = job["completed_at"] == .null
            let files = try await files(of: job, visit)
            return ConsolePage(
                "Job \(Self.shortID(id).dropFirst("job_".count))", .jobs, above: Self.jobsAbove, status: form.status,
                isLive: isOpen && form.status == .ok
            ) {
                """
                \(form.complaint)
                \(HTML.part("standing", Self.standing(job)))
                \(HTML.part("actions", Self.actions(job, visit)))
                <p class="hidden" role="status" id="live-status"></p>
                \(HTML.part("of-files", files))
                <section aria-labelledby="asked"><h2 id="asked">What was asked</h2>
                \(HTML.part("of-asked", Self.facts(of: job, request)))</section>
                """
            }
        }

        private static func standing(_ job: JSON) -> HTML {
            let (progress, status) = (job["progress"] ?? .null, job.text("status"))
            let total = progress.count("files_total")
            let done =
                progress.count("files_processed") + progress.count("files_failed") + progress.count("files_skipped")
            let bar: HTML =
                switch status {
                case "pending": "<progress aria-label=\"Files done\"></progress>"
                case "running" where total > 0:
                    "<progress aria-label=\"Files done\" value=\"\(done)\" max=\"\(total)\"></progress>"
                case "running": "<progress aria-label=\"Files done\"></progress>"
                default: .empty
                }
            let code = job.text("error_code")
            let error: HTML =
                code.isEmpty
                ? "<p>\(job.text("progress_message"))</p>"
                : "<div class=\"alert\"><p>\(job.text("error_message"))</p><p><code>\(code)</code></p></div>"
            return """
                <p class="status" data-status="\(status.replacing("_", with: " "))">\(HTML.badge(status))</p>
                \(bar)\(error)
                \(HTML.facts([
                    ("Files", .count(total)), ("Indexed", .count(progress.count("files_processed"))),
                    ("Failed", .count(progress.count("files_failed"))),
                    ("Skipped", .count(progress.count("files_skipped"))),
                    ("Chunks", .count(progress.count("chunks_processed"))),
                    ("Tokens", .count(progress.count("tokens_used"))),
                    ("Time", .duration(progress.number("elapsed_seconds"))),
                ]))
                """
        }

        private static func actions(_ job: JSON, _ visit: Visit) -> HTML {
            let path = "/console/jobs/\(job.text("job_id"))"
            func button(_ name: String, _ label: String) -> HTML {
                """
                <form method="post" action="\(path)/\(name)">\(visit.token)<button id="\(name)">\(label)</button></form>
                """
            }
            var actions: [HTML] = []
            if job["completed_at"] == .null {
                actions.append(button("cancel", "Cancel"))
            } else {
                let status = job.text("status")
                if status != "completed", status != "rolled_back" {
                    actions.append(button("retry", "Retry what failed or was not reached"))
                }
                if status != "rolled_back", job["result"] != .null {
                    actions.append("<a class=\"quiet\" href=\"\(path)/rollback\">Roll back</a>")
                }
            }
            let collection = job.text("collection_name")
            actions.append("<a href=\"/console/collections/\(collection)\">To the collection \(collection)</a>")
            return "<div class=\"actions\">\(actions)</div>"
        }

        private static func facts(of job: JSON, _ request: IndexRequest) -> HTML {
            let source = "s3://\(request.bucket)/\(request.path)"
            let metadata = request.metadata.isEmpty ? "" : JSON.object(request.metadata).text
            return .facts([
                ("Job", code(job.text("job_id"))), ("Collection", .text(job.text("collection_name"))),
                ("Read", code(source)), ("Region", code(request.region ?? "")),
                ("Role", request.roleARN.map(code) ?? "an access key, which is gone when the job ends"),
                ("Files, at most", request.fileCountMax.map(HTML.count) ?? .empty),
                ("Indexed files", request.skipsExisting ? "skipped unless changed" : "read again"),
                ("Only keys like", code(request.include.joined(separator: "  "))),
                ("No keys like", code(request.exclude.joined(separator: "  "))), ("Metadata", code(metadata)),
                ("Accepted", .time(job["created_at"]?.stringValue)), ("Begun", .time(job["started_at"]?.stringValue)),
                ("Ended", .time(job["completed_at"]?.stringValue)),
                ("Rolled back", .time(job["rolled_back_at"]?.stringValue)),
            ])
        }

        // MARK: Its files

        private func files(of job: JSON, _ visit: Visit) async throws -> HTML {
            let id = job.text("job_id")
            let failedCount = job["progress"]?.count("files_failed") ?? 0
            // While it runs the page is loaded again and again: those that failed are looked for when that is asked.
            let looksForFailed = failedCount > 0 && job["completed_at"] != .null
            let onlyFailed = visit.query["files"].isEmpty ? looksForFailed : visit.query["files"] == "failed"
            let cursor = visit.query["cursor"].isEmpty ? nil : visit.query["cursor"]
            let page =
                onlyFailed
                ? try await service.jobs.failedFiles(
                    of: id, limit: Self.filePageCount, cursor: cursor, for: visit.caller)
                : try await service.jobs.show(
                    id, filesLimit: Self.filePageCount, filesCursor: cursor, for: visit.caller)
            let files = page.list("files")
            let path = "/console/jobs/\(id)"
            func tab(_ name: String, _ label: HTML, _ isCurrent: Bool) -> HTML {
                let current: HTML = isCurrent ? " aria-current=\"true\"" : .empty
                return "<li><a id=\"files-\(name)\" href=\"\(path)?files=\(name)#files\"\(current)>\(label)</a></li>"
            }
            let tabs: HTML =
                failedCount == 0
                ? .empty
                : """
                <ul class="tabs">\(tab("failed", "Failed (\(HTML.count(failedCount)))", onlyFailed))\
                \(tab("all", "All", !onlyFailed))</ul>
                """
            let next = page["files_page"]?.text("next_cursor") ?? ""
            let name = onlyFailed ? "failed" : "all"
            let more: HTML =
                next.isEmpty
                ? .empty
                : """
                <nav class="pager" aria-label="Pages">\
                <a rel="next" id="files-next" href="\(path)?files=\(name)&amp;cursor=\(next)#files">Next</a></nav>
                """
            let list: HTML =
                files.isEmpty
                ? (job["completed_at"] == .null
                    ? "<p class=\"empty\">No file so far.</p>"
                    : "<p class=\"empty\">No file here. A file is listed by the last job that looked at it.</p>")
                : .table(
                    "Files", ["File", "Status", "#Chunks", "What to know"],
                    files.map { Self.row($0, job.text("collection_name")) })
            return """
                <section aria-labelledby="files"><h2 id="files">Files</h2>\(tabs)\(list)\(more)</section>
                """
        }

        private static func row(_ file: JSON, _ collection: String) -> [HTML] {
            let (id, uri) = (file.text("document_id"), file.text("uri"))
            let name: HTML =
                id.isEmpty
                ? .text(uri) : "<a href=\"/console/collections/\(collection)/documents/\(id)\">\(uri)</a>"
            let code = file.text("error_code")
            let error: HTML =
                code.isEmpty ? .empty : "\(file.text("error_message"))<br><small><code>\(code)</code></small>"
            return [name, .badge(file.text("status")), .count(file.count("chunk_count")), error]
        }
    }
#endif
