import DredgeAWS
import DredgeIAM
import Foundation

/// The way through a source's roles.
extension ReaderNeeds {
    /// What the trust policy of a hop's role must allow. Which of those that are there is that role's, none of them
    /// says: the one that allows most, but none that is right for another hop.
    func trust(_ index: Int, trusts: [ReaderPolicy], now: Date) throws(AWSError) -> [NeedAnswer] {
        var best: [NeedAnswer]?
        func allowedCount(_ answers: [NeedAnswer]) -> Int { answers.count { $0.verdict == .allowed } }
        for policy in trusts {
            let answers = try trust(index, [policy], now: now)
            var isOfOther = false
            for other in hops.indices where other != index && allowedCount(answers) < answers.count {
                let others = try trust(other, [policy], now: now)
                isOfOther = isOfOther || allowedCount(others) == others.count
            }
            if !isOfOther, allowedCount(answers) > best.map(allowedCount) ?? -1 { best = answers }
        }
        if let best { return best }
        return try trust(index, [], now: now)
    }

    /// In the place of whoever signs first, where nobody said who that is. No account is this one.
    private static let unknownCaller = "arn:aws:iam::000000000000:role/READER"

    private func trust(_ index: Int, _ policies: [ReaderPolicy], now: Date) throws(AWSError) -> [NeedAnswer] {
        let hop = hops[index]
        let before = index == 0 ? caller : ARN(hops[index - 1].roleARN)
        // Who is not known is not compared: any name will do.
        let named = try TrustedPrincipal(before.map { "\($0)" } ?? Self.unknownCaller)
        let tagKeys = tagKeys(index), sourceIdentity = sourceIdentity(index)
        let needed = AccessPolicies.trust(
            named, externalID: hop.externalID, tagKeys: tagKeys, sourceIdentity: sourceIdentity)
        var sent: [String: [String]] = [
            "sts:externalid": [hop.externalID].compactMap(\.self),
            "sts:sourceidentity": [sourceIdentity].compactMap(\.self),
            "aws:tagkeys": Set(tagKeys).sorted(), "sts:transitivetagkeys": hop.transitiveTagKeys,
        ]
        for (key, value) in hop.tags { sent["aws:requesttag/\(key.lowercased())"] = [value] }
        return needed.statements.flatMap { statement in
            statement.actions.map { action in
                var request = PolicyRequest(statement, action: action, caller: before, now: now)
                request.context.merge(sent) { $1 }
                var need = NeedAnswer(
                    action, hop.roleARN, PolicySet(kind: .trust, policies: policies).answer(request), .trust)
                need.name(statement)
                if before == nil { need.leavesCallerOpen(Self.unknownCaller) }
                return need
            }
        }
    }

    /// Of the session that a hop starts: its own tags, and those that came with the sessions before.
    private func tagKeys(_ index: Int) -> [String] {
        Array(hops[index].tags.keys) + hops.prefix(index).flatMap(\.transitiveTagKeys)
    }

    private func sourceIdentity(_ index: Int) -> String? {
        hops.prefix(index + 1).compactMap(\.sourceIdentity).last
    }

    /// What the one who assumes the role must be allowed in its own account.
    func assuming(_ index: Int, identities: PolicySet, now: Date) throws(AWSError) -> [NeedAnswer] {
        let caller = index == 0 ? caller : ARN(hops[index - 1].roleARN)
        let needed = AccessPolicies.vendor(
            try RolePattern(roleARN: hops[index].roleARN), tagsSession: !tagKeys(index).isEmpty,
            setsSourceIdentity: sourceIdentity(index) != nil)
        var answers: [NeedAnswer] = []
        for statement in needed.statements {
            for action in statement.actions {
                let request = PolicyRequest(statement, action: action, caller: caller, now: now)
                let answer = identities.answer(request)
                if case .notAllowed(let nearest) = answer, action == "sts:AssumeRole",
                    nearest.isEmpty || allowsOtherHop(request, identities)
                {
                    // The permissions are those of somebody else: of the role that reads, or of another hop's role.
                    return [NeedAnswer(action, hops[index].roleARN, .absent, .permissions)]
                }
                var need = NeedAnswer(action, hops[index].roleARN, answer, .permissions)
                need.name(statement)
                answers.append(need)
            }
        }
        return answers
    }

    private func allowsOtherHop(_ request: PolicyRequest, _ identities: PolicySet) -> Bool {
        hops.contains { hop in
            var other = request
            other.resource = hop.roleARN
            if case .allowed = identities.answer(other) { return true }
            return false
        }
    }
}
