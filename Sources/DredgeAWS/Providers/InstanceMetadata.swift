import DredgeBase
import DredgeTransfer
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The credentials of an EC2 instance's role, from its metadata service, version 2 alone (EC2 User Guide, "Use the
/// Instance Metadata Service").
///
/// Credentials that can't be renewed, since the service gives old ones or doesn't answer, are used on and said to end
/// later than they do: AWS extends them while its own service is in trouble ("static stability"), and a request that is
/// refused is no worse than none.
final class InstanceMetadata: Sendable {
    private let context: ProviderContext
    private let held = Mutex<(credentials: Credentials, provider: String)?>(nil)

    init(_ context: ProviderContext) { self.context = context }

    /// Lets the last credentials go.
    func forget() { held.withLock { $0 = nil } }

    static let name = "EC2 instance metadata"

    /// Where the service is there and refuses (EC2 User Guide, "Configure the Instance Metadata Service options").
    static let advice =
        "See to the instance's metadata options: HttpEndpoint must be enabled, and in a container the hop limit "
        + "(HttpPutResponseHopLimit) 2 or more; HttpTokens may be required (aws ec2 modify-instance-metadata-options "
        + "--http-endpoint enabled --http-put-response-hop-limit 2). No IAM policy or trust policy changes this."

    /// - Parameter files: for a profile's `ec2_metadata_service_endpoint` and its mode.
    func answer(profile: String, _ files: ProfileFiles) async throws(AWSError) -> ProviderAnswer {
        if context.variable("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true" {
            return .nothing(Self.name, "AWS_EC2_METADATA_DISABLED is set")
        }
        let endpoint = try endpoint(profile: profile, files)
        let problem: Problem
        do throws(Problem) {
            let role = try await roleName(endpoint)
            let credentials = try await credentials(role.name, token: role.token, endpoint)
            let provider = "\(Self.name) (role \(role.name))"
            return .found(renewed(credentials, provider), provider)
        } catch {
            problem = error
        }
        switch problem {
        case .cancelled: throw .cancelled(AWSError.providerStep)
        case .nothing(let reason, let advice):
            forget()
            return .nothing(Self.name, reason, advice: advice)
        case .failure(let reason, let advice):
            guard let held = held.withLock({ $0 }) else { return .nothing(Self.name, reason, advice: advice) }
            return .found(usedOn(held.credentials, since: reason), held.provider)
        }
    }

    private enum Problem: Error {
        case cancelled
        /// There are no credentials to be had here.
        case nothing(String, advice: String? = nil)
        /// There may be some another time.
        case failure(String, advice: String? = nil)
    }

    // MARK: Static stability

    private func renewed(_ credentials: Credentials, _ provider: String) -> Credentials {
        held.withLock { $0 = (credentials, provider) }
        guard let end = credentials.expiration,
            end < context.time.now().addingTimeInterval(AWSLimits.metadataRenewalMargin)
        else { return credentials }
        return usedOn(credentials, since: "it gives credentials that end at \(Timestamp.iso8601(end))")
    }

    private func usedOn(_ credentials: Credentials, since reason: String) -> Credentials {
        let now = context.time.now()
        let delay = context.time.random(AWSLimits.staticStabilityDelay)
        context.onWarning(
            "\(Self.name) could not renew the credentials: \(reason). They are used on, and asked for again in "
                + "\(Int((delay / 60).rounded())) minutes")
        // A session is refreshed from three quarters of its life on.
        let extended = now.addingTimeInterval(delay * 4 / 3)
        return credentials.ending(at: max(extended, credentials.expiration ?? extended))
    }

    // MARK: Requests

    /// Where it is asked, and how patiently.
    private struct Endpoint {
        var url: String
        var timeout = AWSLimits.metadataTimeout
        /// nil: nobody says.
        var attemptCountMax: Int?
    }

    private func endpoint(profile: String, _ files: ProfileFiles) throws(AWSError) -> Endpoint {
        func number(_ variable: String, _ setting: String, in range: ClosedRange<Int>) throws(AWSError) -> Int? {
            guard let text = context.variable(variable) ?? files.value(setting, profile: profile)?.text else {
                return nil
            }
            guard let number = Int(text), range.contains(number) else {
                throw .provider(
                    .invalidParameter,
                    "\(variable) or \(setting) is '\(text.printable)', which is no whole number from "
                        + "\(range.lowerBound) to \(range.upperBound)",
                    advice: "Correct it, or leave it away.")
            }
            return number
        }
        var endpoint = Endpoint(url: try url(profile: profile, files))
        if let seconds = try number(
            "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout", in: AWSLimits.metadataTimeoutSeconds)
        {
            endpoint.timeout = .seconds(seconds)
        }
        endpoint.attemptCountMax = try number(
            "AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts",
            in: AWSLimits.metadataAttemptCount)
        return endpoint
    }

    private func url(profile: String, _ files: ProfileFiles) throws(AWSError) -> String {
        func value(_ variable: String, _ setting: String) -> String? {
            context.variable(variable) ?? files.value(setting, profile: profile)?.text
        }
        let mode = value("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode")?.lowercased()
        guard [nil, "ipv4", "ipv6"].contains(mode) else {
            throw .provider(
                .invalidParameter, "the mode of the instance metadata's endpoint is neither IPv4 nor IPv6",
                advice: "Check AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE and ec2_metadata_service_endpoint_mode.")
        }
        guard var named = value("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint") else {
            return mode == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
        }
        guard CredentialURL(named) != nil, RequestURL(named).query.isEmpty else {
            throw .provider(
                .invalidParameter, "the endpoint of the instance metadata is not an http or https URL of host and port",
                advice: "Check AWS_EC2_METADATA_SERVICE_ENDPOINT and ec2_metadata_service_endpoint.")
        }
        while named.hasSuffix("/") { named.removeLast() }
        return named
    }

    private func roleName(_ endpoint: Endpoint) async throws(Problem) -> (name: String, token: String) {
        let path = "/latest/meta-data/iam/security-credentials/"
        let token = try await token(endpoint)
        var answer = try await get(path, token: token, endpoint)
        defer { answer.wipe() }
        if answer.status == 404 { throw .nothing("no role is attached to this instance") }
        guard answer.status == 200 else { throw refusal("the role's name", answer.status) }
        let name = String(
            decoding: answer.body.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        guard (1...64).contains(name.utf8.count), name.unicodeScalars.allSatisfy(RoleHopRules.isSessionNameCharacter)
        else {
            throw .failure("its list of roles begins with what can't be the name of one")
        }
        return (name, token)
    }

    private func token(_ endpoint: Endpoint) async throws(Problem) -> String {
        let request = HTTPRequest(
            method: .put, url: endpoint.url + "/latest/api/token",
            headers: [("x-aws-ec2-metadata-token-ttl-seconds", String(AWSLimits.metadataTokenLife))])
        // Once, unless told otherwise: on a machine that isn't an instance nobody will answer.
        var answer = try await answer(to: request, endpoint, retriesSilence: (endpoint.attemptCountMax ?? 1) > 1)
        defer { answer.wipe() }
        guard answer.status == 200 else {
            // 403: it is switched off for this instance.
            throw [403, 404, 405].contains(answer.status)
                ? .nothing(
                    "the service gives no token (status \(answer.status)); version 1 of it isn't used",
                    advice: answer.status == 403 ? Self.advice : nil)
                : refusal("a token", answer.status)
        }
        guard (1...1024).contains(answer.body.count), answer.body.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .failure("its token can't be one")
        }
        return String(decoding: answer.body, as: UTF8.self)
    }

    private func credentials(_ role: String, token: String, _ endpoint: Endpoint) async throws(Problem) -> Credentials {
        let path = "/latest/meta-data/iam/security-credentials/\(URIEncoding.query(role))"
        var answer = try await get(path, token: token, endpoint)
        defer { answer.wipe() }
        guard answer.status == 200 else {
            throw refusal("the credentials of role \(role)", answer.status)
        }
        do throws(AWSError) {
            let document = try CredentialDocument(&answer.body, place: "the answer for role \(role)")
            if let code = try document.text("Code"), code != "Success" {
                throw .provider("the answer for role \(role) is \(code.printable)", advice: "")
            }
            guard let end = try document.moment("Expiration") else { throw document.missing("Expiration") }
            return try document.credentials(token: "Token", needsToken: true, expiration: end)
        } catch {
            throw .failure(error.message)
        }
    }

    private func refusal(_ what: String, _ status: Int) -> Problem {
        .failure("status \(status) instead of \(what)", advice: [401, 403].contains(status) ? Self.advice : nil)
    }

    private func get(_ path: String, token: String, _ endpoint: Endpoint) async throws(Problem) -> CredentialAnswer {
        let request = HTTPRequest(url: endpoint.url + path, headers: [("x-aws-ec2-metadata-token", token)])
        return try await answer(to: request, endpoint, retriesSilence: true)
    }

    private func answer(
        to request: HTTPRequest, _ endpoint: Endpoint, retriesSilence: Bool
    ) async throws(Problem) -> CredentialAnswer {
        var request = request
        request.timeout = endpoint.timeout
        request.bypassesProxy = true
        do throws(TransferError) {
            return try await CredentialEndpoint(context).answer(
                to: request, retriesSilence: retriesSilence,
                attemptCountMax: endpoint.attemptCountMax ?? AWSLimits.endpointAttemptCountMax)
        } catch {
            if error.code == .cancelled { throw .cancelled }
            throw .failure(
                "no answer from \(error.authority) (\(error.message)); in a container of an instance the hop limit of "
                    + "its metadata has to "
                    + "be 2 or more")
        }
    }
}
