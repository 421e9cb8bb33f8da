/// STS calls one at a time, for who wants to know what each of them says. Nothing is cached or refreshed.
package struct STSInquiry: Sendable {
    private let access: STSAccess
    private let chain: RoleChain
    private let probe: TrustProbe

    /// Sends nothing yet.
    /// - Parameters:
    ///   - hops: none where no role is assumed.
    ///   - narrowing: what the last hop's session is narrowed to.
    package init(_ hops: [RoleHop], access: STSAccess, narrowing: SessionNarrowing) {
        self.access = access
        chain = access.chain(hops, narrowing: narrowing)
        probe = TrustProbe(hops, access: access)
    }

    /// What keeps a hop from being asked for at all; found without a request. nil: nothing.
    package func problem() -> AWSError? {
        for index in chain.hops.indices {
            do throws(AWSError) { _ = try chain.call(index) } catch { return error }
        }
        return nil
    }

    /// By how many seconds this machine's clock is ahead of STS's, where that is too much; 0: it is near enough, or
    /// nothing was asked yet.
    package var secondsAhead: Double { -chain.client.clock.offset }

    /// Whether STS has told its time.
    package var isTimeKnown: Bool { chain.client.clock.isKnown }

    /// Whether an endpoint other than AWS's was named for STS, or for all services.
    package var hasOwnEndpoint: Bool { access.settings.hasEndpoint(access.endpointURL, of: .sts) }

    /// The keys that sign first, and which provider gave them.
    package func baseCredentials() async throws(AWSError) -> ResolvedCredentials { try await access.base.resolved() }

    /// Whose `credentials` are. Asked where the first role is assumed, so that this also tells whether STS can be
    /// reached there.
    package func callerIdentity(of credentials: Credentials) async throws(AWSError) -> CallerIdentity {
        let step = "ask whose credentials these are"
        let region = access.region ?? access.settings.region
        let hop =
            chain.hops.first
            ?? RoleHop(
                roleARN: "arn:\(region.map { Partition.ofRegion($0).name } ?? "aws"):iam::000000000000:role/none")
        guard let role = RoleARN(hop.roleARN) else {
            throw AWSError(
                code: .invalidParameter, step: step, message: "'\(hop.roleARN.printable)' is not the ARN of a role",
                advice: "Use arn:aws:iam::123456789012:role/Name, as the IAM console shows it.")
        }
        let call = STSCall(
            step: step, endpoint: try STSEndpoint(hop: hop, role: role, rules: chain.endpoints, step: step), hop: hop,
            isFirstHop: true, parameters: [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")])
        return try await chain.client.value(of: call, credentials: credentials) { (answer) throws(AWSError) in
            try CallerIdentity(in: answer, call: call)
        }
    }

    /// Assumes hop number `index` as a run does.
    package func assume(_ index: Int, with credentials: Credentials) async throws(AWSError) -> Credentials {
        try await chain.assume(index, with: credentials)
    }

    /// A session of hop number `index` that isn't narrowed, to tell what the role may do from what its session may.
    package func assumeWide(_ index: Int, with credentials: Credentials) async throws(AWSError) -> Credentials {
        var hop = chain.hops[index]
        hop.sessionPolicy = .none
        return try await chain.client.session(chain.call(index, as: hop), credentials: credentials)
    }

    /// host:port of the endpoint of hop number `index`.
    package func authority(ofHop index: Int) -> String? {
        (try? chain.call(index)).map { RequestURL($0.endpoint.url).host }
    }

    /// Whether `hop` is given to `credentials` in the place of hop number `index`. What is got is dropped, and could do
    /// nothing.
    package func isAssumable(_ hop: RoleHop, at index: Int, with credentials: Credentials) async throws(AWSError)
        -> Bool
    {
        try await probe.isAssumable(hop, at: index, with: credentials)
    }

    /// Whether the role of hop number `index` is given to who doesn't know its external ID.
    package func trust(inHop index: Int) async -> TrustVerdict { await probe.verdict(ofHop: index) }
}
