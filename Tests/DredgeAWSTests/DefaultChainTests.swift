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

    @Test func `nested settings, continued values and other sections are kept apart`() throws {
        let text = """
            [profile p]
            services = local
            credential_process = /bin/give
              --name   "a b"
            s3 =
              endpoint_url = nested
            [sso-session corp]
            sso_region = eu-west-1
            [services local]
            s3 =
              endpoint_url = http://s3
              other = x
            STS=
              Endpoint_URL = http://sts   # comment
            plain = 1
            [plugins]
            x =
              y = z
            """
        let file = try ProfileFile(text, path: "/x", kind: .config)
        #expect(
            file.profiles.mapValues { $0.mapValues(\.text) } == [
                "p": ["services": "local", "credential_process": "/bin/give\n--name   \"a b\"", "s3": ""]
            ])
        #expect(file.ssoSessions.mapValues { $0.mapValues(\.text) } == ["corp": ["sso_region": "eu-west-1"]])
        #expect(
            file.services["local"]?.mapValues(\.text) == [
                "s3": "", "s3.endpoint_url": "http://s3", "s3.other": "x", "sts": "", "sts.endpoint_url": "http://sts",
                "plain": "1",
            ])
        #expect(file.services["local"]?["sts.endpoint_url"]?.line == 14)
        #expect(try Set(settings(text, kind: .credentials).keys) == ["plugins"])
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
    private typealias World = ProviderWorld

    @Test func `the environment comes first, unless a profile is named explicitly`() async throws {
        let world = World(credentials: "[default]\n\(World.keys("DEFAULT"))[dev]\n\(World.keys("DEV"))")
        #expect(try await world.id() == "DEFAULT")
        world.setVariable("AWS_PROFILE", "dev")
        #expect(try await world.id() == "DEV")
        for (name, value) in World.environmentKeys { world.setVariable(name, value) }
        #expect(try await world.id() == "ENVIRONMENT")
        #expect(try await world.resolved().provider == "environment variables")
        #expect(try await world.id(profile: "dev") == "DEV")
        world.setVariable("AWS_PROFILE", nil)
        world.setVariable("AWS_ACCESS_KEY_ID", "")
        #expect(try await world.id() == "DEFAULT")
        #expect(try await world.resolved().provider == "profile 'default' in \(World.credentialsPath)")
    }

    @Test func `the environment's keys need no file`() async throws {
        let world = World(config: "not a config file", environment: World.environmentKeys)
        #expect(try await world.id() == "ENVIRONMENT")
        #expect(world.reads.isEmpty)
    }

    @Test func `the session token goes with the keys`() async throws {
        let world = World(environment: World.environmentKeys)
        #expect(try await world.resolved().credentials.isTemporary == false)
        world.setVariable("AWS_SESSION_TOKEN", "\(World.canary)token")
        #expect(try await world.resolved().credentials.isTemporary)
        world.setVariable("AWS_SESSION_TOKEN", nil)
        world.setVariable("AWS_SECURITY_TOKEN", "\(World.canary)token")
        #expect(try await world.resolved().credentials.isTemporary)
        let file = World(credentials: "[default]\n\(World.keys("A"))aws_session_token = t\n")
        #expect(try await file.resolved().credentials.isTemporary)
    }

    @Test func `keys of the environment that have ended are told of`() async throws {
        let world = World(environment: World.environmentKeys)
        world.setVariable("AWS_CREDENTIAL_EXPIRATION", "2027-01-15T08:00:01+00:00")
        #expect(try await world.id() == "ENVIRONMENT")
        world.clock.advance(1)
        let error = try await world.failure()
        #expect(error.code == .expiredBaseCredentials)
        #expect(error.message.contains("2027-01-15T08:00:01Z"))
    }

    @Test func `keys of the credentials file win over those of the config file`() async throws {
        let world = World(
            config: "[default]\n\(World.keys("CONFIG"))[profile only]\n\(World.keys("ONLY"))",
            credentials: "[default]\n\(World.keys("CREDENTIALS"))")
        #expect(try await world.id() == "CREDENTIALS")
        #expect(try await world.id(profile: "only") == "ONLY")
    }

    @Test func `the files can lie elsewhere`() async throws {
        let world = World(
            files: [
                "/else/config": "[profile x]\n\(World.keys("X"))", "/home/me/credentials": "[y]\n\(World.keys("Y"))",
            ], environment: ["AWS_CONFIG_FILE": "/else/config", "AWS_SHARED_CREDENTIALS_FILE": "~/credentials"])
        #expect(try await world.id(profile: "x") == "X")
        #expect(try await world.id(profile: "y") == "Y")
        world.setVariable("AWS_CONFIG_FILE", "/nowhere")
        #expect(try await world.failure(profile: "x").code == .profileNotFound)
    }

    @Test func `real files are read, and what can't be read is told of`() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "dredge-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let path = directory + "/credentials"
        try "[default]\n\(World.keys("REAL"))".write(toFile: path, atomically: true, encoding: .utf8)
        func found() async throws -> String {
            let environment = ["AWS_SHARED_CREDENTIALS_FILE": path, "AWS_CONFIG_FILE": directory + "/none"]
            let context = ProviderContext(environment: environment, http: ScriptedTransport([]))
            return try await DefaultChain(profile: nil, context: context).resolved().credentials.accessKeyID
        }
        #expect(try await found() == "REAL")
        #expect(try FileAccess.system.contents(path, 4 << 20)?.count == World.keys("REAL").utf8.count + 10)
        #expect(throws: FileAccess.Problem.self) { try FileAccess.system.contents(path, 20) }
        #expect(throws: FileAccess.Problem.self) { try FileAccess.system.contents(directory, 20) }
        #expect(try FileAccess.system.contents(path + "/below/a/file", 20) == nil)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let error = try #require(await #expect(throws: AWSError.self) { _ = try await found() })
        #expect(error.code == .malformedConfigFile && error.step.contains(path))
    }

    @Test func `an exhausted chain names everything that it tried, in order`() async throws {
        let world = World(config: "[profile other]\nregion = x\n")
        let error = try await world.failure()
        #expect(error.code == .noCredentials)
        #expect(
            error.providers.map(\.provider) == [
                "environment", "web identity", World.credentialsPath, World.configPath, "container",
                "EC2 instance metadata",
            ])
        for part in [
            "environment: AWS_ACCESS_KEY_ID isn't set", "\(World.credentialsPath): doesn't exist",
            "\(World.configPath): has no profile 'default'",
            "container: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "EC2 instance metadata: no answer from",
        ] {
            #expect(error.message.contains(part), "\(part)")
        }
        let named = try await world.failure(profile: "other")
        #expect(
            named.providers.map(\.provider) == [
                "environment", "assume role", "web identity", "SSO", World.credentialsPath, "credential_process",
                World.configPath, "container", "EC2 instance metadata",
            ])
        world.setVariable("HOME", nil)
        #expect(try await world.failure().message.contains("shared files: HOME isn't set"))
    }

    @Test func `a profile that isn't there is named, with those that are`() async throws {
        let world = World(
            config: "[profile a]\nregion=x\n[mistake]\nregion=x\n", credentials: "[b]\n\(World.keys("B"))")
        let error = try await world.failure(profile: "c")
        #expect(error.code == .profileNotFound)
        #expect(error.message.contains("'c'") && error.message.contains(World.configPath))
        #expect(error.advice == "There are: a, b.")
        #expect(try await world.failure(profile: "mistake").advice.contains("[profile mistake]"))
        world.setVariable("AWS_PROFILE", "c")
        #expect(try await world.failure().code == .profileNotFound)
    }

    @Test func `a console login is refused by name, unless the credentials file has keys`() async throws {
        let world = World(config: "[profile p]\nregion = x\nlogin_session = arn:aws:iam::1:user/x\n")
        let error = try await world.failure(profile: "p")
        #expect(error.code == .unsupportedConfig)
        #expect(error.message.contains("login_session in \(World.configPath), line 3"))
        #expect(error.advice.contains("aws configure export-credentials --profile p"))
        world.setFile(World.credentialsPath, .success("[p]\n\(World.keys("P"))"))
        #expect(try await world.id(profile: "p") == "P")
    }

    @Test func `half a pair and broken keys are mistakes, and are not shown`() async throws {
        let half = World(environment: ["AWS_ACCESS_KEY_ID": "A"])
        #expect(try await half.failure().message.contains("AWS_SECRET_ACCESS_KEY isn't"))
        half.setVariable("AWS_SECRET_ACCESS_KEY", "\(World.canary)\nkey")
        #expect(try await half.failure().message.contains("secret access key of the environment"))
        half.setVariable("AWS_SECRET_ACCESS_KEY", "\(World.canary)")
        half.setVariable("AWS_SESSION_TOKEN", "\(World.canary) ü")
        #expect(try await half.failure().message.contains("session token of the environment"))
        let file = World(credentials: "[default]\naws_access_key_id = A\n")
        #expect(try await file.failure().message.contains("no aws_secret_access_key"))
    }

    @Test func `the profile's region and endpoints are those of its section, unless the environment has some`() throws {
        let config = """
            [profile p]
            region = eu-west-1
            services = local
            endpoint_url = http://all
            [services local]
            sts =
              endpoint_url = http://sts
            [profile ignoring]
            endpoint_url = http://all
            ignore_configured_endpoint_urls = true
            """
        func settings(_ profile: String?, _ environment: [String: String] = [:]) throws -> EndpointSettings {
            let world = World(config: config, environment: environment)
            let files = try ProfileFiles(environment: world.context.environment, files: world.context.files)
            let environment = BaseCredentials.defaultChain(profile: profile).environment(environment)
            return EndpointSettings(
                profile: ProfileFiles.profileName(environment), files: files, environment: environment)
        }
        #expect(try settings("p").region == "eu-west-1")
        #expect(try settings(nil, ["AWS_PROFILE": "p"]).region == "eu-west-1")
        #expect(try settings("p", ["AWS_DEFAULT_REGION": "b"]).region == "b")
        #expect(try settings("p", ["AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"]).region == "a")
        #expect(try settings("p").endpoint(of: .sts)?.text == "http://sts")
        #expect(try settings("p").endpoint(of: .s3)?.text == "http://all")
        #expect(try settings("p", ["AWS_ENDPOINT_URL": "http://a"]).endpoint(of: .sts)?.text == "http://a")
        #expect(try settings("p", ["AWS_ENDPOINT_URL_STS": "http://b"]).endpoint(of: .sts)?.text == "http://b")
        let ignoring = ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE", "AWS_ENDPOINT_URL": "http://a"]
        #expect(try settings("p", ignoring).endpoint(of: .sts)?.text == nil)
        #expect(try settings("ignoring").endpoint(of: .sts)?.text == nil)
        #expect(try settings("other").region == nil)
    }

    @Test func `a profile asks for variants of endpoints as the environment does, and is overruled by it`() throws {
        let config = """
            [profile p]
            use_fips_endpoint = true
            use_dualstack_endpoint = true
            sts_regional_endpoints = legacy
            [profile mistyped]
            use_fips_endpoint = yes
            sts_regional_endpoints = global
            """
        func settings(_ profile: String, _ environment: [String: String] = [:]) throws -> EndpointSettings {
            let world = World(config: config)
            let files = try ProfileFiles(environment: world.context.environment, files: world.context.files)
            return EndpointSettings(profile: profile, files: files, environment: environment)
        }
        func variants(_ settings: EndpointSettings, fips: Bool? = nil) throws -> [Bool] {
            let variants = try settings.variants(fips: fips, dualStack: nil)
            return [variants.fips, variants.dualStack]
        }
        #expect(try variants(settings("p")) == [true, true])
        #expect(try variants(settings("p", ["AWS_USE_FIPS_ENDPOINT": "false"])) == [false, true])
        #expect(try variants(settings("p", ["AWS_USE_DUALSTACK_ENDPOINT": "False"]), fips: false) == [false, false])
        #expect(try variants(settings("other")) == [false, false])
        #expect(try settings("p").usesLegacySTS())
        #expect(try !settings("p", ["AWS_STS_REGIONAL_ENDPOINTS": "regional"]).usesLegacySTS())
        #expect(try !settings("other").usesLegacySTS())
        let mistyped = try settings("mistyped")
        let flag = try #require(throws: EndpointProblem.self) { _ = try variants(mistyped) }
        #expect(flag.message.hasPrefix("the setting use_fips_endpoint in "))
        #expect(flag.message.hasSuffix("line 6 is 'yes'"))
        let mode = try #require(throws: EndpointProblem.self) { _ = try mistyped.usesLegacySTS() }
        #expect(mode.message.hasSuffix("line 7 is 'global'"))
        #expect(try variants(mistyped, fips: false) == [false, false])
    }

    @Test func `refused keys are looked up again, and others stay`() async throws {
        let source = BaseSource(World(environment: World.environmentKeys).chain())
        let first = try #require(await source.credentials())
        #expect(try #require(await source.credentials()).isIdentical(to: first))
        await source.refused(Credentials(accessKeyID: "x", secretAccessKey: "y"))
        #expect(try #require(await source.credentials()).isIdentical(to: first))
        await source.refused(first)
        #expect(try #require(await source.credentials()).isIdentical(to: first) == false)
        source.close()
        await #expect(throws: AWSError.self) { _ = try await source.credentials() }
    }

    @Test func `fixed keys stay what they are`() async throws {
        let keys = Credentials(accessKeyID: "x", secretAccessKey: "y")
        let source = CredentialSources.fixed(keys)
        await source.refused(keys)
        #expect(try await source.resolved().credentials.isIdentical(to: keys))
        #expect(try await source.resolved().provider == "the access key of the configuration")
    }

    @Test func `anonymous signs nothing`() async throws {
        #expect(try await CredentialSources.anonymous().credentials() == nil)
    }
}
