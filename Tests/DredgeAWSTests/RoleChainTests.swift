import DredgeTransfer
import Foundation
import Synchronization
import Testing

@testable import DredgeAWS

/// Answers by a script, and keeps what was asked.
final class ScriptedTransport: CredentialTransport {
    enum Step: Sendable {
        case answer(Int, String, date: String? = nil)
        case failure(TransferError.Code)
    }
    private let steps: Mutex<[Step]>
    private let log = Mutex<[HTTPRequest]>([])
    var requests: [HTTPRequest] { log.withLock { $0 } }

    init(_ steps: [Step]) { self.steps = Mutex(steps) }

    func send(_ request: HTTPRequest) async throws(TransferError) -> CredentialAnswer {
        log.withLock { $0.append(request) }
        return try steps.withLock { $0.isEmpty ? Step.failure(.other) : $0.removeFirst() }.answer()
    }
}

extension ScriptedTransport.Step {
    /// What a transport does with it.
    func answer() throws(TransferError) -> CredentialAnswer {
        switch self {
        case .answer(let status, let body, let date):
            return CredentialAnswer(status: status, date: date, requestID: "head-id", body: Array(body.utf8))
        case .failure(let code): throw TransferError(code: code, message: "scripted", authority: "sts.test:443")
        }
    }

    static func error(_ code: String, _ message: String = "no", status: Int = 403, date: String? = nil) -> Self {
        .answer(
            status,
            """
            <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>\(code)</Code>\
            <Message>\(message)</Message></Error><RequestId>c6104cbe-af31-11e0</RequestId></ErrorResponse>
            """, date: date)
    }

    static func session(
        _ id: String, secret: String = "secret", expiration: String = "2027-01-15T09:00:00Z", date: String? = nil
    ) -> Self {
        .answer(
            200,
            """
            <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><SourceIdentity>x</SourceIdentity>\
            <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/demo/x</Arn>\
            <AssumedRoleId>ARO:x</AssumedRoleId></AssumedRoleUser>\
            <Credentials><AccessKeyId>\(id)</AccessKeyId><SecretAccessKey>\(secret) of \(id)</SecretAccessKey>\
            <SessionToken>token of \(id)</SessionToken><Expiration>\(expiration)</Expiration></Credentials>\
            <PackedPolicySize>6</PackedPolicySize></AssumeRoleResult></AssumeRoleResponse>
            """, date: date)
    }
}

/// What a chain warned of.
final class Warnings: Sendable {
    private let state = Mutex<[String]>([])
    var all: [String] { state.withLock { $0 } }
    func append(_ warning: String) { state.withLock { if !$0.contains(warning) { $0.append(warning) } } }
}

@Suite struct RoleChainTests {
    private static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    private static let role = "arn:aws:iam::123456789012:role/Reader"
    /// 2027-01-15T08:00:00Z
    private let clock = ManualClock()
    private let warnings = Warnings()

    private static let narrowing = SessionNarrowing { policy($0, decrypts: $1) }
    /// Stands for the policy that narrows a session.
    private static func policy(_ partition: String, decrypts: Bool = true) -> String {
        #"{"Version":"2012-10-17","Statement":[],"Id":"\#(partition) \#(decrypts)"}"#
    }

    private func chain(
        _ hops: [RoleHop], _ transport: ScriptedTransport, sessionName: String = "dredge-run", token: String? = nil,
        region: String? = nil,
        endpoint: String? = nil, environment: [String: String] = [:], narrowing: SessionNarrowing? = nil
    ) -> RoleChain {
        let base = BaseSource(
            Credentials(accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: Self.secret, sessionToken: token))
        return RoleChain(
            hops: hops, narrowing: narrowing, base: base, defaultSessionName: sessionName,
            endpoints: STSEndpointRules(
                region: region, endpointURL: endpoint, settings: EndpointSettings(environment: environment)),
            client: STSClient(transport: transport, clock: ServiceClock(clock.source())),
            onWarning: { [warnings] in warnings.append($0) })
    }

    private func failure(_ chain: RoleChain) async throws -> AWSError {
        try #require(await #expect(throws: AWSError.self) { _ = try await chain.credentials() })
    }

