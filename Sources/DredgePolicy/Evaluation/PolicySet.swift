import DredgeAWS
import DredgeIAM
import Foundation

/// Policies of one kind, held against a request together.
struct PolicySet {
    var kind: PolicyKind
    var policies: [ReaderPolicy]

    enum Answer {
        /// No policy of that kind is there.
        case absent
        /// By a statement at a place; `isByAccount`: it leaves to the caller's account who may.
        case allowed(String, isByAccount: Bool)
        /// Whatever others allow.
        case denied(String)
        /// It depends on something that only AWS sees: on which statement, and what of it.
        case depends(String)
        /// The statement that comes nearest, and what it lacks; empty: none is about such an action.
        case notAllowed(String)
    }

    func answer(_ request: PolicyRequest) -> Answer {
        guard !policies.isEmpty else { return .absent }
        var allowed: Answer?
        // By whether the statement denies.
        var depends: [Bool: String] = [:]
        var nearest: (rank: Int, text: String) = (0, "")
        for policy in policies {
            let statements = policy.policy.document["Statement"].map { $0.array ?? [$0] } ?? []
            for (index, statement) in statements.enumerated() {
                let match = StatementMatch(statement, request, hasPrincipal: kind != .permissions)
                let place = policy.place(statement, index)
                let isDeny = statement["Effect"]?.string == "Deny"
                switch (match.truth, isDeny) {
                case (.yes, true): return .denied(place)
                case (.yes, false):
                    guard statement["Effect"]?.string == "Allow" else { continue }
                    if case .allowed(_, isByAccount: false) = allowed { continue }
                    allowed = .allowed(place, isByAccount: match.isByAccount)
                case (.unknown, _):
                    let text = "\(place) may \(isDeny ? "deny" : "allow") it: \(match.reason ?? "")"
                    depends[isDeny] = depends[isDeny] ?? text
                case (.no, false):
                    if match.rank > nearest.rank { nearest = (match.rank, "\(place): \(match.reason ?? "")") }
                case (.no, true): break
                }
            }
        }
        if allowed != nil || depends[false] != nil, let denial = depends[true] { return .depends(denial) }
        if let allowed { return allowed }
        if let permission = depends[false] { return .depends(permission) }
        return .notAllowed(nearest.text)
    }
}

/// A policy of a file.
public struct ReaderPolicy: Sendable {
    /// The file's name, for messages.
    public var file: String
    /// What was read from it.
    public var policy: CheckedPolicy

    /// A policy of a file.
    public init(file: String, policy: CheckedPolicy) {
        self.file = file
        self.policy = policy
    }

    func place(_ statement: JSONValue, _ index: Int) -> String {
        let path = policy.path.isEmpty ? "" : "\(policy.path)."
        let sid = statement["Sid"]?.string.map { " (\($0.printable))" } ?? ""
        return "\(file):\(statement.place.line) \(path)Statement[\(index)]\(sid)"
    }
}
