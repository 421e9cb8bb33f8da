#if Server
    internal import DredgeService
    internal import Foundation
    internal import Hummingbird

    extension Request {
        /// The JSON of the body. Throws `ServiceError` for what is none, 413 for one that is too large.
        func json(_ context: APIContext) async throws -> JSON {
            try await Self.json(try await body.collect(upTo: context.maxUploadSize))
        }

        /// The same, or an empty object where there is no body.
        func optionalJSON(_ context: APIContext) async throws -> JSON {
            let buffer = try await body.collect(upTo: context.maxUploadSize)
            return buffer.readableBytes == 0 ? [:] : try await Self.json(buffer)
        }

        private static func json(_ buffer: ByteBuffer) async throws -> JSON {
            let data = Data(buffer.readableBytesView)
            if data.count <= ServiceLimits.smallBodyByteCountMax { return try JSON(parsing: data) }
            return try await WorkThreads.bodies.run { try JSON(parsing: data) }
        }

        /// A whole number of the query. Throws `ServiceError` for one outside of `range`.
        func integer(_ name: String, default value: Int, in range: ClosedRange<Int>) throws -> Int {
            guard let text = uri.queryParameters[Substring(name)] else { return value }
            guard let number = Int(text), range.contains(number) else {
                throw ServiceError.invalid([
                    FieldProblem(
                        location: ["query", name],
                        message: "A number from \(range.lowerBound) to \(range.upperBound) is needed here.",
                        type: "value_range")
                ])
            }
            return number
        }

        /// A text of the query.
        func text(_ name: String) -> String? { uri.queryParameters[Substring(name)].map(String.init) }

        /// One of some words of the query. Throws `ServiceError` for another one.
        func word(_ name: String, of words: [String]) throws -> String? {
            guard let text = text(name) else { return nil }
            guard words.contains(text) else {
                throw ServiceError.invalid([
                    FieldProblem(
                        location: ["query", name], message: "One of \(words.joined(separator: ", ")) is needed here.",
                        type: "enum")
                ])
            }
            return text
        }

        /// `limit` and `offset`.
        func page(default limit: Int = 100, max: Int = ServiceLimits.pageCountMax) throws -> (limit: Int, offset: Int) {
            (
                try integer("limit", default: limit, in: 1...max),
                try integer("offset", default: 0, in: 0...Int(Int32.max))
            )
        }
    }
#endif
