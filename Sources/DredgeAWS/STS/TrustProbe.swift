/// Whether a role can be assumed by somebody who doesn't know its external ID. AWS asks third parties to test that
/// ("The confused deputy problem", IAM User Guide): where it can, whoever knows the role's ARN reads through us what
/// the role may read.
public enum TrustVerdict: Sendable {
    /// Refused both without the external ID and with a wrong one. Says something only of a role that can be assumed
    /// with the right one.
    case enforced
    /// The external ID is not asked for.
    case assumableWithout
    /// Another value does as well.
    case assumableWithWrong
    /// Not found out, and why.
    case unknown(AWSError)
}

/// Tries to assume a role as somebody would who doesn't know its external ID.
///
/// What it gets is dropped and wiped at once, and could do nothing: it is asked for the shortest time, under a policy
/// that denies everything.
public struct TrustProbe: Sendable {
    private let chain: RoleChain

    /// A probe of the hops of a chain.
    public init(_ hops: [RoleHop], access: STSAccess) { chain = access.chain(hops, narrowing: nil) }

    /// Two calls of STS at most, and those that lead to the hop.
    /// - Parameter index: of a hop with an external ID.
    public func verdict(ofHop index: Int) async -> TrustVerdict {
        let hop = chain.hops[index]
        precondition(hop.externalID != nil, "there is nothing to leave out")
        do throws(AWSError) {
            let signer = try await chain.credentials(behind: index)
            // Name, tags and source identity stay: the trust policy may ask for them, too.
            var stranger = hop
            stranger.externalID = nil
            if try await isAssumable(stranger, at: index, with: signer) { return .assumableWithout }
            stranger.externalID = Self.wrongExternalID()
            return try await isAssumable(stranger, at: index, with: signer) ? .assumableWithWrong : .enforced
        } catch {
            return .unknown(error)
        }
    }

    /// Whether `hop` is given away in the place of hop number `index`. Throws what says neither yes nor no.
    func isAssumable(_ hop: RoleHop, at index: Int, with signer: Credentials) async throws(AWSError) -> Bool {
        var hop = hop
        hop.duration = AWSLimits.durationMin
        hop.sessionPolicy = .document(Self.denyAll)
        do {
            _ = try await chain.client.session(chain.call(index, as: hop), credentials: signer)
            return true
        } catch {
            guard error.code == .accessDenied else { throw error }
            return false
        }
    }

    /// No two alike, so that nobody can trust it.
    package static func wrongExternalID() -> String {
        "dredge-probe-" + String(UInt64.random(in: .min ... .max), radix: 16)
    }

    static let denyAll = #"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}"#
}
