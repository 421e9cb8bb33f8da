#if Server
    internal import DredgeService
    internal import HTTPTypes

    /// One method of one path, as the API's document tells it.
    struct Operation: Sendable {
        /// Headings of the document.
        enum Tag: String, Sendable, CaseIterable {
            case index = "Indexing"
            case jobs = "Jobs"
            case collections = "Collections"
            case documents = "Documents"
            case search = "Search"
            case syncs = "Syncs"
            case webhooks = "Webhooks"
            case integration = "AWS integration"
            case server = "Server"
        }

        var tag: Tag
        var method: HTTPRequest.Method
        /// Parameters in braces: `/v2/jobs/{job}`.
        var path: String
        /// Unique; generated clients name a function by it.
        var id: String
        /// One line.
        var summary: String
        /// What a user must know beyond the schemas.
        var description = ""
        var query: [Schema.Member] = []
        var headers: [Schema.Member] = []
        var body: Schema?
        var isBodyRequired = true
        var answers: [Answer]
        /// Statuses of refusals, beside those that every operation has.
        var refusals: [Int] = []
        /// Whether a key is needed.
        var needsKey = true

        /// What is answered with one status when all is well.
        struct Answer: Sendable {
            var status = 200
            var description: String
            var mediaType = "application/json"
            var schema: Schema?

            static func json(_ schema: Schema, _ description: String, status: Int = 200) -> Answer {
                Answer(status: status, description: description, schema: schema)
            }
        }

        /// Parameters of paths.
        private static let pathParameters: [String: (Schema, String)] = [
            "collection": (.named("CollectionName"), "The collection's name."),
            "document": (.string(1...100), "The document's ID, such as doc_12."),
            "job": (.string(1...100), "The job's ID."),
            "sync": (.string(1...100), "The sync's ID."),
            "endpoint": (.string(1...100), "The webhook endpoint's ID."),
            "delivery": (.string(1...100), "The delivery's ID."),
        ]

        var json: JSON {
            var responses: [String: JSON] = [:]
            for answer in answers {
                var response: [String: JSON] = ["description": .string(answer.description)]
                let schema = answer.schema?.json ?? ["type": "string"]
                response["content"] = .object([answer.mediaType: .object(["schema": schema])])
                responses["\(answer.status)"] = .object(response)
            }
            for status in refusals + (needsKey ? [400, 401, 403, 422, 429, 503] : []) {
                responses["\(status)"] = ["$ref": .string("#/components/responses/\(status)")]
            }
            var members: [String: JSON] = [
                "tags": [.string(tag.rawValue)], "operationId": .string(id), "summary": .string(summary),
                "parameters": .array(parameters), "responses": .object(responses),
            ]
            if !description.isEmpty { members["description"] = .string(description) }
            if !needsKey { members["security"] = [] }
            if let body {
                members["requestBody"] = .object([
                    "required": .bool(isBodyRequired),
                    "content": .object(["application/json": .object(["schema": body.json])]),
                ])
            }
            return .object(members)
        }

        private var parameters: [JSON] {
            let names = path.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }
            let ofPath = names.map { name -> JSON in
                let (schema, text) = Self.pathParameters[String(name)] ?? (.string, "")
                return Self.parameter(.always(String(name), schema, text), in: "path")
            }
            return ofPath + query.map { Self.parameter($0, in: "query") }
                + headers.map { Self.parameter($0, in: "header") }
        }

        private static func parameter(_ member: Schema.Member, in place: String) -> JSON {
            .object([
                "name": .string(member.name), "in": .string(place), "required": .bool(member.isRequired),
                "description": .string(member.description), "schema": member.schema.json,
            ])
        }
    }
#endif
