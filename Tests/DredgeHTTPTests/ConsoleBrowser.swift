#if Server
    import DredgeService
    import Foundation
    import Hummingbird
    import Testing

    /// A browser without a window: keeps cookies, and sends forms with the token of the page before.
    struct ConsoleBrowser: Sendable {
        var api: APIClient
        private(set) var cookies: [String: String] = [:]

        init(_ api: APIClient) { self.api = api.with(key: nil) }

        /// One that has signed in.
        init(_ api: APIClient, key: String) async throws {
            self.init(api)
            _ = try await get("/console/sign-in")
            let answer = try await post("/console/sign-in", ["key": key])
            try #require(answer.status == 303, "\(answer.text)")
            _ = try await get("/console")
        }

        private var headers: [String: String] {
            cookies.isEmpty ? [:] : ["Cookie": cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")]
        }

        /// The token that the last page's forms had.
        private(set) var token = ""

        mutating func get(_ path: String) async throws -> APIClient.Answer {
            let answer = try await api.call(.get, path, headers: headers)
            keep(answer)
            return answer
        }

        /// Sends a form, with the token unless `fields` has one.
        mutating func post(
            _ path: String, _ fields: [String: String] = [:], headers more: [String: String] = [:]
        ) async throws -> APIClient.Answer {
            let body = ["token": token].merging(fields) { $1 }.map { name, value in
                "\(Self.encoded(name))=\(Self.encoded(value))"
            }.joined(separator: "&")
            let answer = try await api.call(
                .post, path, bytes: Data(body.utf8), headers: headers.merging(more) { $1 })
            keep(answer)
            return answer
        }

        private mutating func keep(_ answer: APIClient.Answer) {
            for cookie in answer.headers[values: .setCookie] {
                let parts = cookie.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
                cookies[String(parts[0])] = String(parts[1])
            }
            if let match = answer.text.firstMatch(of: /name="token" value="([0-9a-f]*)"/) { token = String(match.1) }
        }

        static func encoded(_ text: String) -> String {
            text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        }
    }
#endif
