import DredgeAWS
import DredgeBase
import DredgeTransfer

/// HEAD of an object.
struct HeadExchange: Exchange {
    let operation: Operation
    let room: BodyRoom
    private let key: ObjectKey
    private let asksForChecksum: Bool

    init(bucket: String, key: ObjectKey, asksForChecksum: Bool, room: BodyRoom) {
        operation = Operation(action: .head, bucket: bucket, key: key)
        self.key = key
        self.asksForChecksum = asksForChecksum
        self.room = room
    }

    func request(at endpoint: Endpoint) -> HTTPRequest {
        HTTPRequest(
            method: .head, url: endpoint.url(key: key),
            headers: asksForChecksum ? [("x-amz-checksum-mode", "ENABLED")] : [])
    }

    mutating func accept(_ response: HTTPResponse, _ body: OwnedBuffer) throws(AttemptFailure) -> ObjectFacts {
        guard response.status == 200, let size = response.contentLength, size <= S3Limits.objectByteCountMax else {
            throw .unusable(
                .malformedAnswer, "status \(response.status) without a size that can be one is no answer to a HEAD",
                status: response.status, requestID: response.requestID)
        }
        let eTag = response["etag"] ?? ""
        guard ETag.canBe(eTag) else {
            throw .unusable(
                .malformedAnswer, "the service sent what is no ETag: \(printable(eTag.utf8, scalarCountMax: 80))",
                status: response.status, requestID: response.requestID)
        }
        let object = ListedObject(
            key: key, size: size, eTag: ETag(eTag),
            lastModified: response["last-modified"].flatMap(Timestamp.http),
            storageClass: response.shown("x-amz-storage-class"))
        return ObjectFacts(
            object: object, versionID: response.shown("x-amz-version-id"),
            encryption: response.shown("x-amz-server-side-encryption"),
            kmsKeyID: response.shown("x-amz-server-side-encryption-aws-kms-key-id"),
            archiveStatus: response.shown("x-amz-archive-status"), restore: response.shown("x-amz-restore"),
            isRequesterCharged: response["x-amz-request-charged"] == "requester",
            serviceDate: response["date"].flatMap(Timestamp.http),
            checksum: asksForChecksum ? ObjectChecksum(response) : nil)
    }
}

extension HTTPResponse {
    /// A header, short enough and clean enough to be shown.
    fileprivate func shown(_ name: String) -> String? {
        self[name].flatMap { $0.isEmpty ? nil : printable($0.utf8, scalarCountMax: 2048) }
    }
}

/// HEAD of the bucket. S3 names its region also in a refusal, so for that any answer will do
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>).
struct HeadBucketExchange: Exchange {
    let operation: Operation
    let room: BodyRoom

    init(bucket: String, room: BodyRoom) {
        operation = Operation(action: .headBucket, bucket: bucket)
        self.room = room
    }

    func request(at endpoint: Endpoint) -> HTTPRequest {
        HTTPRequest(method: .head, url: endpoint.url(key: ObjectKey([])))
    }

    mutating func accept(_ response: HTTPResponse, _ body: OwnedBuffer) throws(AttemptFailure) -> BucketFacts {
        BucketFacts(
            region: response["x-amz-bucket-region"].flatMap { Region.isName($0) ? $0 : nil },
            isAccessPointAlias: response["x-amz-access-point-alias"]?.lowercased() == "true",
            serviceDate: response["date"].flatMap(Timestamp.http))
    }
}
