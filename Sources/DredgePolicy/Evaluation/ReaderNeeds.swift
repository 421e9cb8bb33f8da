public import DredgeAWS
public import DredgeIAM
public import Foundation

/// What a reader needs, to be held against the policies that are there.
public struct ReaderNeeds: Sendable {
    /// Who signs the first request: a role or user; nil: not known.
    public var caller: ARN?
    /// Empty: the caller itself reads.
    public var hops: [RoleHop]
    /// What is read.
    public var scope: BucketScope
    /// What encrypts it; nil: not known.
    public var key: EncryptionKey?
    /// The account that owns the bucket; nil: that of the last role.
    public var bucketOwner: String?

    /// The needs of one source.
    public init(
        caller: ARN? = nil, hops: [RoleHop], scope: BucketScope, key: EncryptionKey? = nil, bucketOwner: String? = nil
    ) {
        self.caller = caller
        self.hops = hops
        self.scope = scope
        self.key = key
        self.bucketOwner = bucketOwner
    }

    /// Holds each thing that is needed against the policies, in the order in which a run asks for them. What can't be
    /// told without a policy that isn't there is said, too.
    public func held(against policies: [ReaderPolicy], now: Date = Date()) throws(AWSError) -> [NeedAnswer] {
        let sets = Dictionary(grouping: policies, by: \.policy.kind)
        func set(_ kind: PolicyKind) -> PolicySet { PolicySet(kind: kind, policies: sets[kind] ?? []) }
        var answers: [NeedAnswer] = []
        for index in hops.indices {
            answers += try trust(index, trusts: sets[.trust] ?? [], now: now)
            answers += try assuming(index, identities: set(.permissions), now: now)
        }
        let reader = hops.last.flatMap { ARN($0.roleARN) } ?? caller
        for statement in AccessPolicies.permissions(scope, key: key).statements {
            for action in statement.actions {
                let request = PolicyRequest(statement, action: action, caller: reader, now: now)
                let isKey = action.hasPrefix("kms:")
                let owner = isKey ? key?.arn.account : bucketOwner ?? (hops.isEmpty ? nil : reader?.account)
                var answer = Self.answer(
                    request, identities: set(.permissions), resources: set(isKey ? .kms : .bucket),
                    isSameAccount: reader != nil && owner == reader?.account)
                answer.name(try self.statement(answer.kind, action, reader, statement))
                answers.append(answer)
            }
        }
        return answers
    }

    /// What a policy of a kind should have in it for an action.
    private func statement(
        _ kind: PolicyKind, _ action: String, _ reader: ARN?, _ own: PolicyStatement
    ) throws(AWSError) -> PolicyStatement {
        guard let reader, kind != .permissions else { return own }
        let named = try TrustedPrincipal("\(reader)")
        let document =
            if kind == .kms, let key {
                AccessPolicies.key(key, reader: named)
            } else {
                AccessPolicies.bucket(scope, reader: named)
            }
        return document.statements.first { $0.actions.contains(action) } ?? own
    }

    /// Within an account one policy that allows is enough, across accounts both must ("Cross-account policy evaluation
    /// logic", IAM User Guide). A key's policy must always allow, if only by leaving it to the account.
    private static func answer(
        _ request: PolicyRequest, identities: PolicySet, resources: PolicySet, isSameAccount: Bool
    ) -> NeedAnswer {
        let (own, other) = (identities.answer(request), resources.answer(request))
        func result(_ answer: PolicySet.Answer, _ kind: PolicyKind) -> NeedAnswer {
            NeedAnswer(request.action, request.resource ?? "", answer, kind)
        }
        for (answer, kind) in [(own, PolicyKind.permissions), (other, resources.kind)] {
            if case .denied = answer { return result(answer, kind) }
        }
        for (answer, kind) in [(own, PolicyKind.permissions), (other, resources.kind)] {
            if case .depends = answer { return result(answer, kind) }
        }
        let isKey = resources.kind == .kms
        switch (own, other) {
        // Named itself, by the policy of what it uses.
        case (_, .allowed(_, isByAccount: false)) where isSameAccount: return result(other, resources.kind)
        case (.allowed, .notAllowed) where isSameAccount && !isKey: return result(own, .permissions)
        case (.allowed, .allowed): return result(own, .permissions)
        case (.allowed, .absent):
            var result = result(own, .permissions)
            if isKey || !isSameAccount { result.isOneSided(without: resources.kind) }
            return result
        case (.absent, .allowed):
            var result = result(other, resources.kind)
            result.isOneSided(without: .permissions)
            return result
        case (.allowed, .notAllowed): return result(other, resources.kind)
        case (.absent, .absent): return result(.absent, .permissions)
        case (.absent, _):
            return isSameAccount && !isKey ? result(.absent, .permissions) : result(other, resources.kind)
        default: return result(own, .permissions)
        }
    }
}
