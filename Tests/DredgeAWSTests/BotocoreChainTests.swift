import DredgeTransfer
import Foundation
import Synchronization
import Testing

@testable import DredgeAWS

/// Comparison with what botocore does (`Golden/make_credential_chain.py`).
@Suite struct BotocoreChainTests {
    private struct Golden: Decodable {
        var texts: [String?]
        var worlds: [World]
        var configs: [Config]
        var commandLines: [CommandLine]
        var hosts: [Host]
    }
    private struct World: Decodable {
        var config: Int
        var credentials: String?
        var environment: [String: String]
        var profile: String?
        var id: String?
        var error: String?
        var log: [Step]?
    }
    /// An AssumeRole, or one with a web identity.
    private struct Step: Decodable, Equatable {
        var kind: String
        var role: String
        var signer: String?
        var externalID: String?
        var duration: Int?
        var sessionName: String?
    }
    private struct Config: Decodable {
        var text: String
        var profiles: [String: [String: Setting]]
        var ssoSessions: [String: [String: Setting]]
        var services: [String: [String: Setting]]
    }
    /// A value, or nested settings.
    private enum Setting: Decodable {
        case text(String)
        case nested([String: String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .nested(try container.decode([String: String].self))
            }
        }
    }
    private struct CommandLine: Decodable {
        var line: String
        var words: [String]?
    }
    private struct Host: Decodable {
        var url: String
        var allowed: Bool
    }

    private static func golden() throws -> Golden {
        let url = try #require(
            Bundle.module.url(forResource: "credential_chain", withExtension: "json", subdirectory: "Golden"))
        return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
    }

    private func world(_ world: World, config: String?) -> ProviderWorld {
        let home = ProviderWorld.home
        func placed(_ text: String) -> String { text.replacing("%h", with: home) }
        let token = #"{"accessToken":"bearer","expiresAt":"2027-01-15T14:00:00Z"}"#
        let result = ProviderWorld(
            config: config.map(placed), credentials: world.credentials.map(placed),
            files: [
                "\(home)/token": "t.o.k.e.n", "\(home)/.aws/sso/cache/\(SHA1.hex("https://s")).json": token,
                "\(home)/.aws/sso/cache/\(SHA1.hex("s")).json": token,
            ], environment: world.environment.mapValues(placed))
        result.onProcess { _, _ in .success(#"{"Version":1,"AccessKeyId":"PROCESS","SecretAccessKey":"s"}"#) }
        result.onRequest { request in
            switch request.method {
            case .post: .session("ASIA\(request.form["RoleArn"]?.split(separator: "/").last ?? "")")
            case .put: .answer(200, "token")
            default:
                if request.url.hasSuffix("/security-credentials/") {
                    .answer(200, "node")
                } else if request.url.contains("/federation/credentials") {
                    .answer(
                        200,
                        #"{"roleCredentials":{"accessKeyId":"SSO","secretAccessKey":"s","sessionToken":"t","#
                            + #""expiration":1800021600000}}"#)
                } else {
                    .keys(request.url.hasPrefix("http://169.254.170.2/") ? "CONTAINER" : "INSTANCE")
                }
            }
        }
        return result
    }

    private func step(_ request: HTTPRequest) -> Step {
        let form = request.form
        let signer = request.header("authorization")?.split(separator: "Credential=").last?.split(separator: "/").first
        let sessionName = form["RoleSessionName"]
        return Step(
            kind: form["Action"] == "AssumeRole" ? "role" : "web",
            role: form["RoleArn"]?.split(separator: "/").last.map(String.init) ?? "", signer: signer.map(String.init),
            externalID: form["ExternalId"], duration: form["DurationSeconds"].flatMap { Int($0) },
            sessionName: sessionName == "dredge-test" ? nil : sessionName)
    }

    @Test func `finds what botocore finds, and assumes the same roles with the same keys`() async throws {
        let golden = try Self.golden()
        #expect(golden.worlds.count > 1000)
        for expected in golden.worlds {
            let world = world(expected, config: golden.texts[expected.config])
            let found: String?
            do {
                found = try await world.id(profile: expected.profile)
            } catch is AWSError {
                found = nil
            }
            let what = "\(expected) in \(golden.texts[expected.config] ?? "no file")"
            #expect(found == expected.id, "\(what)")
            guard let log = expected.log else { continue }
            // Without a number of seconds STS takes an hour, which is sent here.
            let steps = world.requests.filter { $0.method == .post }.map { request in
                var step = step(request)
                if step.duration == 3600 { step.duration = nil }
                return step
            }
            #expect(steps == log, "\(what)")
        }
    }

    @Test func `reads config files as botocore does`() throws {
        for config in try Self.golden().configs {
            let file = try ProfileFile(config.text, path: "/x", kind: .config)
            #expect(file.profiles.mapValues { $0.mapValues(\.text) } == plain(config.profiles), "\(config.text)")
            #expect(file.ssoSessions.mapValues { $0.mapValues(\.text) } == plain(config.ssoSessions), "\(config.text)")
            #expect(
                file.services.mapValues { $0.mapValues(\.text) } == plain(config.services, keepsNested: true),
                "\(config.text)")
        }
    }

    /// Nested settings as `parent.name` beside an empty parent, or left out where nobody needs them.
    private func plain(
        _ sections: [String: [String: Setting]], keepsNested: Bool = false
    ) -> [String: [String: String]] {
        sections.mapValues { settings in
            var plain: [String: String] = [:]
            for (name, setting) in settings {
                switch setting {
                case .text(let text): plain[name] = text
                case .nested(let nested):
                    plain[name] = ""
                    guard keepsNested else { continue }
                    for (key, value) in nested { plain["\(name).\(key)"] = value }
                }
            }
            return plain
        }
    }

    @Test func `splits command lines as shlex does`() throws {
        for expected in try Self.golden().commandLines {
            #expect((try? ShellWords.split(expected.line)) == expected.words, "\(expected.line.debugDescription)")
        }
    }

    @Test func `asks the container hosts that botocore asks`() throws {
        for host in try Self.golden().hosts {
            let url = CredentialURL(host.url)
            // One that botocore would read its host out of, but which is no plain URL, isn't asked in any case.
            #expect(url.map { $0.isHTTPS || $0.isNearby } ?? false == host.allowed, "\(host.url)")
        }
    }
}
