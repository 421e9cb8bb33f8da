import DredgeAWS

/// The actions of the services that reading and writing for others needs.
enum KnownActions {
    /// What an action is about.
    enum Subject {
        /// No resource: a statement needs `"Resource": "*"`.
        case nothing
        case bucket, object
        /// Something else.
        case other
    }

    struct Action {
        /// As `s3:GetObject`.
        var name: String
        var subject: Subject

        /// Whether it changes objects, buckets, keys or rights, or encrypts. Of other services nothing is said: a role
        /// may have duties beside reading.
        var isBeyondReading: Bool {
            let parts = name.split(separator: ":")
            guard ["s3", "kms", "iam"].contains(parts[0]), name != "kms:Decrypt" else { return false }
            return !["Get", "List", "Describe", "Generate", "Simulate", "Verify"].contains { parts[1].hasPrefix($0) }
                || parts[0] == "kms" && parts[1].hasPrefix("GenerateDataKey")
        }
    }

    static let services = Set(ActionList.services.map(\.prefix))

    /// By name in small letters, since IAM doesn't tell capitals apart.
    static let byName: [String: Action] = {
        var actions: [String: Action] = [:]
        for service in ActionList.services {
            for entry in service.actions.split(whereSeparator: \.isWhitespace) {
                let bare = entry.prefix { $0 != "*" && $0 != ":" }
                let subject: Subject =
                    switch entry.dropFirst(bare.count) {
                    case "*": .nothing
                    case ":b": .bucket
                    case ":o": .object
                    default: .other
                    }
                let name = "\(service.prefix):\(bare)"
                actions[name.lowercased()] = Action(name: name, subject: subject)
            }
        }
        return actions
    }()

    static func named(_ name: String) -> Action? { byName[name.lowercased()] }

    /// All that a pattern matches, in the order of their names.
    static func matching(_ pattern: String) -> [Action] {
        let pattern = pattern.lowercased()
        return byName.filter { PolicyMatch.matches($0.key, pattern: pattern) }.values.sorted { $0.name < $1.name }
    }

    /// The action that was likely meant.
    static func nearest(to name: String) -> String? {
        if let meant = operations[name.lowercased()] { return meant }
        let service = name.prefix { $0 != ":" }.lowercased()
        let known = byName.values.map(\.name).filter { $0.hasPrefix(service + ":") }.sorted()
        let bare = known.map { String($0.dropFirst(service.count + 1)) }
        return NameSuggestion.nearest(to: String(name.dropFirst(service.count + 1)), among: bare).map {
            "\(service):\($0)"
        }
    }

    /// The actions of those operations of the API that have another name than their action ("Required permissions for
    /// Amazon S3 API operations", Amazon S3 User Guide).
    private static let operations = [
        "s3:listobjects": "s3:ListBucket", "s3:listobjectsv2": "s3:ListBucket", "s3:headbucket": "s3:ListBucket",
        "s3:listobject": "s3:ListBucket", "s3:headobject": "s3:GetObject", "s3:getobjects": "s3:GetObject",
        "s3:readobject": "s3:GetObject", "s3:listobjectversions": "s3:ListBucketVersions",
        "s3:listbuckets": "s3:ListAllMyBuckets", "s3:listmultipartuploads": "s3:ListBucketMultipartUploads",
        "s3:listparts": "s3:ListMultipartUploadParts", "s3:deleteobjects": "s3:DeleteObject",
        "s3:createmultipartupload": "s3:PutObject", "s3:uploadpart": "s3:PutObject",
        "s3:completemultipartupload": "s3:PutObject", "s3:copyobject": "s3:PutObject",
        "kms:reencrypt": "kms:ReEncrypt*",
    ]
}
