import Foundation
import TestServers
import Testing

@testable import DredgeAWS

/// Config and credentials files, and the JSON in which providers give keys, changed at random.
@Suite(.timeLimit(.minutes(30))) struct CredentialFuzzTests {
    private static let config = """
        # as the AWS CLI writes it
        [default]
        region = eu-west-1
        s3 =
          max_concurrent_requests = 20
        [profile base]
        aws_access_key_id = AKIABASEBASEBASE1
        aws_secret_access_key = CANARY/secret/of/base
        [profile "reader one"]
        role_arn = arn:aws:iam::123456789012:role/Reader
        source_profile = base ; a comment
        external_id = id
        duration_seconds = 3600
        [profile loop]
        role_arn = arn:aws:iam::123456789012:role/Reader
        source_profile = loop
        [profile program]
        credential_process = "/opt/keys" --for 'me' \\
        [sso-session main]
        sso_region = us-east-1
        sso_start_url = https://example.awsapps.com/start
        [profile single]
        sso_session = main
        sso_account_id = 123456789012
        sso_role_name = Role
        [services here]
        sts =
          endpoint_url = http://localhost:4566
        """
    private static let credentials = """
        [default]
        aws_access_key_id = AKIADEFAULTDEFAUL
        aws_secret_access_key = CANARY/secret/of/default
        aws_session_token = CANARY/token/of/default
        [reader one]
        aws_access_key_id = AKIAREADERREADER1
        aws_secret_access_key=CANARY/secret/of/reader
        """
    private static let words = [
        "[", "]", "[default]", "[profile x]", "=", "\n", "\r\n", "\n ", "#", ";", "\"", "role_arn = ",
        "source_profile = ",
        "credential_process = ", "aws_access_key_id = ", "\u{0}", "\u{2028}", "\u{301}",
    ]
    private static let profiles = ["default", "base", "reader one", "loop", "program", "single", "x"]

    private static func mutator(_ seed: UInt64) -> Mutator {
        Mutator(
            seed: seed, corpus: [Array(config.utf8), Array(credentials.utf8)], separators: "\n", words: words)
    }

    /// What is not as it has to be in a file; nil: all is.
    private static func problem(with text: String, kind: ProfileFile.Kind) -> String? {
        let lineCount = text.count(where: \.isNewline) + 1
        do throws(AWSError) {
            let file = try ProfileFile(text, path: "/home/me/file", kind: kind)
            let sections = [file.profiles, file.ssoSessions, file.services].flatMap(\.values)
            for (name, setting) in sections.flatMap(\.self) {
                guard !name.isEmpty, name == name.lowercased(), (1...lineCount).contains(setting.line) else {
                    return "\(name.debugDescription) in line \(setting.line) of \(lineCount)"
                }
                guard setting.text.utf8.count <= text.utf8.count else { return "a value longer than the file" }
            }
        } catch {
            let line = error.message.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            guard error.code == .malformedConfigFile, (1...lineCount).contains(line) else { return "\(error)" }
            if text.contains("CANARY"), "\(error)".contains("CANARY") { return "\(error) repeats a secret" }
        }
        return nil
    }

    @Test func `a config or credentials file gives settings with their lines, or the line of a mistake`() {
        for seed in Fuzzing.seeds("config and credentials files", count: 1_000) {
            var mutator = Self.mutator(seed)
            let text = String(decoding: mutator.next(), as: UTF8.self)
            for kind in [ProfileFile.Kind.config, .credentials] {
                guard let problem = Self.problem(with: text, kind: kind) else { continue }
                Issue.record("seed \(seed), \(kind): \(problem): \(Fuzzing.shown(Array(text.utf8)))")
                return
            }
        }
    }

    @Test func `I8: files that are wrong in any way give keys that can sign, or an error without a secret`() async {
        for seed in Fuzzing.seeds("the default chain", count: 300) {
            var mutator = Self.mutator(seed)
            let (config, credentials) = (mutator.next(), mutator.next())
            let world = ProviderWorld(
                config: String(decoding: config, as: UTF8.self),
                credentials: String(decoding: credentials, as: UTF8.self))
            world.onProcess { words, _ in
                words.isEmpty ? .failure(.notFound) : .success(credentialJSON("AKIAPROGRAMPROGR1"))
            }
            let profile = Self.profiles[mutator.below(Self.profiles.count)]
            var problem: String?
            do throws(AWSError) {
                let found = try await world.chain(profile: profile).resolved()
                let id = found.credentials.accessKeyID
                if id.isEmpty || !id.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) { problem = "the key \(id)" }
            } catch {
                if error.advice.isEmpty || error.message.isEmpty { problem = "\(error) says nothing" }
                // Where the files call a secret something else, nobody can know that it is one.
                let isMoved = [config, credentials].contains { !Self.keepsSecretsInPlace($0) }
                if !isMoved, "\(error) \(error.providers)".contains("CANARY") { problem = "\(error) repeats a secret" }
            }
            guard let problem else { continue }
            Issue.record(
                "seed \(seed), \(profile): \(problem): \(Fuzzing.shown(config)), \(Fuzzing.shown(credentials))")
            return
        }
    }

    /// Whether all secrets are the values of settings that hold secrets.
    private static func keepsSecretsInPlace(_ file: [UInt8]) -> Bool {
        String(decoding: file, as: UTF8.self).split(whereSeparator: \.isNewline).allSatisfy { line in
            let parts = line.split(separator: "=", maxSplits: 1)
            let name = parts.first?.filter { !$0.isWhitespace } ?? ""
            return !line.contains("CANARY")
                || ["aws_secret_access_key", "aws_session_token"].contains(name) && !name.contains("CANARY")
        }
    }

    @Test func `a provider's JSON gives whole keys, or an error without a secret`() {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        let corpus = [
            credentialJSON("AKIAPROGRAMPROGR1"),
            #"{"Version": 1, "AccessKeyId": "A\u0042\/\"é", "SecretAccessKey": "CANARY", "Token": null, "n": [1e3]}"#,
            #"{"roleCredentials":{"accessKeyId":"ASIA","expiration":1800003600000,"x":[{},[],"\ud83d\ude00",true]}}"#,
        ].map { Array($0.utf8) }
        for seed in Fuzzing.seeds("JSON of providers", count: 2_000) {
            var mutator = Mutator(
                seed: seed, corpus: corpus, separators: ",{[:",
                words: ["{", "[", "\"", "\\", "\\u", "\\ud800", "null", "true", "1e999", ",", ":", "}", "]"])
            let bytes = mutator.next()
            var (problem, copy): (String?, [UInt8]) = (nil, bytes)
            do throws(AWSError) {
                let document = try CredentialDocument(&copy, place: "the answer")
                let end = try document.valid(document.moment("Expiration"), now: now)
                let keys = try document.credentials(token: "Token", needsToken: false, expiration: end)
                if !keys.accessKeyID.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) || keys.accessKeyID.isEmpty {
                    problem = "the key \(keys.accessKeyID)"
                }
            } catch {
                if error.message.isEmpty || error.advice.isEmpty { problem = "\(error) says nothing" }
                if "\(error)".contains("CANARY") { problem = "\(error) repeats a secret" }
            }
            if copy.contains(where: { $0 != 0 }) { problem = "the document is not wiped" }
            guard let problem else { continue }
            Issue.record("seed \(seed): \(problem): \(Fuzzing.shown(bytes))")
            return
        }
    }
}
