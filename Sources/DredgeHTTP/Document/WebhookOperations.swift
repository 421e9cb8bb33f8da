#if Server
    internal import DredgeService
    internal import HTTPTypes

    extension Operation {
        /// Who is told of jobs' ends.
        static let webhooks: [Operation] = [
            Operation(
                tag: .webhooks, method: .get, path: "/v2/webhooks/endpoints", id: "listWebhookEndpoints",
                summary: "List endpoints",
                answers: [
                    .json(
                        .object([
                            .always("endpoints", .list(.named("WebhookEndpoint"))), .always("total_count", .count),
                        ]), "All endpoints.")
                ]),
            Operation(
                tag: .webhooks, method: .post, path: "/v2/webhooks/endpoints", id: "createWebhookEndpoint",
                summary: "Make an endpoint",
                description: "Requests to it are signed as Standard Webhooks has it: webhook-id, webhook-timestamp, "
                    + "webhook-signature. The secret is in this answer only.",
                body: .request([.always("url", url, "Begins with https://.")] + settings),
                answers: [.json(.named("NewWebhookEndpoint"), "The endpoint with its secret.", status: 201)],
                refusals: [409, 413, 422]),
            Operation(
                tag: .webhooks, method: .get, path: "/v2/webhooks/endpoints/{endpoint}", id: "getWebhookEndpoint",
                summary: "An endpoint", answers: [.json(.named("WebhookEndpoint"), "The endpoint.")], refusals: [404]),
            Operation(
                tag: .webhooks, method: .patch, path: "/v2/webhooks/endpoints/{endpoint}", id: "updateWebhookEndpoint",
                summary: "Change an endpoint", body: .request([.maybe("url", url)] + settings),
                answers: [.json(.named("WebhookEndpoint"), "The endpoint.")], refusals: [404, 413, 422]),
            Operation(
                tag: .webhooks, method: .delete, path: "/v2/webhooks/endpoints/{endpoint}",
                id: "deleteWebhookEndpoint", summary: "Delete an endpoint",
                answers: [.json(.named("Done"), "It is gone.")], refusals: [404]),
            Operation(
                tag: .webhooks, method: .post, path: "/v2/webhooks/endpoints/{endpoint}/rotate",
                id: "rotateWebhookSecret", summary: "Replace an endpoint's secret",
                description: "For 24 hours requests have a signature by either secret.",
                answers: [
                    .json(
                        .object([
                            .always("endpoint_id", .string), .always("secret", .string),
                            .always("previous_secret_valid_until", .time),
                        ]), "The new secret, this once.")
                ], refusals: [404]),
            Operation(
                tag: .webhooks, method: .post, path: "/v2/webhooks/endpoints/{endpoint}/test",
                id: "testWebhookEndpoint", summary: "Send a test",
                answers: [.json(.named("WebhookSent"), "It waits to be sent.")], refusals: [404, 409]),
            Operation(
                tag: .webhooks, method: .post, path: "/v2/webhooks/endpoints/{endpoint}/recover",
                id: "recoverWebhookDeliveries", summary: "Send all failed deliveries again",
                body: .request([.always("since", .time, "A time of the last 7 days.")]),
                answers: [
                    .json(
                        .object([.always("endpoint_id", .string), .always("recovered_count", .count)]),
                        "How many there are.")
                ], refusals: [404, 409, 413, 422]),
            Operation(
                tag: .webhooks, method: .get, path: "/v2/webhooks/endpoints/{endpoint}/deliveries",
                id: "listWebhookDeliveries", summary: "Deliveries, the newest first",
                query: [.maybe("status", status, "Only deliveries of this status.")] + page(),
                answers: [.json(.named("WebhookDeliveryPage"), "A page of deliveries.")], refusals: [404, 422]),
            Operation(
                tag: .webhooks, method: .get, path: "/v2/webhooks/endpoints/{endpoint}/deliveries/{delivery}",
                id: "getWebhookDelivery", summary: "A delivery with what was sent",
                answers: [.json(.object(delivery + [.always("payload", .anyObject)]), "The delivery.")],
                refusals: [404]),
            Operation(
                tag: .webhooks, method: .get,
                path: "/v2/webhooks/endpoints/{endpoint}/deliveries/{delivery}/attempts", id: "listWebhookAttempts",
                summary: "What became of each attempt, the newest first",
                answers: [
                    .json(
                        .object([
                            .always(
                                "attempts",
                                .list(
                                    .object([
                                        .always("attempt", .count), .always("attempted_at", .time),
                                        .always("status_code", .count.orNull), .always("error", .string.orNull),
                                        .always("duration_ms", .count),
                                    ]))), .always("total_count", .count),
                        ]), "The attempts that are kept.")
                ], refusals: [404]),
            Operation(
                tag: .webhooks, method: .post,
                path: "/v2/webhooks/endpoints/{endpoint}/deliveries/{delivery}/resend", id: "resendWebhookDelivery",
                summary: "Send a delivery again",
                answers: [
                    .json(
                        .object([.always("delivery_id", .string), .always("status", .words(["pending"]))]),
                        "It waits to be sent.")
                ], refusals: [404, 409]),
        ]

        private static let status = Schema.words(["pending", "succeeded", "failed"])
        private static let url = Schema.string(1...ServiceLimits.webhookURLByteCountMax)

        private static let settings: [Schema.Member] = [
            .maybe("description", .string(0...ServiceLimits.webhookDescriptionByteCountMax), "In your words."),
            .maybe("events", .list(.named("WebhookEvent")), "Which events are sent. By default: all."),
            .maybe("filters", .named("WebhookFilters"), "Which jobs are told of. By default: all."),
            .maybe("active", .boolean, "False: nothing is sent."),
        ]

        static let delivery: [Schema.Member] = [
            .always("delivery_id", .string), .always("event_id", .string, "The header webhook-id."),
            .always("event_type", .string), .always("job_id", .string.orNull), .always("status", status),
            .always("created_at", .time), .always("attempt_count", .count), .always("next_attempt_at", .time.orNull),
            .always("last_status_code", .count.orNull), .always("last_error", .string.orNull),
        ]
    }

    extension Schema {
        static let webhooks: [String: Schema] = [
            "WebhookEvent": .words([
                "job.completed", "job.completed_with_errors", "job.failed", "job.timed_out", "job.cancelled",
            ]),
            "WebhookFilters": .request([
                .maybe("collections", .list(.string, countMax: ServiceLimits.webhookFilterCountMax), "Names."),
                .maybe("sync_ids", .list(.string, countMax: ServiceLimits.webhookFilterCountMax)),
                .maybe("sources", .list(.words(["api", "sync"]))),
            ]),
            "WebhookEndpoint": .object(endpoint),
            "NewWebhookEndpoint": .object(endpoint + [.always("secret", .string)]),
            "WebhookSent": .object([
                .always("delivery_id", .string), .always("event_id", .string), .always("status", .words(["pending"])),
            ]),
            "WebhookDeliveryPage": page("deliveries", .object(Operation.delivery)),
        ]

        private static let endpoint: [Member] = [
            .always("endpoint_id", .string), .always("url", .string), .always("description", .string.orNull),
            .always("events", .list(.named("WebhookEvent"))), .always("filters", .named("WebhookFilters")),
            .always("active", .boolean), .always("disabled_reason", .string.orNull),
            .always("previous_secret_valid_until", .time.orNull), .always("created_at", .time),
            .always("updated_at", .time),
        ]
    }
#endif
