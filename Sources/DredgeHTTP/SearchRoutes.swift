#if Server
    internal import DredgeService
    internal import Hummingbird

    /// What is asked of a collection's chunks, under `/v2/collections`.
    struct SearchRoutes: Sendable {
        let service: IndexService

        func add(to group: RouterGroup<APIContext>) {
            group.post(":collection/query") { request, context in
                JSONResponse(
                    try await service.search.query(
                        context.segment("collection"), request.json(context), for: context.requireCaller()))
            }
            group.get(":collection/changes") { request, context in
                let limit = try request.integer("limit", default: 100, in: 1...ServiceLimits.changePageCountMax)
                return JSONResponse(
                    try await service.search.changes(
                        context.segment("collection"), since: request.text("since"), limit: limit,
                        cursor: request.text("cursor"), for: context.requireCaller()))
            }
        }
    }
#endif
