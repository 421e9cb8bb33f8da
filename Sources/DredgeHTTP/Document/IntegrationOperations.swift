#if Server
    internal import DredgeService
    internal import HTTPTypes

    extension Operation {
        /// How an organization lets this server into its AWS accounts.
        static let integration: [Operation] = [
            Operation(
                tag: .integration, method: .get, path: "/v2/integrations/aws", id: "getIntegration",
                summary: "The external ID, the policies to paste, the roles",
                answers: [.json(.named("Integration"), "The integration.")], refusals: [404]),
            Operation(
                tag: .integration, method: .post, path: "/v2/integrations/aws", id: "mintExternalID",
                summary: "Make the organization's external ID",
                description: "Makes one unless there is one already.",
                answers: [.json(.named("Integration"), "The integration.")]),
            Operation(
                tag: .integration, method: .put, path: "/v2/integrations/aws/role", id: "putRole",
                summary: "Register a role, and verify it",
                description: "Assumes the role with the external ID and without it, and reads the bucket. The status "
                    + "is active when a job could read it; `check` has the verdict of each step and what to change.",
                body: target, answers: [.json(.named("RoleVerdict"), "How the verification went.")],
                refusals: [404, 409, 413, 422, 503]),
            Operation(
                tag: .integration, method: .post, path: "/v2/integrations/aws/verify", id: "verifyRole",
                summary: "Verify a registered role again",
                description: "Refused with 503 where AWS does not answer within \(ServiceLimits.verificationSeconds) "
                    + "seconds: then the role stays as it was.",
                body: target, answers: [.json(.named("RoleVerdict"), "How the verification went.")],
                refusals: [404, 413, 422, 503]),
            Operation(
                tag: .integration, method: .delete, path: "/v2/integrations/aws/role", id: "deleteRole",
                summary: "Take a role away", description: "Jobs that name it are refused from now on.",
                query: [.always("role_arn", .roleARN, "The role's ARN.")],
                answers: [.json(.named("Done"), "It is gone.")], refusals: [404]),
            Operation(
                tag: .integration, method: .post, path: "/v2/integrations/aws/rotate", id: "rotateExternalID",
                summary: "Replace the external ID",
                body: .request([
                    .maybe(
                        "overlap_seconds", .integer(0...ServiceLimits.rotationOverlapSecondsMax, default: 0),
                        "How long the old one is valid beside the new one.")
                ]), isBodyRequired: false, answers: [.json(.named("Integration"), "With the new external ID.")],
                refusals: [404, 413, 422]),
        ]

        private static let target = Schema.request([
            .always("role_arn", .roleARN, "arn:aws:iam::ACCOUNT:role/NAME."),
            .always("bucket_name", .string(1...2_048), "A bucket that the role is to read."),
            .maybe("prefix", .string(0...1_024), "Where in the bucket the role may list and read."),
            .maybe("bucket_region", .string(1...64), "The bucket's region. By default it is found out."),
        ])

        /// What is asked of the server itself, without a key.
        static let server: [Operation] = [
            Operation(
                tag: .server, method: .get, path: "/healthz", id: "getHealth", summary: "Whether the process lives",
                answers: [.json(.object([.always("status", .words(["ok"]))]), "It does.")], needsKey: false),
            Operation(
                tag: .server, method: .get, path: "/readyz", id: "getReadiness",
                summary: "Whether the server can do its work",
                description: "503 while it shuts down, and while its control database can't be read or written to.",
                answers: [.json(.object([.always("status", .words(["ready"]))]), "It can.")], refusals: [503],
                needsKey: false),
            Operation(
                tag: .server, method: .get, path: "/metrics", id: "getMetrics", summary: "Figures for Prometheus",
                description: "By default for who asks from the server's own machine, and not through a proxy.",
                answers: [Answer(description: "Prometheus's text format.", mediaType: "text/plain")],
                refusals: [403], needsKey: false),
            Operation(
                tag: .server, method: .get, path: "/openapi.json", id: "getAPIDocument", summary: "This document",
                answers: [.json(.anyObject, "OpenAPI 3.1.")], needsKey: false),
            Operation(
                tag: .server, method: .get, path: "/docs", id: "getReference",
                summary: "This document as a page to read",
                answers: [Answer(description: "HTML.", mediaType: "text/html")], needsKey: false),
        ]
    }
#endif
