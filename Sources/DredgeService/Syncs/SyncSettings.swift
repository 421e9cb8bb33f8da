internal import Dredge
internal import Foundation

/// What becomes of stored documents that the bucket no longer has, or that the patterns leave out. The raw values are
/// the API's.
enum DeletionPolicy: String, Sendable, Hashable, Codable, CaseIterable {
    /// They go, unless that looks like a mistake.
    case mirror
    /// They stay, and show it.
    case archive
    /// They stay.
    case ignore

    var removalMode: RemovalRule.Mode {
        switch self {
        case .mirror: .remove
        case .archive: .mark
        case .ignore: .keep
        }
    }
}

/// What a sync follows, and how.
struct SyncSettings: Sendable, Hashable, Codable {
    var bucket: String
    /// nil: found out.
    var region: String?
    var roleARN: String
    var externalID: String
    /// Only keys that begin with it.
    var prefix: String
    /// Globs on the whole key.
    var include: [String]
    /// Globs on the whole key.
    var exclude: [String]
    var deletionPolicy: DeletionPolicy
    /// For each document that is indexed from now on.
    var metadata: [String: JSON]
    /// nil: it runs when it is asked to.
    var intervalMinutes: Int?

    /// Reads the body of a request. Throws everything that is wrong with it.
    init(_ body: JSON) throws {
        var fields = RequestFields(body)
        switch fields.string("storage_type") {
        case nil, "s3": break
        default: fields.complain("storage_type", "s3 is needed here: this server reads no other storage.", "enum")
        }
        var request = IndexRequest(kind: .bucket, bucket: IndexRequest.bucket(&fields, "bucket"))
        request.readProcessing(&fields)
        Self.readRole(&request, &fields)
        bucket = request.bucket
        region = fields.region("region")
        (roleARN, externalID) = (request.roleARN ?? "", request.externalID ?? "")
        prefix = fields.string("prefix") ?? ""
        if prefix.utf8.count > ServiceLimits.keyByteCountMax {
            fields.complain(
                "prefix", "A key has at most \(ServiceLimits.keyByteCountMax) bytes.", "string_too_long")
        }
        include = IndexRequest.patterns("include_patterns", &fields)
        exclude = IndexRequest.patterns("exclude_patterns", &fields)
        let policy = fields.string("deletion_policy")
        deletionPolicy = policy.flatMap(DeletionPolicy.init(rawValue:)) ?? .mirror
        if let policy, DeletionPolicy(rawValue: policy) == nil {
            fields.complain("deletion_policy", "mirror, archive or ignore is needed here.", "enum")
        }
        metadata = Metadata.read(&fields)
        intervalMinutes = fields.integer("sync_interval_minutes", in: ServiceLimits.syncIntervalMinutes)
        try fields.finish()
    }

    private static func readRole(_ request: inout IndexRequest, _ fields: inout RequestFields) {
        guard let auth = fields.value("auth") else {
            fields.complain("auth", "A role is needed here: {type: assume_role, role_arn, external_id}.", "missing")
            return
        }
        if auth["type"]?.stringValue?.hasPrefix("access_key") ?? false {
            fields.complain(
                "auth",
                "A sync can't have an access key: the server keeps keys of requests in memory only, so that this one "
                    + "would be gone when the sync is due. Register a role, and give it here (type assume_role).")
            return
        }
        _ = request.readAuth(&fields)
    }

    /// Fields that can be changed.
    private static let changeable = [
        "region", "auth", "prefix", "include_patterns", "exclude_patterns", "deletion_policy", "custom_metadata",
        "sync_interval_minutes",
    ]

    /// The settings with what a request changes, where null brings a default back; and the `status` that it names.
    func changed(by body: JSON) throws -> (SyncSettings, status: SyncRecord.Status?) {
        var fields = RequestFields(body)
        for name in Self.changeable { _ = fields.value(name) }
        for name in ["bucket", "storage_type", "processing_type"] where fields.value(name) != nil {
            fields.complain(name, "This can't be changed. Delete the sync, and make another one.")
        }
        let text = fields.string("status")
        let status = text.flatMap(SyncRecord.Status.init(rawValue:))
        if text != nil, status == nil { fields.complain("status", "active or paused is needed here.", "enum") }
        try fields.finish()
        guard case .object(let changes) = body else { return (self, status) }
        let body = self.body.merging(changes.filter { Self.changeable.contains($0.key) }) { $1 }
        return (try SyncSettings(.object(body)), status)
    }

    /// The body of a request that has these settings.
    private var body: [String: JSON] {
        [
            "bucket": .string(bucket), "region": .optional(region), "processing_type": "basic",
            "auth": [
                "type": "assume_role", "role_arn": .string(roleARN), "external_id": .string(externalID),
            ],
        ].merging(json) { $1 }
    }

    /// As the API shows them; `body` has the same.
    var json: [String: JSON] {
        [
            "prefix": .string(prefix), "region": .optional(region),
            "include_patterns": .array(include.map { .string($0) }),
            "exclude_patterns": .array(exclude.map { .string($0) }),
            "deletion_policy": .string(deletionPolicy.rawValue), "custom_metadata": .object(metadata),
            "sync_interval_minutes": intervalMinutes.map { .integer($0) } ?? .null,
        ]
    }
}