    private func form(_ request: HTTPRequest) -> [String: String] { request.form }

    @Test func `each hop is signed with the session of the one before`() async throws {
        let transport = ScriptedTransport([.session("ASIAFIRST"), .session("ASIASECOND")])
        var second = RoleHop(
            roleARN: "arn:aws:iam::210987654321:role/path/Other", externalID: "id:1", sessionName: "named",
            region: "eu-west-1")
        second.duration = .seconds(7200)
        second.sourceIdentity = "me@x"
        second.tags = ["b": "2", "a": "1"]
        second.sessionPolicy = .document("{}")
        second.transitiveTagKeys = ["b"]
        let credentials = try await chain([RoleHop(roleARN: Self.role, duration: .seconds(7200)), second], transport)
            .credentials()
        #expect(credentials.accessKeyID == "ASIASECOND")
        #expect(credentials.isTemporary)
        #expect(credentials.expiration == Date(timeIntervalSince1970: 1_800_003_600))
        let requests = transport.requests
        #expect(requests.count == 2)
        #expect(
            requests.map(\.url) == ["https://sts.us-east-1.amazonaws.com/", "https://sts.eu-west-1.amazonaws.com/"])
        #expect(
            requests[0].value(of: "authorization")?.contains("Credential=AKIAIOSFODNN7EXAMPLE/20270115/us-east-1/sts/")
                == true)
        #expect(
            requests[1].value(of: "authorization")?.contains("Credential=ASIAFIRST/20270115/eu-west-1/sts/") == true)
        #expect(requests[0].value(of: "x-amz-security-token") == nil)
        #expect(requests[1].value(of: "x-amz-security-token") == "token of ASIAFIRST")
        #expect(
            form(requests[0]) == [
                "Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": Self.role, "RoleSessionName": "dredge-run",
                "DurationSeconds": "7200",
            ])
        // A role's session gets an hour at most.
        #expect(
            form(requests[1]) == [
                "Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": second.roleARN, "RoleSessionName": "named",
                "DurationSeconds": "3600", "ExternalId": "id:1", "Policy": "{}", "SourceIdentity": "me@x",
                "Tags.member.1.Key": "a",
                "Tags.member.1.Value": "1", "Tags.member.2.Key": "b", "Tags.member.2.Value": "2",
                "TransitiveTagKeys.member.1": "b",
            ])
        #expect(warnings.all.count == 1)
        #expect(warnings.all.first?.contains("asks for 7200 s") == true)
    }

    @Test(arguments: [
        ("arn:aws-cn:iam::123456789012:role/R", "https://sts.cn-northwest-1.amazonaws.com.cn/"),
        ("arn:aws-us-gov:iam::123456789012:role/R", "https://sts.us-gov-west-1.amazonaws.com/"),
        ("arn:aws-eusc:iam::123456789012:role/R", "https://sts.eusc-de-east-1.amazonaws.eu/"),
        ("arn:aws-iso-b:iam::123456789012:role/R", "https://sts.us-isob-east-1.sc2s.sgov.gov/"),
        ("arn:aws:iam::123456789012:role/R", "https://sts.ap-south-1.amazonaws.com/"),
    ])
    func `the endpoint follows the role's partition`(arn: String, url: String) async throws {
        let transport = ScriptedTransport([.session("ASIA")])
        _ = try await chain([RoleHop(roleARN: arn)], transport, environment: ["AWS_REGION": "ap-south-1"]).credentials()
        #expect(transport.requests.map(\.url) == [url])
    }

    @Test func `an endpoint that is named is used as it is`() async throws {
        for (endpoint, environment, url) in [
            ("http://localhost:1", ["AWS_ENDPOINT_URL": "http://a"], "http://localhost:1/"),
            (nil, ["AWS_ENDPOINT_URL_STS": "http://sts:2/x/", "AWS_ENDPOINT_URL": "http://a"], "http://sts:2/x/"),
            (nil, ["AWS_ENDPOINT_URL_STS": "", "AWS_ENDPOINT_URL": "http://a"], "http://a/"),
            (
                nil, ["AWS_ENDPOINT_URL": "http://a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"],
                "https://sts.us-east-1.amazonaws.com/"
            ),
        ] as [(String?, [String: String], String)] {
            let transport = ScriptedTransport([.session("ASIA")])
            _ = try await chain([RoleHop(roleARN: Self.role)], transport, endpoint: endpoint, environment: environment)
                .credentials()
            #expect(transport.requests.map(\.url) == [url])
        }
    }

    @Test(arguments: [
        ["AWS_STS_REGIONAL_ENDPOINTS": "global"], ["AWS_USE_FIPS_ENDPOINT": "yes"],
        ["AWS_USE_DUALSTACK_ENDPOINT": "true", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"],
        ["AWS_ENDPOINT_URL_STS": "http://user:hunter2@127.0.0.1:1"],
    ])
    func `an environment that names no endpoint is refused before anything is sent`(
        environment: [String: String]
    ) async throws {
        let transport = ScriptedTransport([])
        let error = try await failure(chain([RoleHop(roleARN: Self.role)], transport, environment: environment))
        #expect(error.code == .invalidParameter && transport.requests.isEmpty)
        #expect(!"\(error)".contains("hunter2"))
    }

    @Test func `what STS would refuse is never sent`() async throws {
        func hop(_ change: (inout RoleHop) -> Void) -> RoleHop {
            var hop = RoleHop(roleARN: Self.role)
            change(&hop)
            return hop
        }
        let wrong: [RoleHop] = [
            RoleHop(roleARN: "arn:aws:sts::123456789012:assumed-role/R/x"), RoleHop(roleARN: "Reader"),
            RoleHop(roleARN: "arn:aws:iam::12345678901:role/R"), RoleHop(roleARN: "arn:aws:iam::123456789012:role/"),
            RoleHop(roleARN: "arn:aws:iam::123456789012:role/" + String(repeating: "a", count: 2048)),
            RoleHop(roleARN: "arn:aws-mars:iam::123456789012:role/R"),
            hop { $0.externalID = "" }, hop { $0.externalID = "a" }, hop { $0.externalID = "a b" },
            hop { $0.externalID = String(repeating: "a", count: 1225) }, hop { $0.externalID = "ü1" },
            hop { $0.sessionName = "x" }, hop { $0.sessionName = "a/b" },
            hop { $0.sessionName = String(repeating: "a", count: 65) },
            hop { $0.duration = .seconds(899) }, hop { $0.duration = .seconds(43_201) },
            hop { $0.duration = .milliseconds(900_500) },
            hop { $0.region = "eu-west-1.evil.org/" }, hop { $0.region = "cn-north-1" }, hop { $0.region = "" },
            hop { $0.sessionPolicy = .document("") }, hop { $0.sessionPolicy = .document("日") },
            hop { $0.sessionPolicy = .document(String(repeating: " ", count: 2049)) },
            hop { $0.transitiveTagKeys = ["k"] }, hop { $0.sessionName = "{run_id}" },
            hop { $0.sourceIdentity = "aws:me" }, hop { $0.sourceIdentity = "a" },
            hop { $0.tags = Dictionary(uniqueKeysWithValues: (0...50).map { ("k\($0)", "") }) },
            hop { $0.tags = ["aws:x": "y"] },
            hop { $0.tags = ["": "y"] }, hop { $0.tags = ["k": String(repeating: "v", count: 257)] },
        ]
        for hop in wrong {
            let transport = ScriptedTransport([])
            // Behind a good hop, so that everything is seen to be checked before the first request.
            let error = try await failure(chain([RoleHop(roleARN: Self.role), hop], transport))
            #expect(error.code == .invalidParameter, "\(hop)")
            #expect(!error.advice.isEmpty)
            #expect(transport.requests.isEmpty)
        }
        for count in [0, 11] {
            let error = try await failure(
                chain(Array(repeating: RoleHop(roleARN: Self.role), count: count), ScriptedTransport([])))
            #expect(error.code == .invalidParameter)
        }
        for endpoint in ["ftp://x", "localhost", "http://", "http://a/?b=c", "http://user@h/", "http://a b/"] {
            let error = try await failure(
                chain([RoleHop(roleARN: Self.role)], ScriptedTransport([]), endpoint: endpoint))
            #expect(error.code == .invalidParameter, "\(endpoint)")
        }
    }

    /// One row for each refusal of systems that matter: code of the service, status, ours, and a word of the advice.
    @Test(arguments: [
        ("AccessDenied", 403, AWSError.Code.accessDenied, "trust policy"),
        ("ExpiredToken", 403, .expiredBaseCredentials, "has ended"),
        ("ExpiredTokenException", 400, .expiredBaseCredentials, "has ended"),
        ("InvalidClientTokenId", 403, .unknownBaseCredentials, "AKIA…MPLE"),
        ("SignatureDoesNotMatch", 403, .wrongSecretKey, "secret access key"),
        ("RegionDisabledException", 403, .regionDisabled, "us-east-1"),
        ("ValidationError", 400, .invalidParameter, "MaxSessionDuration"),
        ("PackedPolicyTooLarge", 400, .invalidParameter, "tags"),
        ("MalformedPolicyDocument", 400, .invalidParameter, "policy"),
        ("SomethingNew", 418, .serviceFailure, "sts.us-east-1.amazonaws.com"),
    ])
    func `each refusal has a code and an advice, and isn't repeated`(
        serviceCode: String, status: Int, code: AWSError.Code, advice: String
    ) async throws {
        let transport = ScriptedTransport([.error(serviceCode, "what AWS says", status: status)])
        let error = try await failure(chain([RoleHop(roleARN: Self.role, duration: .seconds(7200))], transport))
        #expect(error.code == code)
        #expect(error.serviceCode == serviceCode)
        #expect(error.status == status)
        #expect(error.requestID == "c6104cbe-af31-11e0")
        #expect(error.message == "what AWS says")
        #expect(error.advice.contains(advice))
        #expect(transport.requests.count == 1)
    }

    @Test func `a signature refused for a wrong clock is made anew, once, in the service's time`() async throws {
        let date = "Fri, 15 Jan 2027 07:40:00 GMT"
        let transport = ScriptedTransport([
            .error("SignatureDoesNotMatch", "Signature not yet current", date: date),
            .session("ASIA", expiration: "2027-01-15T07:55:00Z"),
        ])
        let chain = chain([RoleHop(roleARN: Self.role)], transport)
        // By this machine's clock it would be over.
        #expect(try await chain.credentials().accessKeyID == "ASIA")
        #expect(
            transport.requests.compactMap { $0.value(of: "x-amz-date") } == ["20270115T080000Z", "20270115T074000Z"])
        #expect(abs(chain.client.clock.offset + 1200) <= 1)
    }

    @Test func `a signature that is refused again is the clock's fault, and the difference is told`() async throws {
        let date = "Fri, 15 Jan 2027 07:40:00 GMT"
        let step = ScriptedTransport.Step.error("SignatureDoesNotMatch", "Signature expired", date: date)
        let transport = ScriptedTransport([step, step, step])
        let error = try await failure(chain([RoleHop(roleARN: Self.role)], transport))
        #expect(error.code == .clockSkewed)
        #expect(error.message.contains("1200 s ahead of"))
        #expect(transport.requests.count == 2)
        let near = ScriptedTransport([
            .error("SignatureDoesNotMatch", date: "Fri, 15 Jan 2027 07:58:00 GMT")
        ])
        #expect(try await failure(chain([RoleHop(roleARN: Self.role)], near)).code == .wrongSecretKey)
    }

    // MARK: What STS's answers teach

    private static let chaining =
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."

    @Test func `base credentials that are a role's session themselves get an hour, and it is said`() async throws {
        let transport = ScriptedTransport([
            .error("ValidationError", Self.chaining, status: 400), .session("ASIAONE"), .session("ASIATWO"),
        ])
        let chain = chain([RoleHop(roleARN: Self.role, duration: .seconds(7200))], transport)
        #expect(try await chain.credentials().accessKeyID == "ASIAONE")
        #expect(try await chain.credentials().accessKeyID == "ASIATWO")
        #expect(transport.requests.map { form($0)["DurationSeconds"] } == ["7200", "3600", "3600"])
        #expect(warnings.all.count == 1)
        #expect(warnings.all.first?.contains("asks for 7200 s") == true)
    }

    @Test func `a duration that the role itself doesn't allow is not cut`() async throws {
        let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        let transport = ScriptedTransport([.error("ValidationError", message, status: 400)])
        let error = try await failure(chain([RoleHop(roleARN: Self.role, duration: .seconds(7200))], transport))
        #expect(error.code == .invalidParameter)
        #expect(error.advice.contains("MaxSessionDuration"))
        #expect(transport.requests.count == 1)
    }

    @Test func `only the last hop is narrowed, and a policy that is given is sent on any`() async throws {
        let transport = ScriptedTransport([.session("ASIAONE"), .session("ASIATWO"), .session("ASIATHREE")])
        var given = RoleHop(roleARN: Self.role)
        given.sessionPolicy = .document("{}")
        let role = RoleHop(roleARN: "arn:aws-cn:iam::123456789012:role/R")
        _ = try await chain([RoleHop(roleARN: Self.role), given, role], transport, narrowing: Self.narrowing)
            .credentials()
        #expect(
            transport.requests.map { form($0)["Policy"] }
                == [nil, "{}", Self.policy("aws-cn")])
        var wide = RoleHop(roleARN: Self.role)
        wide.sessionPolicy = .none
        let other = ScriptedTransport([.session("ASIA")])
        _ = try await chain([wide], other, narrowing: Self.narrowing).credentials()
        #expect(form(other.requests[0])["Policy"] == nil)
    }

    @Test func `a policy that is too large for STS is left out, and it is said once`() async throws {
        let transport = ScriptedTransport([
            .error("PackedPolicyTooLarge", status: 400), .session("ASIAONE"), .session("ASIATWO"),
        ])
        let chain = chain(
            [RoleHop(roleARN: Self.role)], transport, narrowing: Self.narrowing)
        _ = try await chain.credentials()
        _ = try await chain.credentials()
        #expect(transport.requests.map { form($0)["Policy"] != nil } == [true, false, false])
        #expect(warnings.all.count == 1)
        #expect(warnings.all.first?.contains("is not narrowed") == true)
        #expect(warnings.all.first?.contains("PackedPolicyTooLarge") == true)
    }

    @Test func `a service that knows no KMS gets a policy without it, and only then none`() async throws {
        let refusal = ScriptedTransport.Step.error("MalformedPolicyDocument", status: 400)
        let transport = ScriptedTransport([refusal, .session("ASIA")])
        _ = try await chain([RoleHop(roleARN: Self.role)], transport, narrowing: Self.narrowing).credentials()
        #expect(transport.requests.map { form($0)["Policy"] }.last == Self.policy("aws", decrypts: false))
        #expect(warnings.all.isEmpty)
        let stubborn = ScriptedTransport([refusal, refusal, .session("ASIA")])
        _ = try await chain([RoleHop(roleARN: Self.role)], stubborn, narrowing: Self.narrowing).credentials()
        #expect(stubborn.requests.map { form($0)["Policy"] }.last == .some(nil))
        #expect(warnings.all.count == 1)
    }

    @Test(arguments: ["PackedPolicyTooLarge", "MalformedPolicyDocument"])
    func `a policy that was given is not left out`(code: String) async throws {
        var hop = RoleHop(roleARN: Self.role)
        hop.sessionPolicy = .document("{}")
        let transport = ScriptedTransport([.error(code, status: 400), .session("ASIA")])
        #expect(try await failure(chain([hop], transport, narrowing: Self.narrowing)).serviceCode == code)
        #expect(transport.requests.count == 1)
    }

    @Test func `what passes is tried again with full jitter, signed anew`() async throws {
        let transport = ScriptedTransport([
            .error("Throttling", "Rate exceeded", status: 400), .answer(503, "busy"),
            .failure(.connectionLost), .failure(.stalled), .session("ASIA"),
        ])
        let credentials = try await chain([RoleHop(roleARN: Self.role)], transport).credentials()
        #expect(credentials.accessKeyID == "ASIA")
        // The dice of the test always give the upper bound.
        #expect(clock.sleeps.withLock { $0 } == [1, 0.2, 0.4, 0.8])
        #expect(Set(transport.requests.compactMap { $0.value(of: "x-amz-date") }).count > 1)
    }

    @Test func `gives up after the named number of attempts, and says how many`() async throws {
        let busy = ScriptedTransport(Array(repeating: .answer(503, "busy"), count: 20))
        let error = try await failure(chain([RoleHop(roleARN: Self.role)], busy))
        #expect(error.code == .serviceFailure)
        #expect(error.message.contains("after 5 attempts"))
        #expect(busy.requests.count == AWSLimits.stsAttemptCountMax)
        let throttled = ScriptedTransport(
            Array(repeating: ScriptedTransport.Step.error("Throttling", status: 400), count: 20))
        #expect(try await failure(chain([RoleHop(roleARN: Self.role)], throttled)).code == .throttled)
        let gone = ScriptedTransport(Array(repeating: .failure(.couldNotConnect), count: 20))
        let unreachable = try await failure(chain([RoleHop(roleARN: Self.role)], gone))
        #expect(unreachable.code == .unreachable)
        #expect(unreachable.advice.contains("sts.test:443"))
    }

    @Test(arguments: [
        "", "<html>login</html>", "{}", "<AssumeRoleResponse/>",
        "<a><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey></Credentials></a>",
        "<a><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            + "<Expiration>soon</Expiration></Credentials></a>",
        "<!DOCTYPE a><a/>",
    ])
    func `an answer that isn't STS's is called so`(body: String) async throws {
        let error = try await failure(chain([RoleHop(roleARN: Self.role)], ScriptedTransport([.answer(200, body)])))
        #expect(error.code == .malformedAnswer)
        #expect(error.requestID == "head-id")
        #expect(error.advice.contains("sts.us-east-1.amazonaws.com"))
    }

    @Test func `a session that is over by the service's own time is the service's fault`() async throws {
        let transport = ScriptedTransport([
            .session("ASIA", expiration: "2027-01-15T07:59:59Z", date: "Fri, 15 Jan 2027 08:00:00 GMT")
        ])
        let error = try await failure(chain([RoleHop(roleARN: Self.role)], transport))
        #expect(error.code == .malformedAnswer)
        #expect(error.message.contains("2027-01-15T07:59:59Z"))
    }

    @Test func `a session that is over when it comes shows a wrong clock`() async throws {
        let transport = ScriptedTransport([.session("ASIA", expiration: "2027-01-15T07:59:59Z")])
        #expect(try await failure(chain([RoleHop(roleARN: Self.role)], transport)).code == .clockSkewed)
    }

    /// I8: no secret in an error, though the service repeats the canonical request, or the secret itself.
    @Test func `errors repeat no secret`() async throws {
        let token = "FwoGZXIvYXdzEXAMPLETOKEN"
        for message in [
            "The signature does not match.\n\nThe Canonical String should have "
                + "been\nPOST\nx-amz-security-token:\(token)",
            "you sent \(token)", "your key is \(Self.secret)",
        ] {
            let transport = ScriptedTransport([.error("SignatureDoesNotMatch", message)])
            let error = try await failure(chain([RoleHop(roleARN: Self.role)], transport, token: token))
            var dumped = ""
            dump(error, to: &dumped)
            for text in [error.description, dumped, "\(error)", error.localizedDescription] {
                #expect(!text.contains(token) && !text.contains(Self.secret))
            }
        }
    }

    @Test func `requests carry no secret but in the signature's header`() async throws {
        let transport = ScriptedTransport([.session("ASIA")])
        _ = try await chain([RoleHop(roleARN: Self.role)], transport).credentials()
        let request = try #require(transport.requests.first)
        let text =
            request.url + String(decoding: request.body ?? [], as: UTF8.self) + request.headers.map(\.value).joined()
        #expect(!text.contains(Self.secret))
    }
}
