#if Server
    internal import DredgeService

    /// A schema of the API's document: JSON Schema 2020-12, which OpenAPI 3.1 uses.
    struct Schema: Sendable {
        var json: JSON

        static let string = Schema(json: ["type": "string"])
        static let boolean = Schema(json: ["type": "boolean"])
        static let number = Schema(json: ["type": "number"])
        /// Zero or more.
        static let count = Schema(json: ["type": "integer", "minimum": 0])
        /// ISO 8601, in UTC.
        static let time = Schema(json: ["type": "string", "format": "date-time"])
        /// Any members.
        static let anyObject = Schema(json: ["type": "object"])

        static func string(_ length: ClosedRange<Int>) -> Schema {
            Schema(json: [
                "type": "string", "minLength": .integer(length.lowerBound), "maxLength": .integer(length.upperBound),
            ])
        }

        static func string(matching pattern: String) -> Schema {
            Schema(json: ["type": "string", "pattern": .string(pattern)])
        }

        static func integer(_ range: ClosedRange<Int>, default value: Int? = nil) -> Schema {
            var members: [String: JSON] = [
                "type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound),
            ]
            if let value { members["default"] = .integer(value) }
            return Schema(json: .object(members))
        }

        static func boolean(default value: Bool) -> Schema {
            Schema(json: ["type": "boolean", "default": .bool(value)])
        }

        /// Nothing but false is taken.
        static let never = Schema(json: ["enum": [false], "default": false])

        /// The ARN of an IAM role.
        static let roleARN = Schema.string(matching: "^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")

        static func words(_ words: [String]) -> Schema {
            Schema(json: ["type": "string", "enum": .array(words.map { .string($0) })])
        }

        /// Words, each with its meaning.
        static func words(_ words: [(String, meaning: String)]) -> Schema {
            guard case .object(var members) = Schema.words(words.map(\.0)).json else { return .string }
            members["description"] = .string(words.map { "- `\($0)`: \($1)" }.joined(separator: "\n"))
            return Schema(json: .object(members))
        }

        static func list(_ items: Schema, countMax: Int? = nil) -> Schema {
            var members: [String: JSON] = ["type": "array", "items": items.json]
            if let countMax { members["maxItems"] = .integer(countMax) }
            return Schema(json: .object(members))
        }

        /// One of the document's own.
        static func named(_ name: String) -> Schema { Schema(json: ["$ref": .string("#/components/schemas/\(name)")]) }

        /// What an answer has: members that a client doesn't know may be added.
        static func object(_ members: [Member]) -> Schema { object(members, isClosed: false) }

        /// What a request has: a member that isn't listed is refused, and null is the same as leaving one out.
        static func request(_ members: [Member]) -> Schema {
            object(
                members.map { member in
                    var member = member
                    if !member.isRequired { member.schema = member.schema.orNull }
                    return member
                }, isClosed: true)
        }

        private static func object(_ members: [Member], isClosed: Bool) -> Schema {
            var json: [String: JSON] = [
                "type": "object",
                "properties": .object(Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.json) })),
                "required": .array(members.filter(\.isRequired).map { .string($0.name) }),
            ]
            if isClosed { json["additionalProperties"] = false }
            return Schema(json: .object(json))
        }

        /// The same, or null.
        var orNull: Schema {
            if case .object(var members) = json, case .string(let type)? = members["type"], members["enum"] == nil {
                members["type"] = ["null", .string(type)]
                return Schema(json: .object(members))
            }
            return Schema(json: ["anyOf": [json, ["type": "null"]]])
        }
    }

    extension Schema {
        /// A member of an object.
        struct Member: Sendable {
            var name: String
            var isRequired: Bool
            var schema: Schema
            var description: String

            /// One that is always there.
            static func always(_ name: String, _ schema: Schema, _ description: String = "") -> Member {
                Member(name: name, isRequired: true, schema: schema, description: description)
            }

            /// One that may be left out.
            static func maybe(_ name: String, _ schema: Schema, _ description: String = "") -> Member {
                Member(name: name, isRequired: false, schema: schema, description: description)
            }

            var json: JSON {
                guard !description.isEmpty, case .object(var members) = schema.json else { return schema.json }
                members["description"] = .string(description)
                return .object(members)
            }
        }
    }
#endif
