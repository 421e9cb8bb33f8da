import DredgeTransfer
import Foundation
import TestServers
import Testing

@testable import DredgeAWS

/// What answers in XML are made of, changed at random: an error that says where, or what the document can hold.
@Suite(.timeLimit(.minutes(30))) struct XMLFuzzTests {
    private static let documents = [
        """
        <?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><IsTruncated>false</IsTruncated>
        <Contents><Key>a&amp;b&#x65e5;&#10;</Key><Size>12</Size><ETag>&quot;e&quot;</ETag></Contents><!-- - -->
        <Contents><Key><![CDATA[<x>&y;]]></Key><Size>0</Size></Contents><?target data?></ListBucketResult>
        """,
        """
        <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied\
        </Code><Message>no\nmore</Message></Error><RequestId>c6104cbe-af31-11e0</RequestId></ErrorResponse>
        """,
        "<a:Error xmlns:a='urn:a' b=\"1\"><a:Code>日本\u{301}</a:Code><Empty/><Empty></Empty></a:Error>\n",
        "<!DOCTYPE a [<!ENTITY b 'cccccccc'><!ENTITY c '&b;&b;&b;'>]><a>&c;&c;</a>",
        "<a><b><c><d>deep</d></c></b><b><c><d>deep</d></c></b></a>",
    ].map { Array($0.utf8) }

    /// Counts, and sees to the order.
    private final class Listener: XMLHandler {
        let limits: XMLReader.Limits
        var (depth, elementCount, textByteCount) = (0, 0, 0)
        var problems: [String] = []

        init(_ limits: XMLReader.Limits) { self.limits = limits }

        func begin(_ name: String, depth: Int) {
            self.depth += 1
            elementCount += 1
            if depth != self.depth || depth > limits.depthMax { problems.append("begins at depth \(depth)") }
            if elementCount > limits.elementCountMax { problems.append("\(elementCount) elements") }
        }

        func end(_ name: String, depth: Int, text: UnsafeRawBufferPointer) {
            if depth != self.depth { problems.append("ends at depth \(depth) of \(self.depth)") }
            self.depth -= 1
            textByteCount += text.count
            if text.count > limits.textByteCountMax { problems.append("a text of \(text.count) bytes") }
            if String(validating: text, as: UTF8.self) == nil { problems.append("a text that is not UTF-8") }
        }
    }

    private static func read(_ bytes: [UInt8], _ limits: XMLReader.Limits) -> (XMLError?, Listener) {
        let listener = Listener(limits)
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(XMLError) in try XMLReader.read(bytes, limits: limits, handler: listener) }
        }
        guard case .failure(let error) = result else { return (nil, listener) }
        return (error, listener)
    }

    /// What is not as it has to be; nil: all is.
    private static func problem(with bytes: [UInt8]) -> String? {
        var limits = XMLReader.Limits()
        limits.depthMax = 8
        limits.elementCountMax = 500
        limits.textByteCountMax = 2_000
        let (error, listener) = read(bytes, limits)
        if let problem = listener.problems.first { return problem }
        // No reference stands for more than itself: what comes out is never more than what went in.
        if listener.textByteCount > bytes.count { return "\(listener.textByteCount) bytes of text" }
        if let error {
            let lineCount = bytes.count { $0 == 0x0A || $0 == 0x0D } + 1
            if error.message.isEmpty || error.message.contains(where: \.isNewline) { return "\(error) says nothing" }
            if !(1...lineCount).contains(error.line) { return "\(error) of \(lineCount) lines" }
            if !(1...bytes.count + 1).contains(error.column) { return "\(error) of \(bytes.count) bytes" }
        } else if listener.depth != 0 || listener.elementCount == 0 {
            return "read to its end at depth \(listener.depth), with \(listener.elementCount) elements"
        }
        var wiping = limits
        wiping.wipesMemory = true
        let (again, second) = read(bytes, wiping)
        if again != error || second.elementCount != listener.elementCount { return "another result with wiped memory" }
        let tree = Result { () throws(XMLError) in try XMLReader.tree(of: bytes, limits: limits) }
        switch (tree, error) {
        case (.success(let root), nil): return root.name.isEmpty ? "an element without a name" : nil
        case (.failure(let failure), let error?): return failure == error ? nil : "\(failure) in place of \(error)"
        default: return "the tree says otherwise"
        }
    }

    @Test func `a document gives its elements within all limits, or the place of a mistake`() {
        for seed in Fuzzing.seeds("XML", count: 2_000) {
            var mutator = Mutator(
                seed: seed, corpus: Self.documents, separators: "<",
                words: ["<a>", "</a>", "&lt;", "&#0;", "&#x10FFFF;", "<![CDATA[", "]]>", "<!DOCTYPE", "<?", "xmlns=''"])
            let bytes = mutator.next()
            guard let problem = Self.problem(with: bytes) else { continue }
            Issue.record("seed \(seed): \(problem): \(Fuzzing.shown(bytes))")
            return
        }
    }

    // MARK: STS

    private static let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    private static let token = "FwoGZXIvYXdzEBYaDCANARYCANARYCANARYCANARY"
    private static let keys = Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: secret, sessionToken: token)

    private static let answers = [
        """
        <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><AssumedRoleUser>\
        <Arn>arn:aws:sts::123456789012:assumed-role/demo/x</Arn></AssumedRoleUser><Credentials><AccessKeyId>ASIAX\
        </AccessKeyId><SecretAccessKey>SECRET/OF/SESSION/CANARY</SecretAccessKey><SessionToken>TOKEN/OF/SESSION/CANARY\
        </SessionToken><Expiration>2027-01-15T09:00:00.5+00:00</Expiration></Credentials></AssumeRoleResult>\
        </AssumeRoleResponse>
        """,
        """
        <GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>\
        arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Set_0123456789abcdef/me</Arn><UserId>AROAX:me</UserId>\
        <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>
        """,
        """
        <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>\
        SignatureDoesNotMatch</Code><Message>The Canonical String should have been
        x-amz-security-token:\(token)</Message></Error><RequestId>c6104cbe-af31-11e0</RequestId></ErrorResponse>
        """,
        "<ErrorResponse><Error><Code>\(token)</Code><Message>\(secret)</Message></Error></ErrorResponse>",
        "<Response><Errors><Error><Code>Throttling</Code></Error></Errors></Response>",
    ].map { Array($0.utf8) }

    private static let dates: [String?] = [
        nil, "Fri, 15 Jan 2027 08:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "now",
    ]

    private static func call() throws -> STSCall {
        let hop = RoleHop(roleARN: "arn:aws:iam::123456789012:role/Reader", externalID: "id")
        let role = try #require(RoleARN(hop.roleARN))
        let rules = STSEndpointRules(region: nil, endpointURL: nil, settings: EndpointSettings(environment: [:]))
        return STSCall(
            step: "assume role", endpoint: try STSEndpoint(hop: hop, role: role, rules: rules, step: "test"), hop: hop,
            isFirstHop: true, parameters: [])
    }

    /// What of an error a person must not be shown, or misses.
    private static func problem(with error: AWSError) -> String? {
        let text = "\(error) \(error.serviceCode ?? "") \(error.requestID ?? "")"
        for secret in [secret, token] where text.contains(secret) { return "\(error) repeats a secret" }
        if error.message.isEmpty || error.advice.isEmpty { return "\(error) says nothing" }
        if text.unicodeScalars.contains(where: \.isControl) { return "\(text.debugDescription) can't be printed" }
        return text.utf8.count > 8_000 ? "an error of \(text.utf8.count) bytes" : nil
    }

    private static func problem(with answer: CredentialAnswer, call: STSCall) -> String? {
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        do throws(AWSError) {
            let session = try AssumedSession.credentials(in: answer, call: call, now: now)
            guard !session.accessKeyID.isEmpty, session.isTemporary, let end = session.expiration, end > now else {
                return "\(session) is no session"
            }
        } catch {
            if let problem = problem(with: error) { return problem }
        }
        do throws(AWSError) {
            let identity = try CallerIdentity(in: answer, call: call)
            guard identity.arn.hasPrefix("arn:"), !identity.account.isEmpty else { return "\(identity) is nobody" }
            if let caller = CallerPrincipal(callerARN: identity.arn), caller.arn.isEmpty { return "\(caller)" }
        } catch {
            if let problem = problem(with: error) { return problem }
        }
        let told = STSProblem(
            answer, concealing: RequestSecrets(HTTPRequest(url: call.endpoint.url), credentials: keys))
        _ = (told.isThrottled, told.isTransient)
        return problem(with: told.error(for: call, credentials: keys, now: now))
    }

    @Test func `I8: an answer of STS gives a whole session, or an error that can be shown`() throws {
        let call = try Self.call()
        for seed in Fuzzing.seeds("answers of STS", count: 1_500) {
            var mutator = Mutator(
                seed: seed, corpus: Self.answers, separators: "<",
                words: ["<Error>", "<Code>", "</Error>", "&#133;", "&#x7f;", "\u{85}", "<Credentials>", "ExpiredToken"])
            let answer = CredentialAnswer(
                status: [200, 400, 403, 500][mutator.below(4)], date: Self.dates[mutator.below(Self.dates.count)],
                requestID: "head-id", body: mutator.next())
            guard let problem = Self.problem(with: answer, call: call) else { continue }
            Issue.record("seed \(seed): \(problem): \(Fuzzing.shown(answer.body))")
            return
        }
    }
}
