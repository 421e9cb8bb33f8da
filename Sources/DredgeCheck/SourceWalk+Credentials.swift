import Dredge
import DredgeAWS

extension SourceWalk {
    /// Looks at what can be seen without a request.
    mutating func checkConfig() {
        var step = CheckStep(kind: .config, title: Self.title(.config, source), verdict: .passed)
        do throws(RunError) {
            _ = try SourceFilter(source)
        } catch {
            step.verdict = .failed
            step.causes.append(
                CheckCause(
                    .invalidSource, isCertain: true, "A pattern of this source can't be read.", because: error.message,
                    change: RequiredChange(.you, error.advice)))
        }
        if let error = inquiry.problem() {
            step.verdict = .failed
            step.causes.append(
                CheckCause(
                    error.message.contains("partition") ? .roleOfOtherPartition : .invalidSource, isCertain: true,
                    "A role can't be asked for with these settings.", because: error.message,
                    change: RequiredChange(.you, error.advice)))
        }
        for hop in connection.trimmedHops {
            step.verdict = .warned
            step.causes.append(
                CheckCause(
                    .externalIDHasBlanks, isCertain: true, "The external ID of \(hop.roleARN) has blanks around it.",
                    because: "AWS compares external IDs character by character, and takes none with blanks.",
                    change: RequiredChange(
                        .you,
                        "Write it without them: external_id: \(hop.externalID ?? ""). "
                            + "(The check goes on with this one.)"
                    )))
        }
        let who =
            switch source.auth {
            case .assumeRole(let hops):
                hops.count == 1 ? "by way of one role" : "by way of \(hops.count) roles, one after the other"
            case .accessKey: "with the access key of the config"
            case .callback(let callback): "with credentials of \(callback.name)"
            case .ambient: "with your own credentials, without a role"
            case .anonymous: "without signing (anonymously)"
            }
        step.facts.append("The bucket is to be read \(who).")
        steps.append(step)
    }

    /// Finds out whose credentials sign first.
    mutating func checkBase() async {
        if case .anonymous = source.auth {
            return skip(.baseCredentials, because: "None are needed: requests are not signed.")
        }
        var step = CheckStep(kind: .baseCredentials, title: Self.title(.baseCredentials, source), verdict: .passed)
        defer { steps.append(step) }
        let resolved: ResolvedCredentials
        do throws(AWSError) {
            resolved = try await inquiry.baseCredentials()
        } catch {
            step.facts += error.providers.map { "\($0)".asSentence }
            return fail(&step, error)
        }
        let credentials = resolved.credentials
        var holder = Holder(credentials: credentials, name: "your credentials")
        step.facts.append("They come from: \(resolved.provider). The access key is \(credentials.shortID).")
        if asksAWSAboutOthersKeys {
            step.facts.append(
                "Who you are with them was not asked: the bucket is not on AWS, and no STS "
                    + "endpoint of its service is named."
            )
            holders.append(holder)
            return
        }
        do throws(AWSError) {
            let identity = try await inquiry.callerIdentity(of: credentials)
            holder.principal = CallerPrincipal(callerARN: identity.arn)
            holder.name = identity.arn
            step.facts.append("With them you are \(identity.arn), in AWS account \(identity.account).")
        } catch {
            // A service that stands in for AWS's may not know the question; what follows tells more.
            guard error.isAboutCredentials else {
                step.verdict = .warned
                step.facts.append("Who you are with them could not be found out: \(error.message.asSentence)")
                holders.append(holder)
                return
            }
            return fail(&step, error)
        }
        holders.append(holder)
    }

    /// The keys of another service must not be shown to AWS's STS.
    private var asksAWSAboutOthersKeys: Bool {
        EndpointSettings(environment: connection.environment).hasEndpoint(source.endpointURL, of: .s3)
            && !inquiry.hasOwnEndpoint
            && hops.isEmpty
    }

    /// Ends a step whose call failed before anybody decided on permissions.
    mutating func fail(_ step: inout CheckStep, _ error: AWSError) {
        step.verdict = .failed
        step.answer = ServiceRefusal(error)
        if error.code == .clockSkewed { clockRefusal = error.message }
        step.causes = CallCauses.causes(of: error)
    }
}

extension AWSError {
    /// Whether every further call with the same credentials, or to the same place, would fail too.
    fileprivate var isAboutCredentials: Bool {
        switch code {
        case .expiredBaseCredentials, .unknownBaseCredentials, .wrongSecretKey, .signatureRefused, .clockSkewed,
            .unreachable, .cancelled, .regionDisabled, .throttled, .malformedAnswer:
            true
        // Refused here, not by a service that doesn't know the question.
        case .invalidParameter: status == nil
        default: false
        }
    }
}
