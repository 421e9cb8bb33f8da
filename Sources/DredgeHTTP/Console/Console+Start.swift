#if Server
    internal import DredgeService

    /// The overview: what to do first, and what goes on.
    extension Console {
        @Sendable func start(_ visit: Visit) async throws -> ConsoleAnswer {
            let integration = try await integration(visit)
            let (collections, collectionCount) = try await service.collections.list(
                limit: 1, offset: 0, for: visit.caller)
            let jobs = try await service.jobs.list(
                status: nil, collection: nil, limit: 5, offset: 0, for: visit.caller)
            let hasJobs = jobs.count("total_count") > 0
            let first = collections.first.map { "/console/collections/\($0.name)" } ?? "/console/collections"
            let isActive = integration?.text("status") == "active"
            let steps: [(isDone: Bool, title: String, path: String, text: HTML)] = [
                (
                    isActive, "Connect your AWS account", "/console/aws",
                    """
                    Make an external ID, create a role that demands it, and have it verified. For a try, an access key \
                    with the job does, too.
                    """
                ),
                (
                    collectionCount > 0, "Make a collection", "/console/collections",
                    "It holds the chunks of the documents that belong together."
                ),
                (
                    hasJobs, "Index a bucket into it", collectionCount > 0 ? "\(first)/index" : first,
                    "A whole bucket, a directory or one file. You see how far it is."
                ),
                (false, "Search", first, "Every chunk is found by its words as soon as its job has ended."),
            ]
            let next = steps.firstIndex { !$0.isDone } ?? 3
            let items = steps.enumerated().map { index, step -> HTML in
                let mark: HTML =
                    step.isDone
                    ? "<span class=\"badge good\">done</span>"
                    : index == next ? "<span class=\"badge busy\">next</span>" : .empty
                return "<li><h3><a href=\"\(step.path)\">\(step.title)</a> \(mark)</h3><p>\(step.text)</p></li>"
            }
            let newest: HTML =
                hasJobs
                ? """
                <section aria-labelledby="newest"><h2 id="newest">Newest jobs</h2>
                \(HTML.part("jobs", Self.table(of: jobs)))<p><a href="/console/jobs">All jobs</a></p></section>
                """ : .empty
            return .page(
                ConsolePage("Overview", .overview, isLive: Self.hasOpen(jobs)) {
                    """
                    <section aria-labelledby="steps"><h2 id="steps">The way to the first result</h2>
                    <ol class="steps">\(items)</ol></section>
                    \(newest)
                    """
                })
        }

        /// The organization's integration; nil: it has none.
        func integration(_ visit: Visit) async throws -> JSON? {
            do {
                return try await service.integrations.show(for: visit.caller)
            } catch ServiceError.refused(let refusal) where refusal.kind == .notFound {
                return nil
            }
        }
    }
#endif
