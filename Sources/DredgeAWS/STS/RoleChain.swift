/// Walks the hops of a chain: each AssumeRole is signed with the credentials of the one before.
struct RoleChain: Sendable {
    let hops: [RoleHop]
    let base: BaseSource
    let defaultSessionName: String
    let regions: STSRegions
    let endpointURL: String?
    let client: STSClient

    /// New credentials of the last role. Everything is checked before the first request.
    func credentials() async throws(AWSError) -> Credentials {
        let calls = try self.calls()
        var current = try await base.resolved().credentials
        for (index, call) in calls.enumerated() {
            do {
                current = try await client.assumeRole(call, credentials: current)
            } catch {
                // Old or unknown base keys may have been replaced in the file by the next attempt.
                if index == 0, [.expiredBaseCredentials, .unknownBaseCredentials, .wrongSecretKey].contains(error.code)
                {
                    await base.refused(current)
                }
                throw error
            }
        }
        return current
    }

    private func calls() throws(AWSError) -> [STSCall] {
        guard (1...AWSLimits.hopCountMax).contains(hops.count) else {
            throw AWSError(
                code: .invalidParameter, step: "assume a role", message: "a chain of \(hops.count) roles",
                advice: "A chain has 1 to \(AWSLimits.hopCountMax) roles.")
        }
        var calls: [STSCall] = []
        for (index, hop) in hops.enumerated() {
            let place = hops.count == 1 ? "" : " (hop \(index + 1) of \(hops.count))"
            let step = "assume role \(hop.roleARN.printable)\(place)"
            let sessionName = hop.sessionName ?? defaultSessionName
            try hop.validate(sessionName: sessionName, step: step)
            guard let role = RoleARN(hop.roleARN) else { continue }  // validated above
            let endpoint = try STSEndpoint(hop: hop, role: role, regions: regions, override: endpointURL, step: step)
            calls.append(
                STSCall(
                    step: step, endpoint: endpoint, hop: hop, isFirstHop: index == 0,
                    parameters: hop.parameters(sessionName: sessionName, isChained: index > 0)))
        }
        return calls
    }
}

/// One AssumeRole, ready to be signed.
struct STSCall: Sendable {
    let step: String
    let endpoint: STSEndpoint
    let hop: RoleHop
    let isFirstHop: Bool
    let parameters: [(name: String, value: String)]
    /// Of a call that isn't signed: its token, in the place of a session token, so that it is kept out of messages as one.
    var identity: Credentials?

    /// As a form. Holds no secret but a web identity's token: secrets sign, they don't travel.
    var body: [UInt8] {
        Array(
            parameters.map { "\(URIEncoding.form($0.name))=\(URIEncoding.form($0.value))" }.joined(separator: "&")
                .utf8)
    }
}
