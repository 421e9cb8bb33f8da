import Dredge
import DredgeAWS
import Foundation

extension SourceWalk {
    /// Assumes a role. Where that is refused, it tries what would not be if one cause or another were true.
    mutating func checkHop(_ hop: RoleHop, index: Int) async {
        var step = CheckStep(kind: .hop, title: Self.hopTitle(hop, index, of: hops.count), verdict: .passed)
        defer { steps.append(step) }
        // A step is only reached when the one before it left credentials.
        guard let signer = holders.last else { return }
        do throws(AWSError) {
            let session = try await inquiry.assume(index, with: signer.credentials)
            let holder = Holder(
                credentials: session, principal: CallerPrincipal(callerARN: hop.roleARN), name: hop.roleARN)
            holders.append(holder)
            step.facts.append(
                "AWS lets you use it\(life(session)), asked over \(inquiry.authority(ofHop: index) ?? "STS").")
            step.facts += notes.take().map(\.asSentence)
            await checkTrust(of: hop, index: index, by: signer, &step)
        } catch {
            guard error.code == .accessDenied else {
                fail(&step, error)
                if error.code == .invalidParameter {
                    step.causes = await parameterCauses(error, hop, index: index, by: signer)
                }
                return
            }
            step.verdict = .failed
            step.answer = ServiceRefusal(error)
            var evidence = HopEvidence(
                hop: hop, caller: signer.principal, isFirst: index == 0, denial: Denial(error.message))
            await eliminate(&evidence, index: index, by: signer)
            step.causes = evidence.causes()
            step.trail = evidence.trail
            if evidence.withoutID == .allowed {
                addFinding(.roleWithoutExternalID, hop, by: signer)
            } else if evidence.withMadeUpID == .allowed {
                addFinding(.roleWithAnyExternalID, hop, by: signer)
            }
        }
    }

    /// ` for 1 h at a time`; to 5 minutes, since it takes its time to get here.
    private func life(_ credentials: Credentials) -> String {
        guard let expiration = credentials.expiration else { return "" }
        let seconds = expiration.timeIntervalSinceNow + inquiry.secondsAhead
        let minutes = seconds > 600 ? 5 * Int((seconds / 300).rounded()) : Int((seconds / 60).rounded())
        let (hours, rest) = (minutes / 60, minutes % 60)
        return " for "
            + [hours > 0 ? "\(hours) h" : nil, rest > 0 || hours == 0 ? "\(rest) min" : nil]
            .compactMap { $0 }.joined(separator: " ") + " at a time"
    }

    private func trial(_ hop: RoleHop, index: Int, with credentials: Credentials) async -> Trial {
        do throws(AWSError) {
            return try await inquiry.isAssumable(hop, at: index, with: credentials) ? .allowed : .refused
        } catch {
            return .unclear
        }
    }

    /// The calls that tell causes apart. None of them can change anything.
    private func eliminate(_ evidence: inout HopEvidence, index: Int, by signer: Holder) async {
        let hop = hops[index]
        func altered(_ change: (inout RoleHop) -> Void) async -> Trial {
            var other = hop
            change(&other)
            return await trial(other, index: index, with: signer.credentials)
        }
        if hop.externalID != nil { evidence.withoutID = await altered { $0.externalID = nil } }
        evidence.withMadeUpID = await altered { $0.externalID = TrustProbe.wrongExternalID() }
        if !hop.tags.isEmpty {
            evidence.withoutTags = await altered {
                $0.tags = [:]
                $0.transitiveTagKeys = []
            }
        }
        if hop.sourceIdentity != nil { evidence.withoutSourceIdentity = await altered { $0.sourceIdentity = nil } }
        // Whether the role trusts somebody before the last in the chain.
        for holder in holders.dropLast() {
            guard await trial(hop, index: index, with: holder.credentials) == .allowed else { continue }
            evidence.trusted = holder.name
            break
        }
        // Whether the roles between are needed at all.
        if evidence.trusted == nil, let last = hops.last, index < hops.count - 1,
            await trial(last, index: hops.count - 1, with: signer.credentials) == .allowed
        {
            evidence.lastRoleTrustsCaller = last.roleARN
        }
    }

    /// Gets a session of the last role that isn't narrowed to the source, to tell what the role may do from what a
    /// run's session may.
    mutating func widen() async {
        guard let index = hops.indices.last, holders.count == hops.count + 1, holders[index + 1].wideCredentials == nil
        else { return }
        holders[index + 1].wideCredentials = try? await inquiry.assumeWide(index, with: holders[index].credentials)
    }

    /// Refused for a value of the call: a session without the value tells whether it is that one.
    private func parameterCauses(
        _ error: AWSError, _ hop: RoleHop, index: Int, by signer: Holder
    ) async -> [CheckCause] {
        guard error.status != nil else { return CallCauses.causes(of: error) }
        var other = hop
        other.duration = nil
        if hop.duration != nil,
            await trial(other, index: index, with: signer.credentials) == .allowed
        {
            return [
                CheckCause(
                    .sessionTooLong, isCertain: true, "The config asks for longer sessions than the role allows.",
                    because: "For a shorter time AWS lets you use the role.",
                    change: RequiredChange(
                        .you,
                        "Take duration out of the config (sessions are renewed by themselves), or ask the role's owner "
                            + "to raise its maximum session duration."
                    ))
            ]
        }
        return [
            CheckCause(
                .sessionPolicyRefused, "AWS does not accept one of the values of this role.", because: error.message,
                change: RequiredChange(.you, error.advice))
        ]
    }

    /// Whether a role is given away too easily: AWS asks who assumes roles of others to test it ("Access to AWS
    /// accounts owned by third parties", IAM User Guide).
    private mutating func checkTrust(
        of hop: RoleHop, index: Int, by signer: Holder, _ step: inout CheckStep
    ) async {
        guard hop.externalID != nil else {
            // Within one account external IDs have no use.
            let isOwn = RoleARN(hop.roleARN)?.account == signer.principal?.account
            if signer.principal != nil, !isOwn {
                addFinding(.noExternalID, hop, by: signer)
                step.verdict = .warned
            }
            return
        }
        switch await inquiry.trust(inHop: index) {
        case .enforced:
            step.facts.append("It is refused without the external ID and with a wrong one, as it should be.")
        case .assumableWithout:
            addFinding(.roleWithoutExternalID, hop, by: signer)
            step.verdict = .warned
        case .assumableWithWrong:
            addFinding(.roleWithAnyExternalID, hop, by: signer)
            step.verdict = .warned
        case .unknown(let error):
            step.facts.append("Whether it is refused without the external ID could not be found out: \(error.message)")
        }
    }

    private mutating func addFinding(_ code: SecurityFinding.Code, _ hop: RoleHop, by signer: Holder) {
        let account = RoleARN(hop.roleARN)?.account
        let externalID = hop.externalID ?? CheckDocuments.externalIDPlaceholder
        var what =
            "In the role's trust policy (IAM console, Roles, \(hop.roleName), Trust relationships) put the "
            + "statement below, which demands the external ID with StringEquals, in the place of each one that "
            + "allows sts:AssumeRole without it."
        if hop.externalID == nil {
            what +=
                " First agree on an ID of your choice, which is another for each customer, and write "
                + "it as external_id in the config."
        }
        findings.append(
            SecurityFinding(
                code: code, message: code.gap.message(of: hop),
                change: RequiredChange(
                    .roleAccount(account), what,
                    CheckDocuments.trust(of: hop, externalID: externalID, principal: signer.principal)),
                isFatal: source.requireExternalID))
    }
}
