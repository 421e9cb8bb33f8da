import DredgeTransfer

/// The credentials of an ECS task or an EKS pod, from an endpoint beside it (AWS SDKs and Tools Reference Guide,
/// "Container credential provider").
struct ContainerProvider {
    let context: ProviderContext

    private static let relativeName = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
    private static let fullName = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
    private static let tokenName = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
    private static let tokenFileName = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
    private static let host = "169.254.170.2"

    func answer() async throws(AWSError) -> ProviderAnswer {
        let url: CredentialURL
        if let relative = context.variable(Self.relativeName) {
            guard let full = CredentialURL("http://\(Self.host)\(relative)"), relative.hasPrefix("/") else {
                throw .provider(
                    .invalidParameter, "\(Self.relativeName) is not a path that begins with /",
                    advice: "The container's agent sets it; leave it as it is.")
            }
            url = full
        } else if let text = context.variable(Self.fullName) {
            url = try Self.allowed(text)
        } else {
            return .nothing("container", "neither \(Self.relativeName) nor \(Self.fullName) is set")
        }
        var request = HTTPRequest(url: url.text, headers: [("accept", "application/json")])
        request.timeout = AWSLimits.containerTimeout
        request.bypassesProxy = url.isNearby
        if let token = try token() { request.headers.append(("authorization", token)) }

        let place = "the container endpoint \(url.host)"
        var answer: CredentialAnswer
        do throws(TransferError) {
            answer = try await CredentialEndpoint(context).answer(to: request)
        } catch {
            throw .noAnswer(
                error, from: place, advice: "Check that the task or pod has a role, and that its agent runs.")
        }
        defer { answer.wipe() }
        guard answer.status == 200 else {
            // The answer's text isn't repeated: nobody knows what it holds.
            throw .provider(
                answer.status == 429 || answer.status >= 500 ? .serviceFailure : .accessDenied,
                "\(place) answered with status \(answer.status)",
                advice: [401, 403].contains(answer.status)
                    ? "Check the authorization token (\(Self.tokenFileName), \(Self.tokenName)) and the role of the "
                        + "task or pod."
                    : answer.status >= 500
                        ? "The agent of the task or pod has a failure of its own: nothing of yours is to be changed. "
                            + "Try again later."
                        : "Check that the task or pod has a role, and that its agent is well.", status: answer.status)
        }
        let document = try CredentialDocument(&answer.body, place: "the answer of \(place)")
        guard let end = try document.moment("Expiration") else { throw document.missing("Expiration") }
        let expiration = try document.valid(end, now: context.time.now())
        return .found(
            try document.credentials(token: "Token", needsToken: true, expiration: expiration),
            "container credentials (\(url.host))")
    }

    private static func allowed(_ text: String) throws(AWSError) -> CredentialURL {
        guard let url = CredentialURL(text) else {
            throw .provider(
                .invalidParameter, "\(fullName) is not an http or https URL of host, port, path and query",
                advice: "The container's agent sets it; leave it as it is.")
        }
        guard url.isHTTPS || url.isNearby else {
            throw .provider(
                .invalidParameter, "\(fullName) names the host \(url.host.printable) over http",
                advice:
                    "Credentials are asked over http only of this machine, \(host), 169.254.170.23 and "
                    + "[fd00:ec2::23]. Use https "
                    + "for others.")
        }
        return url
    }

    /// Read anew each time: agents replace the file.
    private func token() throws(AWSError) -> String? {
        let token: String
        let name: String
        if let path = context.variable(Self.tokenFileName) {
            token = try TokenFile(path: path, name: Self.tokenFileName).read(context.files)
            name = "the file that \(Self.tokenFileName) names"
        } else if let value = context.variable(Self.tokenName) {
            (token, name) = (value, Self.tokenName)
        } else {
            return nil
        }
        guard token.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
            throw .provider(
                .invalidParameter, "\(name) has a line break or another character that can't stand in a header",
                advice: "It has to be one line, without a line break at its end.")
        }
        return token
    }
}
