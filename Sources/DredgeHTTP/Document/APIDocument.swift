#if Server
    internal import DredgeService
    internal import HTTPTypes

    /// The API as one OpenAPI document, and as a page to read. A test holds it against the router, both ways.
    enum APIDocument {
        /// All operations, in order of their tags.
        static let operations: [Operation] =
            Operation.index + Operation.jobs + Operation.collections + Operation.search + Operation.syncs
            + Operation.webhooks + Operation.integration
            + Operation.server

        /// OpenAPI 3.1.
        static let json: JSON = .object([
            "openapi": "3.1.0",
            "info": [
                "title": "Dredge", "version": "2",
                "description": "Indexes S3 buckets, read through a cross-account role, into collections of chunks.",
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "tags": .array(Operation.Tag.allCases.map { ["name": .string($0.rawValue)] }),
            "security": [["key": []]],
            "paths": .object(paths),
            "components": [
                "securitySchemes": [
                    "key": [
                        "type": "http", "scheme": "bearer",
                        "description": "A key that `dredge keys create` printed; it is of an organization.",
                    ]
                ],
                "schemas": .object(Schema.named.mapValues(\.json)),
                "responses": .object(responses),
            ],
        ])

        /// Methods that a path has; empty: there is no such path.
        static func methods(of path: some StringProtocol) -> [String] {
            operations(at: path).map(\.method.rawValue)
        }

        /// What a method does at a path; nil: nothing.
        static func operation(_ method: String, _ path: some StringProtocol) -> Operation? {
            let parts = path.split(separator: "/")
            return templates.first { $0.operation.method.rawValue == method && matches($0.parts, parts) }?.operation
        }

        private static func operations(at path: some StringProtocol) -> [Operation] {
            let parts = path.split(separator: "/")
            return templates.filter { matches($0.parts, parts) }.map(\.operation)
        }

        private static func matches<Part: StringProtocol>(_ template: [Substring], _ parts: [Part]) -> Bool {
            template.count == parts.count && zip(template, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }

        private static let templates = operations.map { (parts: $0.path.split(separator: "/"), operation: $0) }

        private static var paths: [String: JSON] {
            var paths: [String: [String: JSON]] = [:]
            for operation in operations {
                paths[operation.path, default: [:]][operation.method.rawValue.lowercased()] = operation.json
            }
            return paths.mapValues { .object($0) }
        }

        /// What the statuses of refusals mean.
        static let refusals: [Int: String] = [
            400: "The request contradicts itself, or its path can't be read.",
            401: "There is no valid key: the header Authorization: Bearer KEY is needed.",
            403: "The key, the role or the external ID is not the organization's.",
            404: "There is no such thing in this organization and environment.",
            409: "It can't be done as things stand: error_code says why.",
            413: "The body is larger than \(ServiceLimits.bodyByteCountMax) bytes.",
            422: "Fields can't be taken: all of them are listed.",
            429: "Too much at once. Try again later.",
            501: "This server does not do that.",
            503:
                "Not now: the disk is full, AWS does not answer, an index is being made, a query took too long, or too "
                + "much of this kind is asked at once. error_code says which.",
        ]

        private static var responses: [String: JSON] {
            Dictionary(
                uniqueKeysWithValues: refusals.map { status, text in
                    let schema = Schema.named(status == 422 ? "FieldProblems" : "Refusal").json
                    return (
                        "\(status)",
                        .object([
                            "description": .string(text),
                            "content": ["application/json": ["schema": schema]],
                        ])
                    )
                })
        }
    }
#endif
