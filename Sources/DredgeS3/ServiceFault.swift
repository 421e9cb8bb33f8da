import DredgeAWS
import DredgeTransfer

/// What the service said about a request that it did not fulfil: an allow-list of the fields of its error document
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
struct ServiceFault: Error, Sendable {
    /// 200 for an error document inside a successful answer.
    var status: Int
    var code: String?
    var message: String?
    var requestID: String?
    /// The bucket's region.
    var region: String?
    /// How long the service asks to wait.
    var retryAfter: Duration?
    /// For archived objects.
    var storageClass: String?
    /// For archive tiers of intelligent tiering.
    var accessTier: String?
    /// `Date` of the answer, as the service wrote it.
    var date: String?
    /// Whether it answers a HEAD, which has no document.
    var isHead = false
    /// From the request's start on a connection that was ready.
    var firstByteTime: Duration
    /// Likewise, to the end of the answer.
    var duration: Duration

    /// Whether it can't be S3's word: it comes of a proxy, or of a server that is no S3. S3 sends an error document
    /// with a code (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>) and gives each request an
    /// ID. For a 404, by which documents are removed, both are asked for; to refuse or redirect, one is enough.
    var isForeign: Bool {
        switch status {
        case 404: requestID == nil || code == nil && !isHead
        case 401, 403, 300..<400: !isHead && code == nil && requestID == nil && region == nil
        default: false
        }
    }

    /// Whether the service says that it is itself at fault, and not that it is asked for too much. What has neither a
    /// code nor a request ID may as well come of a proxy.
    var isOwnFailure: Bool { status >= 500 && (code != nil || requestID != nil) && code != "SlowDown" }

    /// From an answer that is not 2xx.
    init(_ response: HTTPResponse, isHead: Bool, limits: S3Limits) {
        // An error document that can't be read (a proxy's HTML, nothing at all for HEAD) leaves the status and the
        // headers.
        let document = try? XMLReader.tree(of: response.errorBody, limits: Self.documentLimits)
        let error = document?.name == "Error" ? document : document?["Error"]
        let fields = (error?.children ?? []).map { ($0.name, $0.text) }
        self.init(response, fields: Dictionary(fields, uniquingKeysWith: { first, _ in first }), limits: limits)
        self.isHead = isHead
    }

    /// From the fields of an error document that was already read.
    init(_ response: HTTPResponse, fields: [String: String], limits: S3Limits) {
        status = response.status
        func field(_ name: String, scalarCountMax: Int = 128) -> String? {
            guard let text = fields[name], !text.isEmpty else { return nil }
            return printable(text.utf8, scalarCountMax: scalarCountMax)
        }
        func header(_ name: String) -> String? {
            guard let text = response[name], !text.isEmpty else { return nil }
            return printable(text.utf8, scalarCountMax: 128)
        }
        // HEAD has no body: S3 repeats the code in a header then.
        code = field("Code") ?? header("x-amz-error-code")
        message =
            field("Message", scalarCountMax: limits.messageCharacterCountMax)
            ?? header("x-amz-error-message")
        requestID = header("x-amz-request-id") ?? field("RequestId") ?? field("RequestID")
        region = [header("x-amz-bucket-region"), field("Region"), field("Endpoint").flatMap(Self.region(ofHost:))]
            .lazy.compactMap { $0 }.first(where: Region.isName)
        retryAfter =
            header("x-amz-retry-after").flatMap { UInt32($0) }.map { .milliseconds($0) }
            ?? header("retry-after").flatMap { UInt32($0) }.map { .seconds($0) }
        storageClass = field("StorageClass")
        accessTier = field("AccessTier")
        date = header("date")
        firstByteTime = response.firstByteTime
        duration = response.duration
    }

    /// The region in a name like `bucket.s3.eu-west-1.amazonaws.com` or `s3-eu-west-1.amazonaws.com`.
    static func region(ofHost host: String) -> String? {
        let labels = host.lowercased().split(separator: ".")
        guard let domain = labels.firstIndex(of: "amazonaws"), domain > 0 else { return nil }
        let label = labels[domain - 1]
        if label.hasPrefix("s3-") { return String(label.dropFirst(3)) }
        if domain > 1, label != "s3", labels[domain - 2] == "s3" || labels[domain - 2] == "dualstack" {
            return String(label)
        }
        return nil
    }

    private static let documentLimits = {
        var limits = XMLReader.Limits()
        limits.elementCountMax = 1_000
        return limits
    }()
}
