internal import Dredge
internal import DredgeAWS
internal import Foundation

/// What a client asks to have indexed. Its credentials are apart from it, so that it can be kept.
public struct IndexRequest: Sendable, Hashable, Codable {
    /// Which of the three endpoints was called; the raw value is the job's type.
    public enum Kind: String, Sendable, Hashable, Codable {
        case bucket = "index_s3"
        case file = "index_s3_file"
        case directory = "index_s3_directory"
    }

    /// The endpoint.
    public var kind: Kind
    /// The bucket.
    public var bucket: String
    /// The whole key of `file`; the path of `directory`, with a slash at its end; else empty.
    public var path = ""
    /// The bucket's region; nil: found out.
    public var region: String?
    /// The role to assume; nil: keys came with the request.
    public var roleARN: String?
    /// What the role demands.
    public var externalID: String?
    /// The listing ends behind so many files.
    public var fileCountMax: Int?
    /// Whether files are left alone whose present version is in the collection; else they are read again.
    public var skipsExisting = true
    /// Globs, see `GlobPattern`.
    public var include: [String] = []
    /// Globs on the whole key.
    public var exclude: [String] = []
    /// The client's own, for each chunk.
    public var metadata: [String: JSON] = [:]
    /// The S3 service, one of the operator's list; nil: the server's own.
    public var endpoint: String?
    /// The sync that it is a run of; nil: a client asked for it.
    var sync: SyncRun?
}

extension IndexRequest {
    /// The same without what a client named or attached, but the bucket.
    var withoutDetails: IndexRequest {
        var request = IndexRequest(kind: kind, bucket: bucket)
        (request.region, request.roleARN, request.externalID) = (region, roleARN, externalID)
        (request.sync, request.skipsExisting) = (sync, skipsExisting)
        return request
    }
}

/// Keys that came with a request. They live in memory only, as long as the job does.
struct RequestKeys: Sendable {
    let credentials: Credentials
}

extension IndexRequest {
    /// Reads a request's body. Throws `ServiceError` with everything that is wrong with it.
    static func parse(
        _ kind: Kind, _ body: JSON, allowedEndpoints: [AllowedEndpoint]
    ) throws -> (IndexRequest, RequestKeys?) {
        var fields = RequestFields(body)
        var request = IndexRequest(kind: kind, bucket: bucket(&fields))
        switch kind {
        case .bucket: break
        case .file: request.path = request.key(of: fields.requiredString("file_uri"), &fields, "file_uri")
        case .directory:
            let path = fields.requiredString("directory_path")
            request.path = request.directory(path, &fields)
        }
        request.readProcessing(&fields)
        request.region = fields.region("bucket_region")
        if kind != .file { request.fileCountMax = fields.integer("max_files", in: 1...Int(Int32.max)) }
        let keys = request.readAuth(&fields)
        request.skipsExisting = fields.bool("skip_existing", default: true)
        let overwrites = fields.bool("overwrite_existing", default: false)
        request.metadata = Metadata.read(&fields)
        if kind != .file {
            request.include = patterns("include", &fields)
            request.exclude = patterns("exclude", &fields)
        }
        if let endpoint = fields.string("endpoint") {
            if !allowedEndpoints.contains(where: { $0.url == endpoint }) {
                fields.complain("endpoint", "The operator of this server does not allow this endpoint.")
            }
            request.endpoint = endpoint
        }
        try fields.finish()
        guard request.skipsExisting, overwrites else { return (request, keys) }
        throw ServiceError.refused(
            .badRequest, "conflicting_options",
            "skip_existing (by default true) and overwrite_existing can't both be true. Set skip_existing to false.")
    }

    /// Reads `bucket_name`: a name, or the ARN of an access point.
    static func bucket(_ fields: inout RequestFields, _ field: String = "bucket_name") -> String {
        let name = fields.requiredToken(field, lengthMax: ServiceLimits.addressLengthMax)
        if name.isEmpty { return name }
        do throws(BucketAddressProblem) {
            let address = try BucketAddress(name)
            if case .name = address, let complaint = BucketAddress.nameComplaint(name, isLegacyAllowed: true) {
                throw BucketAddressProblem(complaint: complaint)
            }
        } catch {
            fields.complain(field, "\(name) \(error.complaint).")
        }
        return name
    }

