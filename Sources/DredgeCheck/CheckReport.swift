import Dredge

/// What a check found of all its sources. Encoded, it is the output of `dredge check --json`: members may be added to
/// it, none changes.
public struct CheckReport: Sendable, Hashable, Codable {
    /// Grows when a member changes its meaning or goes.
    public var formatVersion = 1
    /// In the order they were asked for.
    public var sources: [SourceCheck]

    /// A report on sources.
    public init(sources: [SourceCheck]) { self.sources = sources }

    /// Whether each source can be read.
    public var isPassed: Bool { sources.allSatisfy { $0.verdict != .failed } }
}

/// What a check found of one source.
public struct SourceCheck: Sendable, Hashable, Codable {
    /// The source's name.
    public var source: String
    /// Its bucket.
    public var bucket: String
    /// Its prefix; empty: the whole bucket.
    public var prefix: String
    /// `failed` if any step failed, or a finding that the source's settings forbid; else `warned` if there is anything
    /// to think about.
    public var verdict: CheckVerdict
    /// In the order they were walked; a step that was not reached is `skipped`.
    public var steps: [CheckStep]
    /// What works, and should not.
    public var findings: [SecurityFinding]
}

/// How a step ended.
public enum CheckVerdict: String, Sendable, Hashable, Codable {
    /// As it should be.
    case passed
    /// It works, but something should be thought about.
    case warned
    /// It doesn't work; the causes say why.
    case failed
    /// Not tried, because there is nothing to try, or an earlier step failed.
    case skipped
}

/// One step of the way to a source's objects.
public struct CheckStep: Sendable, Hashable, Codable {
    /// The steps, in their order. `hop` comes once for each role.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// What can be seen without a request.
        case config
        /// The keys that sign first: who gave them, and whose they are.
        case baseCredentials
        /// One AssumeRole.
        case hop
        /// The bucket: that it is there, where, and whose it is.
        case bucket
        /// A listing under the source's own prefix.
        case list
        /// One byte of one object.
        case read
        /// The key that encrypts that object.
        case kms
        /// This machine's clock against the service's.
        case clock
    }

    /// Which step.
    public var kind: Kind
    /// What it is about, for a person.
    public var title: String
    /// How it ended.
    public var verdict: CheckVerdict
    /// What was found, in sentences.
    public var facts: [String] = []
    /// The service's refusal; nil where it did not refuse.
    public var answer: ServiceRefusal?
    /// Why, the likeliest first; empty unless the step failed, or warns of something that can be changed.
    public var causes: [CheckCause] = []
    /// Whether it was skipped because one before it failed.
    public var isUnreached: Bool { verdict == .skipped && facts.isEmpty }
    /// How to find the refusal in the account's own records; nil where there is nothing to find.
    public var trail: String?
}

/// What a service said of a request that it refused.
public struct ServiceRefusal: Sendable, Hashable, Codable {
    /// Its code, as `AccessDenied`.
    public var code: String?
    /// The HTTP status.
    public var status: Int?
    /// What AWS support asks for.
    public var requestID: String?
    /// Its words; ours where it gave none.
    public var message: String
}

/// Something that works, and should not: a gap in the security of the account that is asked.
public struct SecurityFinding: Sendable, Hashable, Codable {
    /// The closed list.
    public enum Code: String, Sendable, Hashable, Codable {
        /// The role is given away without the external ID.
        case roleWithoutExternalID
        /// The role is given away with an external ID that was made up.
        case roleWithAnyExternalID
        /// The role of another account demands no external ID, and none is configured.
        case noExternalID
    }

    /// Which.
    public var code: Code
    /// What was found, and what somebody could do with it.
    public var message: String
    /// What closes the gap.
    public var change: RequiredChange
    /// Whether the source's settings make it a failure (`require_external_id`).
    public var isFatal: Bool
}

extension SecurityFinding.Code {
    /// How the role is given away.
    var gap: ExternalIDGap {
        switch self {
        case .roleWithoutExternalID: .noneNeeded
        case .roleWithAnyExternalID: .anyAccepted
        case .noExternalID: .noneConfigured
        }
    }
}
