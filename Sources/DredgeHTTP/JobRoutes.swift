#if Server
    internal import DredgeService
    internal import Hummingbird

    /// `/v2/jobs`.
    struct JobRoutes: Sendable {
        let service: IndexService

        func add(to group: RouterGroup<APIContext>) {
            group.get { request, context in
                let page = try request.page(default: 50, max: 200)
                return JSONResponse(
                    try await service.jobs.list(
                        status: request.word("status", of: JobStatus.names), collection: request.text("collection"),
                        sync: request.text("sync_id"),
                        environment: request.word("job_environment", of: APIEnvironment.allCases.map(\.rawValue)),
                        limit: page.limit, offset: page.offset,
                        for: context.requireCaller()))
            }
            group.get(":job", use: show)
            group.delete(":job", use: cancel)
            group.post(":job/cancel", use: cancel)
            group.get(":job/events", use: JobEventRoute(service).stream)
            group.post(":job/retry") { _, context in
                let id = try await service.jobs.retry(
                    context.segment("job"), for: context.requireCaller())
                return JSONResponse(.object(["job_id": .string(id), "status": "pending"]))
            }
            group.patch(":job/rollback") { _, context in
                JSONResponse(
                    try await service.jobs.rollBack(
                        context.segment("job"), for: context.requireCaller()))
            }
        }

        private func show(_ request: Request, _ context: APIContext) async throws -> JSONResponse {
            let limit = try request.integer("files_limit", default: 50, in: 1...ServiceLimits.filePageCountMax)
            return JSONResponse(
                text: try await service.jobs.shown(
                    context.segment("job"), filesLimit: limit, filesCursor: request.text("files_cursor"),
                    for: context.requireCaller()))
        }

        private func cancel(_ request: Request, _ context: APIContext) async throws -> JSONResponse {
            let (id, caller) = (try context.segment("job"), try context.requireCaller())
            try await service.jobs.cancel(id, for: caller)
            let job = try await service.jobs.show(id, filesLimit: 1, filesCursor: nil, for: caller)
            return JSONResponse(
                .object([
                    "job_id": .string(id), "status": job["status"] ?? .null,
                    "message": job["progress_message"] ?? .null, "cancelled_at": job["cancelled_at"] ?? .null,
                ]))
        }
    }
#endif
