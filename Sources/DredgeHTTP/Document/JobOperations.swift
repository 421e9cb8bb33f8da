#if Server
    internal import DredgeService
    internal import HTTPTypes

    extension Operation {
        /// What is asked of jobs.
        static let jobs: [Operation] = [
            Operation(
                tag: .jobs, method: .get, path: "/v2/jobs", id: "listJobs", summary: "List jobs, the newest first",
                query: [
                    .maybe("status", .named("JobStatus"), "Only jobs of this status."),
                    .maybe("collection", .string, "Only jobs of the collection of this name."),
                    .maybe("sync_id", .string, "Only jobs of this sync."),
                    .maybe(
                        "job_environment", .words(APIEnvironment.allCases.map(\.rawValue)),
                        "Only jobs of this environment: of another one than the key's there are none."),
                ] + page(default: 50, max: 200),
                answers: [.json(.named("JobPage"), "A page of jobs.")], refusals: [422]),
            Operation(
                tag: .jobs, method: .get, path: "/v2/jobs/{job}", id: "getJob",
                summary: "A job with a page of its files",
                description: "While a job runs, its numbers are those of the last half second.",
                query: [
                    .maybe(
                        "files_limit", .integer(1...ServiceLimits.filePageCountMax, default: 50),
                        "Files of one page."),
                    .maybe("files_cursor", .string, "files_page.next_cursor of the page before."),
                ], answers: [.json(.named("Job"), "The job.")], refusals: [404, 422]),
            Operation(
                tag: .jobs, method: .delete, path: "/v2/jobs/{job}", id: "deleteJob", summary: "Cancel a job",
                description: "The same as POST …/cancel.",
                answers: [.json(.named("JobCancelled"), "Where the job stands now.")], refusals: [404]),
            Operation(
                tag: .jobs, method: .post, path: "/v2/jobs/{job}/cancel", id: "cancelJob", summary: "Cancel a job",
                description: "What was indexed stays, until the job is rolled back. A job that has ended stays as it "
                    + "is.", answers: [.json(.named("JobCancelled"), "Where the job stands now.")], refusals: [404]),
            Operation(
                tag: .jobs, method: .post, path: "/v2/jobs/{job}/retry", id: "retryJob",
                summary: "Index the failed files of a job again",
                description: "Starts a new job for them. Jobs with an access key can't be retried: the key is gone.",
                answers: [.json(.named("JobStarted"), "The new job.")], refusals: [404, 409]),
            Operation(
                tag: .jobs, method: .patch, path: "/v2/jobs/{job}/rollback", id: "rollBackJob",
                summary: "Remove the documents that a job wrote",
                description: "Nothing of their text is in the collection's file afterwards. Refused with 409 while the "
                    + "job, or another job of the collection, has not ended.",
                answers: [.json(.named("JobRolledBack"), "What was removed.")], refusals: [404, 409]),
            Operation(
                tag: .jobs, method: .get, path: "/v2/jobs/{job}/events", id: "followJob",
                summary: "Follow a job by server-sent events",
                description: "`progress` while the job runs and `state` otherwise, each when something changed; the "
                    + "stream ends with the job.",
                headers: [.maybe("Last-Event-ID", .string, "The last event that was seen: it is not sent again.")],
                answers: [
                    Answer(
                        description: "Events; data is JSON.", mediaType: "text/event-stream",
                        schema: .object([
                            .maybe("id", .string), .maybe("event", .words(["progress", "state"])),
                            .maybe("data", .string),
                        ]))
                ], refusals: [404]),
        ]

        /// `limit` and `offset`.
        static func page(default count: Int = 100, max: Int = ServiceLimits.pageCountMax) -> [Schema.Member] {
            [
                .maybe("limit", .integer(1...max, default: count), "Entries of one page."),
                .maybe("offset", .integer(0...Int(Int32.max), default: 0), "Entries before the page."),
            ]
        }
    }
#endif
