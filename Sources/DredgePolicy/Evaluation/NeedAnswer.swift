import DredgeAWS
import DredgeIAM

/// Whether policies allow one thing that a reader needs.
public struct NeedAnswer: Sendable, Hashable, Encodable {
    /// How it ended.
    public enum Verdict: String, Sendable, Encodable {
        /// A statement allows it, and none denies it.
        case allowed
        /// It can't be told: it depends on what only AWS sees.
        case depends
        /// There is no policy that would have to allow it.
        case notChecked = "not_checked"
        /// No statement allows it, or one denies it.
        case refused
    }

    /// As `s3:GetObject`.
    public var action: String
    /// An ARN: of objects, one example.
    public var resource: String
    /// How it ended.
    public var verdict: Verdict
    /// Which policy's place it is to allow it.
    public var kind: PolicyKind
    /// Which statement decides, and why.
    public var message: String
    /// What to do; empty: nothing.
    public var advice: String

    init(_ action: String, _ resource: String, _ answer: PolicySet.Answer, _ kind: PolicyKind) {
        self.action = action
        self.resource = resource
        self.kind = kind
        switch answer {
        case .allowed(let place, _): (verdict, message, advice) = (.allowed, "by \(place)", "")
        case .denied(let place):
            (verdict, message) = (.refused, "denied by \(place), whatever others allow")
            advice = "Take the reader out of that statement."
        case .depends(let text):
            (verdict, message) = (.depends, text)
            advice = "See whether that fits, or ask AWS: dredge check."
        case .notAllowed(""):
            (verdict, message) = (.refused, "no statement of \(kind.named) is about it")
            advice = ""
        case .notAllowed(let nearest):
            (verdict, message) = (.refused, "no statement allows it; the nearest is \(nearest)")
            advice = "Correct that."
        case .absent:
            (verdict, message) = (.notChecked, "\(kind.named) that is about it is not among the files")
            advice = ""
        }
    }

    /// Advises to add a statement where none allows it.
    mutating func name(_ statement: PolicyStatement) {
        guard verdict == .refused, !message.hasPrefix("denied") else { return }
        let json = statement.json.compactText
        advice = advice.isEmpty ? "Add to \(kind.named): \(json)" : "Correct that, or add to \(kind.named): \(json)"
    }

    /// Nobody said who asks, so that it was not compared with whom the policy names.
    mutating func leavesCallerOpen(_ placeholder: String) {
        advice = advice.replacing(placeholder, with: "THE READER'S ARN")
        guard verdict == .allowed else { return }
        message += "; whom it lets in was not compared: name the reader with --principal"
    }

    /// Of two policies that must allow it, one is there.
    mutating func isOneSided(without kind: PolicyKind) {
        message += "; \(kind.named) must allow it, too, and is not among the files"
    }
}
