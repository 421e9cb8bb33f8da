import Dredge
import DredgeService
import Foundation
import Testing

@testable import DredgeConfig

/// Configs of `dredge serve`.
@Suite struct ServerConfigTests {
    private func config(_ text: String, _ environment: [String: String] = [:]) throws -> ServerConfig {
        try ServerConfig(bytes: Array(text.utf8), fileName: "s.yaml", environment: environment)
    }

    private func problems(_ text: String) -> [String] {
        do {
            _ = try config(text)
            return []
        } catch {
            return (error as? ConfigError)?.problems.map(\.description) ?? ["\(error)"]
        }
    }

    @Test func `the example says what holds without it`() throws {
        let text = try String(contentsOf: repositoryRoot.appending(path: "Examples/server.yaml"), encoding: .utf8)
        let example = try config(text)
        let standard = ServerConfig()
        #expect(example.data == "./server" && example.listen == .standard && example.tls == nil)
        #expect(example.settings == standard.settings && example.warnings.isEmpty)
        #expect(example.limits.memoryByteCount == standard.limits.memoryByteCount)
        #expect(example.limits.requestCount == standard.limits.requestCount)
        let (service, other) = (example.service, standard.service)
        #expect(service.externalIDPrefix == other.externalIDPrefix)
        #expect(service.sessionNameTemplate == other.sessionNameTemplate)
        #expect(service.allowsRolesWithoutExternalID == other.allowsRolesWithoutExternalID)
        #expect(service.allowsInsecureWebhooks == other.allowsInsecureWebhooks)
        #expect(service.allowsPrivateWebhookAddresses == other.allowsPrivateWebhookAddresses)
        #expect(service.runningJobCount == other.runningJobCount)
        #expect(service.runningJobCountOfOrganization == other.runningJobCountOfOrganization)
        #expect(service.openJobCountOfOrganization == other.openJobCountOfOrganization)
        #expect(service.rateLimit == other.rateLimit && service.quotas == other.quotas)
        #expect(service.metricsReaders == other.metricsReaders && service.principalARN == nil)
    }

    @Test func `what the example only shows can be used`() throws {
        let text = try String(contentsOf: repositoryRoot.appending(path: "Examples/server.yaml"), encoding: .utf8)
        // Keys behind "# ", and what is indented below them.
        let shown = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> Substring in
            let bare = line.dropFirst(2)
            let isKey = bare.prefix { $0 != ":" }.allSatisfy { $0.isLowercase || $0 == "_" } && bare.contains(":")
            return line.hasPrefix("# ") && (isKey || bare.hasPrefix("  ")) ? bare : line
        }
        let example = try config(shown.joined(separator: "\n"))
        #expect(example.tls == TLSFiles(certificatePath: "/etc/dredge/server.pem", keyPath: "/etc/dredge/server.key"))
        #expect(example.service.principalARN == "arn:aws:iam::999988887777:role/dredge")
        #expect(
            example.service.allowedEndpoints == [
                AllowedEndpoint("https://s3.example.com"), AllowedEndpoint("http://10.0.0.7:9000", mayBePrivate: true),
            ])
        #expect(example.service.quotas.jobCountPerDay == 1_000 && example.service.quotas.byteCountPerDay == 1 << 40)
    }

    @Test func `an empty file, or one of comments, is all defaults`() throws {
        for text in ["", "# nothing\n", "{}"] { #expect(try config(text).data == nil) }
    }

    @Test(arguments: [
        ("liste: a:1", "s.yaml:1:1: liste: unknown key; did you mean listen?"),
        ("listen: localhost", "s.yaml:1:9: listen: \"localhost\" is not HOST:PORT, as 127.0.0.1:8080 or [::1]:8080"),
        ("listen: ::1:80", "s.yaml:1:9: listen: \"::1:80\" is not HOST:PORT, as 127.0.0.1:8080 or [::1]:8080"),
        ("tls: {certificate: a}", "s.yaml:1:6: tls: key is missing: write the path of a PEM file"),
        (
            "session_name: dredge",
            "s.yaml:1:15: session_name: \"dredge\" has no {job}, without which CloudTrail does not"
                + " lead to the job"
        ),
        ("metrics: public", "s.yaml:1:10: metrics: \"public\" is not one of: local, everyone, off"),
        ("rate_limit: {burst: 0}", "s.yaml:1:21: rate_limit.burst: \"0\" is not a whole number from 1 to 1000000"),
    ])
    func `a mistake is told with its place and what would be right`(text: String, problem: String) {
        #expect(problems(text) == [problem])
    }

    @Test(arguments: [
        "session_name: a b {job}", "session_name: \(String(repeating: "x", count: 41)){job}",
        "external_id_prefix: 'a b'", "principal_arn: arn:aws:s3:::bucket", "endpoints: [{url: ftp://a}]",
        "endpoints: []", "quotas: {bytes_per_day: -1}", "webhooks: {allow_http: maybe}", "jobs: {running: 0}",
        "tls: yes", "data: ''", "a: [",
    ])
    func `what can't work is refused`(text: String) { #expect(problems(text).count == 1, "\(problems(text))") }

    @Test func `all mistakes are told at once`() {
        #expect(problems("listen: x\nmetrics: x\njobs: {running: x}").count == 3)
    }

    @Test(arguments: [
        ("127.0.0.1:0", "127.0.0.1", 0, true), ("[::1]:80", "::1", 80, true),
        ("0.0.0.0:65535", "0.0.0.0", 65_535, false),
        ("localhost:8080", "localhost", 8_080, true),
    ])
    func `addresses are read`(text: String, host: String, port: Int, isLoopback: Bool) {
        let address = ListenAddress(text)
        #expect(address == ListenAddress(host: host, port: port) && address?.isLoopback == isLoopback)
        for wrong in [":80", "a:65536", "a:-1", "a b:1", "a/b:1", "a:", "a"] { #expect(ListenAddress(wrong) == nil) }
    }
}
