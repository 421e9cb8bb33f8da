#if Server
    internal import DredgeService
    internal import Hummingbird

    /// `/v2/integrations/aws`.
    struct IntegrationRoutes: Sendable {
        let service: IndexService

        func add(to group: RouterGroup<APIContext>) {
            group.get { _, context in
                JSONResponse(try await service.integrations.show(for: context.requireCaller()))
            }
            group.post { _, context in
                JSONResponse(try await service.integrations.mint(for: context.requireCaller()))
            }
            group.put("role") { request, context in
                JSONResponse(
                    try await service.integrations.putRole(request.json(context), for: context.requireCaller()))
            }
            group.delete("role") { request, context in
                try await service.integrations.deleteRole(
                    request.text("role_arn") ?? "", for: context.requireCaller())
                return JSONResponse(["success": true, "message": "The role was taken away."])
            }
            group.post("verify") { request, context in
                JSONResponse(
                    try await service.integrations.verify(request.json(context), for: context.requireCaller()))
            }
            group.post("rotate") { request, context in
                JSONResponse(
                    try await service.integrations.rotate(
                        request.optionalJSON(context), for: context.requireCaller()))
            }
        }
    }
#endif