    mutating func readProcessing(_ fields: inout RequestFields) {
        switch fields.requiredString("processing_type") {
        case "basic", "auto", "": break
        case "advanced":
            fields.complain(
                "processing_type",
                "This server does no optical character recognition, so it has no advanced processing. Use basic.")
        default: fields.complain("processing_type", "basic or auto is needed here.", "enum")
        }
        for name in ["parsing_script", "transcription_language"] where fields.value(name) != nil {
            fields.complain(name, "This server does not support it. Leave it out.")
        }
        if fields.bool("mask_pii", default: false) {
            fields.complain("mask_pii", "This server does not mask personal data. Leave it out.")
        }
    }

    mutating func readAuth(_ fields: inout RequestFields) -> RequestKeys? {
        let names = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"]
        let hasKeys = names.contains { fields.value($0) != nil }
        let problemCount = fields.problems.count
        let id = fields.token(names[0], lengthMax: ServiceLimits.accessKeyLengthMax)
        let secret = fields.token(names[1], lengthMax: ServiceLimits.accessKeyLengthMax)
        let token = fields.token(names[2], lengthMax: ServiceLimits.sessionTokenLengthMax)
        let isUnsound = fields.problems.count > problemCount
        guard let auth = fields.value("auth") else {
            guard hasKeys else {
                fields.complain(
                    "auth",
                    "Say how to get in: auth {type: assume_role, role_arn, external_id}, or aws_access_key_id and "
                        + "aws_secret_access_key.", "missing")
                return nil
            }
            if isUnsound { return nil }
            guard let id, let secret, !id.isEmpty, !secret.isEmpty else {
                fields.complain(
                    id?.isEmpty ?? true ? "aws_access_key_id" : "aws_secret_access_key",
                    "An access key has an ID and a secret.", "missing")
                return nil
            }
            return RequestKeys(credentials: Credentials(accessKeyID: id, secretAccessKey: secret, sessionToken: token))
        }
        if hasKeys { fields.complain("auth", "Give a role or keys, not both.") }
        var role = RequestFields(auth, at: ["body", "auth"])
        if role.requiredString("type") != "assume_role" { role.complain("type", "assume_role is needed here.", "enum") }
        let arn = role.requiredToken("role_arn", lengthMax: ServiceLimits.addressLengthMax)
        let externalID = role.requiredString("external_id")
        if !arn.isEmpty, RoleARN(arn) == nil {
            role.complain("role_arn", "This is no role's ARN: arn:aws:iam::ACCOUNT:role/NAME.")
        }
        do { try role.finish() } catch { fields.add(role.problems) }
        (roleARN, self.externalID) = (arn, externalID)
        return nil
    }

    static func patterns(_ name: String, _ fields: inout RequestFields) -> [String] {
        let patterns = fields.strings(name, countMax: ServiceLimits.patternCountMax)
        if patterns.reduce(0, { $0 + $1.utf8.count }) > ServiceLimits.patternByteCountMax {
            fields.complain(
                name, "All of them together may have at most \(ServiceLimits.patternByteCountMax) bytes.", "too_long")
            return []
        }
        for pattern in patterns {
            do throws(GlobPattern.Malformed) { _ = try GlobPattern(pattern) } catch {
                fields.complain(name, "\"\(pattern)\": \(error.description).")
            }
        }
        return patterns
    }

    /// The key of a URI of this bucket.
    private func key(of uri: String, _ fields: inout RequestFields, _ name: String) -> String {
        let start = "s3://\(bucket)/"
        // Byte for byte: an accent may follow a slash.
        guard uri.utf8.starts(with: start.utf8), uri.utf8.count > start.utf8.count else {
            if !uri.isEmpty { fields.complain(name, "\(start)KEY is needed here.") }
            return ""
        }
        return String(decoding: uri.utf8.dropFirst(start.utf8.count), as: UTF8.self)
    }

    /// The prefix that all keys below a path have: whole segments, so `a` is not `a-old/`.
    private func directory(_ text: String, _ fields: inout RequestFields) -> String {
        var path = text
        let slash = UInt8(ascii: "/")
        if path.hasPrefix("s3://") {
            path =
                path == "s3://\(bucket)" || path == "s3://\(bucket)/" ? "/" : key(of: path, &fields, "directory_path")
            if path.isEmpty { return "" }
        } else {
            // A path from the bucket's top may begin with a slash; a URI says exactly where it is.
            path = String(decoding: path.utf8.drop { $0 == slash }, as: UTF8.self)
        }
        var bytes = path.utf8[...]
        while bytes.last == slash { bytes.removeLast() }
        if bytes.isEmpty {
            if !text.isEmpty {
                fields.complain("directory_path", "This is the whole bucket. Use the endpoint for a bucket.")
            }
            return ""
        }
        return String(decoding: bytes, as: UTF8.self) + "/"
    }
}
