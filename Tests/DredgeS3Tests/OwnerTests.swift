import DredgeS3
import DredgeTransfer
import Foundation
import TestServers
import Testing

private typealias Object = ScriptedS3Server.Object
private typealias Fault = ScriptedS3Server.Fault

/// Who owns the bucket and who pays, told with every request; and what a HEAD tells in return.
@Suite(.timeLimit(.minutes(30))) struct OwnerTests {
    private static let owner = "111122223333"
    private let object = Object("a", body: Array("hello".utf8))

    /// Lists, reads, and heads object and bucket.
    private func askEverything(_ bucket: ScriptedBucket) async throws {
        _ = try await bucket.client.listPage(prefix: ObjectKey(""))
        _ = try await bucket.read("a", 0..<5)
        _ = try await bucket.client.headObject(ObjectKey("a"))
        _ = try await bucket.client.headBucket()
    }

    @Test func `owner and payer are told with every request, under the signature`() async throws {
        var scenario = ScriptedS3Server.Scenario(objects: [object])
        scenario.owner = Self.owner
        scenario.requesterPays = true
        try await ScriptedBucket.with(scenario, expectedBucketOwner: Self.owner, requestPayer: true) { bucket in
            try await askEverything(bucket)
            let requests = try bucket.server.requests()
            #expect(requests.map(\.action) == [.list, .get, .head, .headBucket])
            for request in requests {
                #expect(request.headers["x-amz-expected-bucket-owner"] == Self.owner)
                #expect(request.headers["x-amz-request-payer"] == "requester")
                let signed = request.headers["authorization"]?.split(separator: ",").first {
                    $0.contains("SignedHeaders=")
                }
                #expect(signed?.contains(";x-amz-expected-bucket-owner;x-amz-request-payer") == true)
            }
        }
    }

    @Test func `neither is told unless it is known or wanted`() async throws {
        try await ScriptedBucket.with(.init(objects: [object])) { bucket in
            try await askEverything(bucket)
            for request in try bucket.server.requests() {
                #expect(request.headers["x-amz-expected-bucket-owner"] == nil)
                #expect(request.headers["x-amz-request-payer"] == nil)
            }
        }
    }

    @Test func `another owner is refused, and the error names the expectation`() async throws {
        var scenario = ScriptedS3Server.Scenario(objects: [object])
        scenario.owner = "999999999999"
        try await ScriptedBucket.with(scenario, expectedBucketOwner: Self.owner) { bucket in
            let listing = try #require(try await bucket.listError())
            let reading = try #require(try await bucket.readError("a", 0..<5))
            for error in [listing, reading] {
                #expect(error.code == .accessDenied)
                #expect(error.advice.contains("another account than \(Self.owner) (expected_bucket_owner)"))
            }
        }
    }

    @Test func `where the service names what nobody allows, the owner is not to blame`() async throws {
        let said = "User: arn:aws:sts::1:assumed-role/R/s is not authorized to perform: s3:ListBucket"
        let fault = Fault.error(on: .list, 403, "AccessDenied", message: said)
        try await ScriptedBucket.with(.init(faults: [fault]), expectedBucketOwner: Self.owner) { bucket in
            let error = try #require(try await bucket.listError())
            #expect(error.serviceMessage == said)
            #expect(!error.advice.contains("expected_bucket_owner"))
        }
    }

    @Test func `the advice about payment depends on whether it was offered`() async throws {
        for (offered, told) in [(false, "request_payer: requester"), (true, "ask the bucket's owner")] {
            let fault = Fault.error(on: .list, 403, "InvalidPayer")
            try await ScriptedBucket.with(.init(faults: [fault]), requestPayer: offered) { bucket in
                let error = try #require(try await bucket.listError())
                #expect(error.code == .requesterPays)
                #expect(error.advice.contains(told))
            }
        }
    }

    @Test(arguments: ["acme", "12345678901", "123456789012\r\nx-evil: 1"])
    func `an owner that is no account never gets into a request`(owner: String) async throws {
        try await ScriptedBucket.with(.init(objects: [object]), expectedBucketOwner: owner) { bucket in
            let error = try #require(try await bucket.listError())
            #expect(error.message.contains("is not an AWS account ID"))
            #expect(try bucket.server.requests().isEmpty)
        }
    }

    @Test func `an access point is asked by its host, for the region of its ARN, and stays there`() async throws {
        var scenario = ScriptedS3Server.Scenario(objects: [object])
        scenario.bucket = "reports-111122223333"
        let arn = "arn:aws:s3:eu-west-1:111122223333:accesspoint/reports"
        try await ScriptedBucket.with(scenario, bucket: arn, virtualHost: true) { bucket in
            try await askEverything(bucket)
            for request in try bucket.server.requests() {
                #expect(request.headers["host"]?.hasPrefix("reports-111122223333.localhost:") == true)
                #expect(request.headers["authorization"]?.contains("/eu-west-1/s3/") == true)
            }
        }
        scenario.region = "us-west-2"
        try await ScriptedBucket.with(scenario, bucket: arn, virtualHost: true) { bucket in
            let error = try #require(try await bucket.listError())
            #expect(error.code == .wrongRegion && error.bucketRegion == "us-west-2")
            #expect(bucket.client.region == "eu-west-1")
        }
    }

    @Test func `a refusal by an access point names its ARN as the resource`() async throws {
        var scenario = ScriptedS3Server.Scenario(
            objects: [object],
            faults: [.error(on: .list, 403, "AccessDenied"), .error(on: .get, 403, "AccessDenied")])
        scenario.bucket = "reports-111122223333"
        let arn = "arn:aws:s3:eu-west-1:111122223333:accesspoint/reports"
        try await ScriptedBucket.with(scenario, bucket: arn, virtualHost: true) { bucket in
            let listing = try #require(try await bucket.listError())
            #expect(listing.advice.contains("s3:ListBucket on \(arn) "))
            let reading = try #require(try await bucket.readError("a", 0..<5))
            #expect(reading.advice.contains("s3:GetObject on \(arn)/object/a "))
        }
    }

    @Test func `a HEAD tells how an object is encrypted and whether it is in an archive`() async throws {
        let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd"
        let fault = Fault.headers(
            on: .head,
            [
                "x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": key,
                "x-amz-archive-status": "ARCHIVE_ACCESS", "x-amz-restore": "ongoing-request=\"true\"",
                "x-amz-version-id": "v1", "x-amz-storage-class": "INTELLIGENT_TIERING",
                "x-amz-request-charged": "requester",
            ])
        try await ScriptedBucket.with(.init(objects: [object], faults: [fault])) { bucket in
            let facts = try await bucket.client.headObject(ObjectKey("a"))
            #expect(facts.object.size == 5 && facts.object.storageClass == "INTELLIGENT_TIERING")
            #expect(facts.encryption == "aws:kms" && facts.kmsKeyID == key)
            #expect(facts.archiveStatus == "ARCHIVE_ACCESS" && facts.restore == "ongoing-request=\"true\"")
            #expect(facts.versionID == "v1" && facts.isRequesterCharged)
            #expect(abs(facts.serviceDate?.timeIntervalSinceNow ?? 1e9) < 60)
            let plain = try await bucket.client.headObject(ObjectKey("a"))
            #expect(plain.encryption == nil && plain.kmsKeyID == nil && plain.archiveStatus == nil)
            #expect(plain.restore == nil && plain.versionID == nil && !plain.isRequesterCharged)
        }
    }

    @Test func `a HEAD of the bucket tells its region, in a refusal too`() async throws {
        try await ScriptedBucket.with(.init()) { bucket in
            let facts = try await bucket.client.headBucket()
            #expect(facts.region == "us-east-1" && !facts.isAccessPointAlias && facts.serviceDate != nil)
        }
        let refusal = Fault.error(on: .headBucket, 403, nil, headers: ["x-amz-bucket-region": "us-east-1"])
        try await ScriptedBucket.with(.init(faults: [refusal]), region: "us-east-1") { bucket in
            let error = await #expect(throws: S3Error.self) { try await bucket.client.headBucket() }
            #expect(error?.code == .accessDenied && error?.bucketRegion == "us-east-1" && error?.status == 403)
            #expect(error?.requestID == "SCRIPTED0001" && error?.serviceDate != nil)
        }
    }

    @Test func `a page may be asked to be short`() async throws {
        let objects = (0..<5).map { Object("\($0)", body: [1]) }
        try await ScriptedBucket.with(.init(objects: objects)) { bucket in
            let page = try await bucket.client.listPage(prefix: ObjectKey(""), keyCountMax: 2)
            #expect(page.objects.count == 2 && page.continuationToken != nil)
        }
    }
}
