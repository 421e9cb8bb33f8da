/// A possible reason why a step failed, with what would mend it.
public struct CheckCause: Sendable, Hashable, Codable {
    /// Which.
    public var code: Code
    /// Whether nothing else explains what was seen.
    public var isCertain: Bool
    /// What is wrong, one sentence.
    public var summary: String
    /// What speaks for it, one sentence or two.
    public var evidence: String
    /// What to do.
    public var change: RequiredChange

    /// The closed list. The raw values stand in the JSON of `dredge check`.
    public enum Code: String, Sendable, Hashable, Codable, CaseIterable {
        // The config and this machine.
        case invalidSource, externalIDHasBlanks, clockIsWrong, tookTooLong
        // Base credentials.
        case noCredentials, credentialsExpired, accessKeyUnknown, secretKeyWrong, callerIsRootUser
        // The way to a service.
        case nameNotFound, notReachable, tlsFailed, notTheService, requestChanged, throttled, serviceFailed
        // A role.
        case callerMayNotAssume, callerNotTrusted, externalIDWrong, externalIDMissing, roleMissing, roleMadeAnew
        case trustedElsewhere, tagsNotTrusted, sourceIdentityNotTrusted, sessionTooLong, sessionPolicyRefused
        case regionNotActive, roleOfOtherPartition
        // Policies that stand above the others.
        case deniedExplicitly, deniedAbove
        // The policy that narrows a run's session.
        case sessionTooNarrow
        // A bucket.
        case bucketMissing, bucketElsewhere, bucketOfOtherAccount, requesterPays
        case listNotAllowed, prefixNotAllowed, bucketPolicy, nothingUnderPrefix, nothingToRead
        // An object.
        case getNotAllowed, objectArchived, objectOfOtherAccount, customerKeyNeeded
        // Its key.
        case decryptNotAllowed, keyPolicyNotAllowing, keyManagedByAWS, keyUnusable, keyOtherThanNamed
    }

    init(
        _ code: Code, isCertain: Bool = false, _ summary: String, because evidence: String, change: RequiredChange
    ) {
        self.code = code
        self.isCertain = isCertain
        self.summary = summary
        self.evidence = evidence.asSentence
        self.change = change
    }
}

extension String {
    /// Begins with a capital letter and ends with a full stop, as messages that are made to be part of a sentence
    /// don't.
    package var asSentence: String {
        guard let first, let last else { return self }
        return first.uppercased() + dropFirst() + (".!?)".contains(last) ? "" : ".")
    }
}
