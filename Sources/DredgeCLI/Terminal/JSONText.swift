import Dredge
import Foundation

/// Machine output: one line of JSON, keys in snake_case and in alphabetical order.
enum JSONText {
    static func line(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }

    /// A `RunError`, for `--json`.
    struct Failure: Encodable {
        var outcome = "fatal"
        var code: String
        var source: String?
        var step: String
        var serviceCode: String?
        var status: Int?
        var requestID: String?
        var message: String
        var advice: String
        var others: [Failure]
        var report: RunReport?

        init(_ error: RunError) {
            code = error.code.rawValue
            source = error.source
            step = error.step
            serviceCode = error.serviceCode
            status = error.status
            requestID = error.requestID
            message = error.message
            advice = error.advice
            others = error.others.map(Failure.init)
            report = error.report
        }
    }
}
