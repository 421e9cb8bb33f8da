import Foundation
import Testing

@testable import DredgeAWS

@Suite struct ProfileFileTests {
    private func settings(_ text: String, kind: ProfileFile.Kind = .config) throws -> [String: [String: String]] {
        try ProfileFile(text, path: "/x", kind: kind).profiles.mapValues { $0.mapValues(\.text) }
    }

    @Test func `reads profiles as the SDKs do`() throws {
        let text = """
            # comment
            ; another
            [default]
            region = us-west-2
            Output=json   # trailing comment
            empty =
            s3 =
              max_concurrent_requests = 20
              region = nested
            after = x#y;z

            [profile  dev ]
            region=eu-west-1\r
            region = eu-west-2
            [profile "with space"]
            a = b = c
            [ profile tabbed ]
            \tregion\t=\teu-north-1
            [sso-session my-sso]
            region = ignored
            [services s]
            s3 =
              endpoint_url = ignored
            [dev]
            region = ignored
            """
        let file = try ProfileFile(text, path: "/x", kind: .config)
        #expect(
            file.profiles.mapValues { $0.mapValues(\.text) } == [
                "default": ["region": "us-west-2", "output": "json", "empty": "", "s3": "", "after": "x#y;z"],
                "dev": ["region": "eu-west-2"], "with space": ["a": "b = c"], "tabbed": ["region": "eu-north-1"],
            ])
        #expect(file.profiles["dev"]?["region"]?.line == 14)
        #expect(file.bareSections == ["dev"])
    }

    @Test func `the credentials file names profiles bare`() throws {
        #expect(
            try settings("[a]\nk=1\n[profile b]\nk=2\n[a]\nl=3\n", kind: .credentials) == ["a": ["k": "1", "l": "3"]])
    }

    @Test func `a prefixed default wins over a bare one, in any order`() throws {
        #expect(try settings("[default]\na=1\nb=1\n[profile default]\na=2\n") == ["default": ["a": "2"]])
        #expect(try settings("[profile default]\na=2\n[default]\na=1\nb=1\n") == ["default": ["a": "2"]])
    }

    @Test(arguments: [
        ("[default\n", 1), ("[default]\nwJalrXUtnFEMI\n", 2), ("a = b\n", 1), ("[default]\n\n = wJalrXUtnFEMI\n", 3),
    ])
    func `a mistake has its line, and doesn't show what is in it`(text: String, line: Int) throws {
        let error = try #require(throws: AWSError.self) {
            _ = try ProfileFile(text, path: "/home/me/.aws/config", kind: .config)
        }
        #expect(error.code == .malformedConfigFile)
        #expect(error.message.contains("line \(line) "))
        #expect(error.step.contains("/home/me/.aws/config"))
        #expect(!error.description.contains("wJalrXUtnFEMI"))
    }
}

