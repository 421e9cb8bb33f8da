import DredgeAWS
import DredgeIAM
import Foundation

/// Something that AWS is asked for, as policies are held against it.
struct PolicyRequest {
    /// As `s3:GetObject`.
    var action: String
    /// nil: the role that a trust policy is on.
    var resource: String?
    /// Who asks; nil: not known, which no policy is refused for.
    var caller: ARN?
    /// What is known of the request, by key in small letters; no values: the request doesn't have the key. Of a key
    /// that isn't here nothing is known.
    var context: [String: [String]]

    /// The request that a statement is for that a reader needs: one example of what its resource stands for.
    init(_ statement: PolicyStatement, action: String, caller: ARN?, now: Date) {
        self.action = action
        resource = statement.resources.first.map {
            $0.hasSuffix("*") ? PolicyMatch.example(of: $0) : $0
        }
        self.caller = caller
        context = [
            "aws:securetransport": ["true"], "aws:multifactorauthpresent": ["false"], "aws:multifactorauthage": [],
            "s3:prefix": [], "s3:delimiter": [], "sts:externalid": [], "sts:sourceidentity": [], "aws:tagkeys": [],
            "sts:transitivetagkeys": [], "aws:currenttime": [String(now.timeIntervalSince1970)],
            "aws:epochtime": [String(now.timeIntervalSince1970)],
        ]
        if let caller {
            context["aws:principalarn"] = ["\(caller)"]
            context["aws:principalaccount"] = [caller.account]
        }
        for condition in statement.conditions where condition.key != "aws:PrincipalArn" {
            let values = condition.values.map { $0.hasSuffix("*") ? PolicyMatch.literalStart(of: $0) : $0 }
            context[condition.key.lowercased()] = condition.key == "kms:ViaService" ? [values[0]] : values
        }
    }
}

/// Whether something holds, as far as can be told from a policy's text.
enum Truth {
    case yes, no
    /// It depends on what only AWS or the request knows.
    case unknown

    static prefix func ! (truth: Truth) -> Truth {
        switch truth {
        case .yes: .no
        case .no: .yes
        case .unknown: .unknown
        }
    }

    init(_ truth: Bool) { self = truth ? .yes : .no }

    /// Whether one of them holds.
    static func any(_ truths: some Sequence<Truth>) -> Truth {
        var result = Truth.no
        for truth in truths {
            if truth == .yes { return .yes }
            if truth == .unknown { result = .unknown }
        }
        return result
    }

    /// Whether all hold.
    static func all(_ truths: some Sequence<Truth>) -> Truth { !any(truths.map { !$0 }) }
}

extension PolicyMatch {
    /// A text that matches a pattern that ends in `*` and has no other wildcard.
    static func example(of pattern: String) -> String { literalStart(of: pattern) + "example" }
}
