import Dredge
import DredgeAWS
import DredgeS3
import Synchronization

/// One source's way through the steps of a check. Each step leaves a `CheckStep`, and what the next steps need.
struct SourceWalk: Sendable {
    /// Credentials on the way, and who holds them.
    struct Holder: Sendable {
        var credentials: Credentials
        /// The principal as a trust policy names it; nil: it could not be found out.
        var principal: CallerPrincipal?
        /// For a sentence.
        var name: String
        /// Of the same role, not narrowed to the source: tells what the role may do from what a run's session may. nil:
        /// there is none.
        var wideCredentials: Credentials?
    }

    /// What became of a call that was made to find out.
    enum Trial: Sendable, Hashable {
        case notTried
        case allowed
        case refused
        /// It failed in another way, which says nothing.
        case unclear
    }

    let connection: CheckConnection
    var steps: [CheckStep] = []
    var findings: [SecurityFinding] = []
    /// The base, then what each hop gave.
    var holders: [Holder] = []
    /// The object that is read, and one or two others of the listing.
    var object: ListedObject?
    var others: [ListedObject] = []
    /// What S3 told of the object; nil: nothing.
    var head: ObjectFacts?
    /// Why the object's content was refused although its head was not.
    var contentRefusal: S3Error?
    /// Whether it is the narrowed session's policy that refused it.
    var isContentRefusedByPolicy = false
    /// What a service said that refused this machine's time.
    var clockRefusal: String?

    init(over connection: CheckConnection) { self.connection = connection }

    var source: Source { connection.source }
    var hops: [RoleHop] { connection.hops }
    var inquiry: STSInquiry { connection.inquiry }
    var notes: CheckNotes { connection.notes }

    /// Walks all steps. After the first one that fails the rest is skipped, since each step needs what the one before
    /// found.
    func result() async -> SourceCheck {
        var walk = self
        await walk.walk()
        let isForbidden = walk.findings.contains { $0.isFatal }
        let verdicts = Set(walk.steps.map(\.verdict))
        let verdict: CheckVerdict =
            verdicts.contains(.failed) || isForbidden
            ? .failed : verdicts.contains(.warned) || !walk.findings.isEmpty ? .warned : .passed
        return SourceCheck(
            source: source.name, bucket: source.bucket, prefix: source.prefix, verdict: verdict, steps: walk.steps,
            findings: walk.findings)
    }

    private mutating func walk() async {
        if await walkToBucket() {
            await checkBucket()
            if !hasFailed { await checkRead() }
        }
        for kind in [CheckStep.Kind.bucket, .list, .read] where !steps.contains(where: { $0.kind == kind }) {
            skip(kind)
        }
        checkKey()
        checkClock()
    }

    /// Config, base credentials and hops. False: there is nothing to sign with.
    private mutating func walkToBucket() async -> Bool {
        checkConfig()
        if hasFailed {
            skip(.baseCredentials)
        } else {
            await checkBase()
        }
        for (index, hop) in hops.enumerated() {
            if hasFailed {
                skip(.hop, Self.hopTitle(hop, index, of: hops.count))
            } else {
                await checkHop(hop, index: index)
            }
        }
        return !hasFailed
    }

    var hasFailed: Bool { steps.contains { $0.verdict == .failed } }

    /// Who reads the bucket; nil: nobody knows, or nobody signs.
    var reader: CallerPrincipal? { holders.last?.principal }

    mutating func skip(_ kind: CheckStep.Kind, _ title: String? = nil, because reason: String? = nil) {
        steps.append(
            CheckStep(
                kind: kind, title: title ?? Self.title(kind, source), verdict: .skipped,
                facts: reason.map { [$0] } ?? []))
    }

    static func hopTitle(_ hop: RoleHop, _ index: Int, of count: Int) -> String {
        "Role \(hop.roleARN)" + (count == 1 ? "" : " (role \(index + 1) of \(count))")
    }

    static func title(_ kind: CheckStep.Kind, _ source: Source) -> String {
        switch kind {
        case .config: "Settings"
        case .baseCredentials: "Your credentials"
        case .hop: "Role"
        case .bucket: "Bucket \(source.bucket)"
        case .list: source.prefix.isEmpty ? "List the bucket" : "List the keys that begin with \"\(source.prefix)\""
        case .read: "Read one byte of one object"
        case .kms: "Encryption key"
        case .clock: "Clock"
        }
    }
}

/// Sentences for a step, which the layers below report on the way.
final class CheckNotes: Sendable {
    private let sentences = Mutex<[String]>([])

    func add(_ sentence: String) { sentences.withLock { $0.append(sentence) } }

    /// What was added since the last call.
    func take() -> [String] {
        sentences.withLock { sentences in
            defer { sentences = [] }
            return sentences
        }
    }
}

extension ServiceRefusal {
    init?(_ error: AWSError) {
        guard error.status != nil else { return nil }
        self.init(code: error.serviceCode, status: error.status, requestID: error.requestID, message: error.message)
    }

    init?(_ error: S3Error) {
        guard error.status != nil else { return nil }
        self.init(code: error.serviceCode, status: error.status, requestID: error.requestID, message: error.words)
    }
}

extension S3Error {
    /// The service's, ours where it gave none.
    var words: String { serviceMessage ?? message }
}
