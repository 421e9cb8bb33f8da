#if Server
    internal import DredgeService
    internal import Hummingbird

    /// `/v2/syncs`, and `/v2/collections/{c}/sync/s3`.
    struct SyncRoutes: Sendable {
        let service: IndexService

        func add(to group: RouterGroup<APIContext>) {
            group.get { request, context in
                let page = try request.page()
                return JSONResponse(
                    try await service.syncs.list(
                        collection: request.text("collection"),
                        status: request.word("status", of: ["active", "paused"]), limit: page.limit,
                        offset: page.offset, for: context.requireCaller()))
            }
            group.get(":sync") { _, context in
                JSONResponse(
                    try await service.syncs.get(context.segment("sync"), for: context.requireCaller()))
            }
            group.patch(":sync") { request, context in
                JSONResponse(
                    try await service.syncs.update(
                        context.segment("sync"), request.json(context), for: context.requireCaller()))
            }
            group.delete(":sync") { _, context in
                try await delete(context.segment("sync"), for: context.requireCaller())
            }
            group.post(":sync/reconcile") { request, context in
                JSONResponse(
                    try await service.syncs.reconcile(
                        context.segment("sync"), request.optionalJSON(context), for: context.requireCaller()
                    ))
            }
        }

        /// The syncs of one collection: `group` is `/v2/collections`.
        func add(toCollections group: RouterGroup<APIContext>) {
            let path = RouterPath(":collection/sync/s3")
            group.post(path) { request, context in
                JSONResponse(
                    try await service.syncs.create(
                        request.json(context), in: context.segment("collection"),
                        for: context.requireCaller()), status: .created)
            }
            group.put(path) { request, context in
                let (sync, isNew) = try await service.syncs.put(
                    request.json(context), in: context.segment("collection"), for: context.requireCaller())
                return JSONResponse(sync, status: isNew ? .created : .ok)
            }
            group.get(path) { request, context in
                let page = try request.page()
                return JSONResponse(
                    try await service.syncs.list(
                        collection: context.segment("collection"),
                        status: request.word("status", of: ["active", "paused"]),
                        limit: page.limit, offset: page.offset, for: context.requireCaller()))
            }
            group.patch(path) { request, context in
                let caller = try context.requireCaller()
                return JSONResponse(
                    try await service.syncs.update(
                        try await sync(request, context), request.json(context), for: caller))
            }
            group.delete(path) { request, context in
                try await delete(try await sync(request, context), for: context.requireCaller())
            }
        }

        /// The sync that `?sync_id` names, or the collection's only one.
        private func sync(_ request: Request, _ context: APIContext) async throws -> String {
            try await service.syncs.id(
                request.text("sync_id"), in: context.segment("collection"), for: context.requireCaller())
        }

        private func delete(_ id: String, for caller: Caller) async throws -> JSONResponse {
            try await service.syncs.delete(id, for: caller)
            return JSONResponse(
                ["success": true, "message": "The sync was deleted. Its documents stay in the collection."])
        }
    }
#endif
