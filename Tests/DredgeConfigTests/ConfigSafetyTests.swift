import Dredge
import TestServers
import Testing

@testable import DredgeConfig

/// Secrets, variables, and files made to do harm.
@Suite struct ConfigSafetyTests {
    @Test func `a variable that is not set is reported where it is used`() {
        #expect(
            problemsOfSource("bucket: ${BUCKET}\nprefix: a-${B}-${C}\nauth: ambient", environment: ["B": "b"]) == [
                "c.yaml:4:13: sources[0].bucket: the environment variable BUCKET is not set",
                "c.yaml:5:13: sources[0].prefix: the environment variable C is not set",
            ])
    }

    @Test(arguments: [
        ("plain", "plain"), ("${A}", "1"), ("x${A}${B}y", "x12y"), ("$${A}", "${A}"), ("$A $ {A}", "$A $ {A}"),
        ("$$${A}", "$${A}"), ("${NEST}", "${A}"), ("${EMPTY}", ""), ("a$", "a$"), ("}${A}{", "}1{"),
    ])
    func `variables are put in once, and the doubled dollar keeps one out`(text: String, result: String) {
        let outcome = VariableSubstitution.resolve(
            text, environment: ["A": "1", "B": "2", "NEST": "${A}", "EMPTY": ""])
        #expect(outcome.text == result)
        #expect(outcome.problems == [])
    }

    @Test(arguments: ["${", "${A", "${}", "${1A}", "${A-B}", "${A B}", "x ${é}"])
    func `what is no variable is refused`(text: String) {
        #expect(VariableSubstitution.resolve(text, environment: ["A": "1"]).problems.count == 1)
    }

    @Test func `I8: no message shows a secret, wherever it was put`() {
        let secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
        let configs = [
            "auth: \(secret)", "auth: {access_key: \(secret)}", "auth: {access_key: [\(secret)]}",
            "auth: {access_key: {access_key_id: \"\(secret)/x\", secret_access_key: [\(secret)]}}",
            "auth: {access_key: {access_key_id: AKIA, secret_access_key: {a: \(secret)}}}",
            "auth: {access_key: {access_key_id: AKIA, secret_access_key: \"${\(secret)\"}}",
            "auth: {access_key: {access_key_id: AKIA, secret_access_key: !!binary \(secret)}}",
            "auth: {access_key: {access_key_id: AKIA, secret_access_key: \(secret), session_tokens: \(secret)}}",
            "auth: {access_key: {access_key_id: AKIA, secret_access_key: \"${S}\", session_token: []}}",
            "auth: {ambient: \(secret)}", "endpoint_url: \"https://user:\(secret)@host\"\nauth: ambient",
            "region: \"${S}\"\nauth: ambient", "kms_key_arn: \"${S}\"\nauth: ambient",
            "path_style: \"${S}\"\nauth: ambient",
        ]
        for config in configs {
            let found = problemsOfSource("bucket: abc\n\(config)", environment: ["S": secret])
            #expect(!found.isEmpty, "\(config)")
            #expect(!found.joined().contains(secret), "\(config)")
        }
    }

    @Test func `a secret in the file itself is taken, with a warning that does not show it`() throws {
        let text = """
            store: s
            sources:
              - bucket: abc
                auth:
                  access_key:
                    access_key_id: AKIAIOSFODNN7EXAMPLE
                    secret_access_key: hush-hush
                    session_token: hush
            """
        let config = try Config(text, fileName: "c.yaml", environment: [:])
        #expect(
            config.warnings.map(\.description) == [
                "c.yaml:7:28: sources[0].auth.access_key.secret_access_key: a secret stands in the file itself; take "
                    + "it from the environment instead, as in ${AWS_SECRET_ACCESS_KEY}",
                "c.yaml:8:24: sources[0].auth.access_key.session_token: a secret stands in the file itself; take "
                    + "it from the environment instead, as in ${AWS_SESSION_TOKEN}",
            ])
    }

    @Test func `a variable's content can't change the structure`() throws {
        let config = try Config(
            "store: s\nsources: [{bucket: abc, prefix: \"${P}\", auth: ambient}]", fileName: "c.yaml",
            environment: ["P": "x\", auth: anonymous, region: \"y"])
        #expect(config.sources[0].prefix == "x\", auth: anonymous, region: \"y")
        #expect(config.sources[0].region == nil)
    }

    @Test func `aliases that expand to millions of values are stopped by a limit`() {
        var text = "store: s\nsources:\n  - &s\n    bucket: abc\n    auth: ambient\n    include: &globs\n"
        text += String(repeating: "      - \"*.txt\"\n", count: 2_000)
        text += String(repeating: "  - *s\n", count: 2_000)
        let found = problems(text)
        #expect(found.contains { $0.contains("holds more than 100000 values with its aliases (*name) expanded") })
    }

    @Test func `nesting a thousand levels and more is refused, not crashed on`() {
        for opener in ["[", "{a: ", "- "] {
            let found = problems("store: s\nsources: \n  " + String(repeating: opener, count: 50_000))
            #expect(found.count >= 1)
        }
        #expect(
            problems("store: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900)).count == 2)
    }

    @Test func `only the first problems are printed, with the number of the others`() {
        let keys = (0..<150).map { "unknown\($0): 1" }.joined(separator: "\n")
        let error = #expect(throws: ConfigError.self) {
            try Config(keys, fileName: "c.yaml", environment: [:])
        }
        #expect(error?.problems.count == 152)
        #expect(error?.description.split(separator: "\n").count == 101)
        #expect(error?.description.hasSuffix("\nand 52 more") == true)
    }

    @Test func `a file's byte order mark is no part of its text`() throws {
        let text = "\u{FEFF}sources: [{bucket: abc, auth: ambient}]"
        #expect(try Config(bytes: Array(text.utf8), fileName: "c", store: .optional, environment: [:]).store == nil)
    }

    @Test func `a file that is too large, or not text, is refused as a whole`() {
        func problem(_ bytes: [UInt8]) -> String? {
            #expect(throws: ConfigError.self) { try Config(bytes: bytes, fileName: "a\nb", environment: [:]) }?
                .description
        }
        #expect(problem([0x73, 0xFF]) == "a\\nb: is not UTF-8 text")
        // Cut off within a character, as a reader that stops at the limit leaves it.
        let large = [UInt8](repeating: UInt8(ascii: "#"), count: 1 << 20) + [0xC3]
        #expect(problem(large) == "a\\nb: is larger than 1MiB; is it a config file?")
        #expect(problem([]) == "a\\nb: the file is empty; write at least store and sources")
    }
}