@Suite struct DefaultChainTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "dredge-test-\(UUID().uuidString)")
        .path

    /// Runs `body` with a home directory that has these files.
    private func withHome(
        config: String? = nil, credentials: String? = nil, _ environment: [String: String] = [:],
        _ body: ([String: String]) throws -> Void
    ) throws {
        try FileManager.default.createDirectory(atPath: directory + "/.aws", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try config?.write(toFile: directory + "/.aws/config", atomically: true, encoding: .utf8)
        try credentials?.write(toFile: directory + "/.aws/credentials", atomically: true, encoding: .utf8)
        try body(environment.merging(["HOME": directory]) { $1 })
    }

    private func id(_ environment: [String: String], profile: String? = nil) throws -> String {
        try DefaultChain(profile: profile, environment: environment).credentials().accessKeyID
    }

    private func failure(_ environment: [String: String], profile: String? = nil) throws -> AWSError {
        try #require(throws: AWSError.self) {
            _ = try DefaultChain(profile: profile, environment: environment).credentials()
        }
    }

    private static let keys = ["AWS_ACCESS_KEY_ID": "ENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "s"]
    private static func profile(_ id: String) -> String { "aws_access_key_id = \(id)\naws_secret_access_key = s\n" }

    @Test func `the environment comes first, unless a profile is named explicitly`() throws {
        let credentials = "[default]\n\(Self.profile("DEFAULT"))[dev]\n\(Self.profile("DEV"))"
        try withHome(credentials: credentials) { (home) throws in
            #expect(try id(home) == "DEFAULT")
            #expect(try id(home.merging(["AWS_PROFILE": "dev"]) { $1 }) == "DEV")
            let environment = home.merging(Self.keys) { $1 }
            #expect(try id(environment) == "ENVIRONMENT")
            #expect(try id(environment.merging(["AWS_PROFILE": "dev"]) { $1 }) == "ENVIRONMENT")
            #expect(try id(environment, profile: "dev") == "DEV")
            #expect(try id(home.merging(["AWS_ACCESS_KEY_ID": ""]) { $1 }) == "DEFAULT")
        }
    }

    @Test func `the session token goes with the keys`() throws {
        let environment = Self.keys.merging(["AWS_SESSION_TOKEN": "t"]) { $1 }
        #expect(try DefaultChain(profile: nil, environment: environment).credentials().isTemporary)
        try withHome(credentials: "[default]\n\(Self.profile("A"))aws_session_token = t\n") { (home) throws in
            #expect(try DefaultChain(profile: nil, environment: home).credentials().isTemporary)
        }
    }

    @Test func `keys of the credentials file win over those of the config file`() throws {
        let config = "[default]\n\(Self.profile("CONFIG"))[profile only]\n\(Self.profile("ONLY"))"
        try withHome(config: config, credentials: "[default]\n\(Self.profile("CREDENTIALS"))") { (home) throws in
            #expect(try id(home) == "CREDENTIALS")
            #expect(try id(home, profile: "only") == "ONLY")
        }
    }

    @Test func `the files can lie elsewhere`() throws {
        try withHome(config: "[profile x]\n\(Self.profile("X"))", credentials: "[y]\n\(Self.profile("Y"))") {
            (home) throws in
            let moved = [
                "AWS_CONFIG_FILE": directory + "/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
                "HOME": directory,
            ]
            #expect(try id(moved, profile: "x") == "X")
            #expect(try id(moved, profile: "y") == "Y")
            #expect(
                try failure(home.merging(["AWS_CONFIG_FILE": "/nowhere"]) { $1 }, profile: "x").code == .profileNotFound
            )
        }
    }

    @Test func `an exhausted chain names everything that it tried`() throws {
        try withHome(config: "[profile other]\nregion = x\n") { (home) throws in
            let error = try failure(home)
            #expect(error.code == .noCredentials)
            for part in [
                "environment: AWS_ACCESS_KEY_ID isn't set", "\(directory)/.aws/credentials: doesn't exist",
                "\(directory)/.aws/config: has no profile 'default'", "container:", "instance metadata: not supported",
            ] {
                #expect(error.message.contains(part), "\(part)")
            }
        }
        #expect(try failure([:]).message.contains("HOME isn't set"))
    }

    @Test func `a profile that isn't there is named, with those that are`() throws {
        try withHome(config: "[profile a]\nregion=x\n[mistake]\nregion=x\n", credentials: "[b]\n\(Self.profile("B"))") {
            home in
            let error = try failure(home, profile: "c")
            #expect(error.code == .profileNotFound)
            #expect(error.message.contains("'c'") && error.message.contains(directory))
            #expect(error.advice == "There are: a, b.")
            #expect(try failure(home.merging(["AWS_PROFILE": "c"]) { $1 }).code == .profileNotFound)
            #expect(try failure(home, profile: "mistake").advice.contains("[profile mistake]"))
        }
    }

    @Test(arguments: [
        ("role_arn = arn:aws:iam::123456789012:role/x", "role_arn", false),
        ("web_identity_token_file = /t", "web_identity_token_file", false),
        ("sso_session = s", "sso_session", false), ("sso_start_url = https://x", "sso_start_url", false),
        ("credential_process = /bin/give", "credential_process", true), ("login_session = s", "login_session", true),
    ])
    func `a provider that isn't supported is named with its profile, file and line`(
        line: String, setting: String, yieldsToKeys: Bool
    ) throws {
        try withHome(config: "[profile p]\nregion = x\n\(line)\n") { (home) throws in
            let error = try failure(home, profile: "p")
            #expect(error.code == .unsupportedConfig)
            #expect(
                error.message.contains("'p'")
                    && error.message.contains("\(setting) in \(directory)/.aws/config, line 3"))
        }
        try withHome(config: "[profile p]\n\(line)\n", credentials: "[p]\n\(Self.profile("P"))") { (home) throws in
            if yieldsToKeys {
                #expect(try id(home, profile: "p") == "P")
            } else {
                #expect(try failure(home, profile: "p").code == .unsupportedConfig)
            }
        }
    }

    @Test func `a provider of the environment that isn't supported is named`() throws {
        let web = ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x"]
        #expect(try failure(web).code == .unsupportedConfig)
        #expect(try id(web.merging(Self.keys) { $1 }) == "ENVIRONMENT")
        for name in ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
            let error = try failure([name: "x"])
            #expect(error.code == .unsupportedConfig && error.message.contains(name))
        }
    }

    @Test func `half a pair and broken keys are mistakes, and are not shown`() throws {
        #expect(try failure(["AWS_ACCESS_KEY_ID": "A"]).message.contains("AWS_SECRET_ACCESS_KEY isn't"))
        let error = try failure(["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "very secret\nkey"])
        #expect(error.code == .noCredentials && error.message.contains("secret access key of the environment"))
        #expect(!error.description.contains("very secret"))
        try withHome(credentials: "[default]\naws_access_key_id = A\n") { (home) throws in
            #expect(try failure(home).message.contains("no aws_secret_access_key"))
        }
    }

    @Test func `refused keys are looked up again, and others stay`() async throws {
        let source = BaseSource(DefaultChain(profile: nil, environment: Self.keys))
        let first = try #require(await source.credentials())
        #expect(try #require(await source.credentials()).isIdentical(to: first))
        await source.refused(Credentials(accessKeyID: "x", secretAccessKey: "y"))
        #expect(try #require(await source.credentials()).isIdentical(to: first))
        await source.refused(first)
        #expect(try #require(await source.credentials()).isIdentical(to: first) == false)
        source.close()
        await #expect(throws: AWSError.self) { _ = try await source.credentials() }
    }

    @Test func `anonymous signs nothing`() async throws {
        #expect(try await CredentialSources.anonymous().credentials() == nil)
    }
}
