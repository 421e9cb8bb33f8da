import DredgeAWS
import DredgeIAM

extension LintRun {
    mutating func resources(_ statement: JSONValue, _ path: String) {
        if let not = statement["NotResource"] {
            advise(
                "not-resource", not, Self.joined(path, "NotResource"),
                "NotResource is about everything but these, what is made later included",
                "Name the resources that are meant, with Resource.")
        }
        guard let resource = statement["Resource"] else {
            if statement["NotResource"] == nil, kind != .trust {
                problem(
                    "resource-missing", statement, path, "there is no Resource",
                    kind == .kms
                        ? #"Write "Resource": "*", which is the key itself."#
                        : "Name what may be used, as arn:aws:s3:::bucket/*.")
            }
            return
        }
        let place = Self.joined(path, "Resource")
        if kind == .trust {
            problem(
                "resource-in-trust", resource, place,
                "a trust policy has no Resource: it is about the role that has it",
                "Remove it.")
            return
        }
        let patterns = Pattern.all(statement["Action"])
        let isAllow = statement["Effect"]?.string != "Deny"
        var kinds: Set<S3Kind> = []
        var hasOther = false
        for (text, value, path) in strings(resource, place) {
            self.resource(text, value, path, patterns: patterns, isAllow: isAllow)
        }
        for item in resource.array ?? [resource] {
            if let kind = PolicyEnvelope.template(item).flatMap(S3Kind.init) {
                kinds.formUnion(kind.covered)
            } else {
                hasOther = true
            }
        }
        if !kinds.isEmpty, !hasOther { agreement(statement, path, kinds: kinds, resource: resource) }
    }

    private mutating func resource(
        _ text: String, _ value: JSONValue, _ path: String, patterns: [String], isAllow: Bool
    ) {
        if text == "*" {
            let actions = patterns.flatMap { $0.contains("*") ? [] : [KnownActions.named($0)] }
            let needsIt = !actions.isEmpty && actions.allSatisfy { $0.map { $0.subject == .nothing } ?? false }
            guard isAllow, kind != .kms, !needsIt else { return }
            problem(
                "wildcard-resource", value, path, "\(shown(text)) is everything there is",
                "Name what is meant: "
                    + "arn:aws:s3:::bucket for listing, arn:aws:s3:::bucket/* for objects, a key's ARN for KMS.")
            return
        }
        guard let arn = self.arn(text, value, path, what: "resource") else { return }
        if isAllow { breadth(arn, text, value, path) }
        switch arn.service {
        case "s3": s3Resource(arn, text, value, path)
        case "kms" where arn.resource.hasPrefix("alias/"):
            problem(
                "kms-alias", value, path, "\(shown(text)) is an alias, which policies don't look up",
                "Write the key's ARN: aws kms describe-key --key-id \(text.printable) --query KeyMetadata.Arn")
        case "sts" where arn.resource.hasPrefix("assumed-role/"):
            problem(
                "session-as-resource", value, path, "\(shown(text)) is a role's session",
                "Write the role: \(Self.role(of: arn)).")
        default: break
        }
        if kind == .kms {
            advise(
                "key-resource", value, path, "the Resource of a key policy is the key itself",
                #"Write "Resource": "*"."#)
        }
    }

    private mutating func breadth(_ arn: ARN, _ text: String, _ value: JSONValue, _ path: String) {
        let rest = arn.resource.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let isEverything =
            arn.service == "s3"
            ? arn.account.isEmpty && rest[0].allSatisfy { "*?".contains($0) }
            : ["role", "user", "key"].contains(rest[0]) && rest.count == 2 && rest[1].allSatisfy { "*?".contains($0) }
        if isEverything || arn.resource == "*" {
            problem(
                "wildcard-resource", value, path, "\(shown(text)) is every one there is",
                "Name the one that is meant, or the start of its name.")
        } else if arn.service == "s3", arn.account.isEmpty, rest[0].contains(where: { "*?".contains($0) }) {
            advise(
                "wildcard-bucket", value, path,
                "\(shown(text)) is every bucket with such a name, of other accounts too", "Name the bucket.")
        }
    }

    private mutating func s3Resource(_ arn: ARN, _ text: String, _ value: JSONValue, _ path: String) {
        let hasOwnPlace = ["accesspoint", "access-grants", "job", "storage-lens", "async-request"].contains {
            arn.resource.hasPrefix($0)
        }
        if !hasOwnPlace, !arn.region.isEmpty || !arn.account.isEmpty {
            problem(
                "region-in-s3-arn", value, path,
                "\(shown(text)) has a region or an account, which ARNs of buckets and objects have not",
                "Write arn:\(arn.partition):s3:::\(arn.resource.printable).")
        }
        guard !hasOwnPlace else { return }
        if arn.resource.hasSuffix("/") {
            problem(
                "trailing-slash", value, path, "\(shown(text)) is the one object whose key ends there",
                "Write \(text.printable)* for what is under it.")
        } else if arn.resource.contains("/"), !arn.resource.contains(where: { "*?$".contains($0) }) {
            advise(
                "one-object", value, path, "\(shown(text)) is one object, not a folder",
                "Write \(text.printable)/* for what is under it, if that is meant.")
        }
    }

    /// Whether actions on buckets and on objects each have a resource that they can be about.
    private mutating func agreement(_ statement: JSONValue, _ path: String, kinds: Set<S3Kind>, resource: JSONValue) {
        guard let action = statement["Action"] else { return }
        let place = Self.joined(path, "Action")
        let items =
            action.array.map { $0.enumerated().map { ($0.element, "\(place)[\($0.offset)]") } } ?? [(action, place)]
        let first = (resource.array?.first ?? resource)
        let name = first.string ?? PolicyEnvelope.substituted(first) ?? ""
        for (item, path) in items {
            guard let text = item.string, let known = KnownActions.named(text) else { continue }
            switch known.subject {
            case .object where !kinds.contains(.object):
                problem(
                    "object-action-on-bucket", item, path, "\(known.name) is about objects, but only a bucket is named",
                    "Add \(shown(name + (name.contains(":accesspoint/") ? "/object/*" : "/*"))) to Resource.")
            case .bucket where !kinds.contains(.bucket):
                let bucket = name.prefix { $0 != "/" }
                problem(
                    "bucket-action-on-objects", item, path,
                    "\(known.name) is about a bucket, but only objects are named",
                    name.contains(":accesspoint/")
                        ? "Add the ARN of the access point, without /object/*, to Resource."
                        : "Add \(shown(String(bucket))), without /*, to Resource.")
            default: break
            }
        }
    }

    /// What an S3 ARN can match.
    private enum S3Kind: Hashable {
        case bucket, object, both

        /// nil: no ARN of S3, or one that can't be read.
        init?(_ text: String) {
            if text == "*" {
                self = .both
                return
            }
            guard let arn = ARN(text), arn.service == "s3" else { return nil }
            if arn.resource.hasPrefix("accesspoint") {
                self = arn.resource.contains("/object/") ? .object : .bucket
            } else if arn.resource.contains("/") {
                self = .object
            } else {
                self = arn.resource.contains("*") ? .both : .bucket
            }
        }

        var covered: [S3Kind] { self == .both ? [.bucket, .object] : [self] }
    }

    private enum Pattern {
        static func all(_ action: JSONValue?) -> [String] {
            action.map { $0.array ?? [$0] }?.compactMap(\.string) ?? []
        }
    }
}
