#if Server
    internal import DredgeService
    internal import Hummingbird

    /// `/v2/webhooks/endpoints`.
    struct WebhookRoutes: Sendable {
        let webhooks: Webhooks

        func add(to group: RouterGroup<APIContext>) {
            group.get { _, context in JSONResponse(try await webhooks.list(for: context.requireCaller())) }
            group.post { request, context in
                JSONResponse(
                    try await webhooks.create(request.json(context), for: context.requireCaller()), status: .created)
            }
            group.get(":endpoint") { _, context in
                JSONResponse(
                    try await webhooks.get(context.segment("endpoint"), for: context.requireCaller()))
            }
            group.patch(":endpoint") { request, context in
                JSONResponse(
                    try await webhooks.update(
                        context.segment("endpoint"), request.json(context), for: context.requireCaller()))
            }
            group.delete(":endpoint") { _, context in
                try await webhooks.delete(context.segment("endpoint"), for: context.requireCaller())
                return JSONResponse(["success": true, "message": "The endpoint was deleted."])
            }
            group.post(":endpoint/rotate") { _, context in
                JSONResponse(
                    try await webhooks.rotate(context.segment("endpoint"), for: context.requireCaller()))
            }
            group.post(":endpoint/test") { _, context in
                JSONResponse(
                    try await webhooks.test(context.segment("endpoint"), for: context.requireCaller()))
            }
            group.post(":endpoint/recover") { request, context in
                JSONResponse(
                    try await webhooks.recover(
                        context.segment("endpoint"), request.json(context), for: context.requireCaller()))
            }
            addDeliveries(to: group.group(":endpoint/deliveries"))
        }

        private func addDeliveries(to group: RouterGroup<APIContext>) {
            group.get { request, context in
                let page = try request.page()
                return JSONResponse(
                    try await webhooks.deliveries(
                        context.segment("endpoint"),
                        status: request.word("status", of: ["pending", "succeeded", "failed"]), limit: page.limit,
                        offset: page.offset, for: context.requireCaller()))
            }
            group.get(":delivery") { _, context in
                JSONResponse(
                    try await webhooks.delivery(
                        context.segment("endpoint"), context.segment("delivery"),
                        for: context.requireCaller()))
            }
            group.get(":delivery/attempts") { _, context in
                JSONResponse(
                    try await webhooks.attempts(
                        context.segment("endpoint"), context.segment("delivery"),
                        for: context.requireCaller()))
            }
            group.post(":delivery/resend") { _, context in
                JSONResponse(
                    try await webhooks.resend(
                        context.segment("endpoint"), context.segment("delivery"),
                        for: context.requireCaller()))
            }
        }
    }
#endif
