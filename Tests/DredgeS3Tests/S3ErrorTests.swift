import DredgeS3
import DredgeTransfer
import TestServers
import Testing

private typealias Object = ScriptedS3Server.Object
private typealias Fault = ScriptedS3Server.Fault

/// What an error tells, and whether it ends the source.
@Suite(.timeLimit(.minutes(30))) struct S3ErrorTests {
    static let fatal: Set<S3Error.Code> = [
        .noSuchBucket, .wrongRegion, .invalidCredentials, .signatureRefused, .expiredCredentials, .clockSkewed,
        .requesterPays, .unreachable, .machine,
        .credentials,
    ]
    static let ofObject: Set<S3Error.Code> = [
        .accessDenied, .noSuchKey, .preconditionFailed, .archived, .invalidRange, .methodNotAllowed, .kms, .keyTooLong,
        .throttled, .serviceFailure, .shortBody, .malformedAnswer, .other,
    ]

    @Test func `one object's failure never ends its source (I7), a listing's always does`() {
        for code in Self.fatal.union(Self.ofObject) {
            let listing = S3Error(code: code, bucket: "b", message: "", advice: "")
            #expect(listing.isFatalForSource, "\(code)")
            let object = S3Error(code: code, bucket: "b", key: ObjectKey("k"), message: "", advice: "")
            #expect(object.isFatalForSource == Self.fatal.contains(code), "\(code)")
        }
        #expect(!S3Error(code: .cancelled, bucket: "b", message: "", advice: "").isFatalForSource)
        let shut = S3Error(
            code: .accessDenied, bucket: "b", key: ObjectKey("k"), serviceCode: "AllAccessDisabled", message: "",
            advice: "")
        #expect(shut.isFatalForSource)
    }

    @Test func `a description is one line that says where, what and what next`() {
        let error = S3Error(
            code: .accessDenied, bucket: "b", key: ObjectKey("a\nb"), range: 5..<10, attemptCount: 3, status: 403,
            serviceCode: "AccessDenied", requestID: "R1", message: "reading the object was refused", advice: "Allow it."
        )
        #expect(
            "\(error)"
                == "s3://b/a\\nb bytes 5..<10: reading the object was refused (AccessDenied, HTTP 403, request ID R1, "
                + "3 attempts). Allow it."
        )
    }

    @Test(arguments: [
        (
            "User: arn:aws:iam::1:user/u is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:…",
            "kms:Decrypt", true
        ),
        ("The ciphertext refers to a customer master key that does not exist", "kms:Decrypt", true),
        (
            "User: arn:aws:sts::1:assumed-role/R/s is not authorized to perform: kms:Decrypt on resource: "
                + "arn:aws:kms:… because no session policy allows the kms:Decrypt action", "kms_key_arn", true
        ),
        ("Access Denied", "s3:GetObject on arn:aws:s3:::bucket/a", false),
    ])
    func `a refusal names the permission that is missing`(message: String, told: String, isKMS: Bool) async throws {
        let fault = Fault.error(on: .get, 403, "AccessDenied", message: message)
        try await ScriptedBucket.with(.init(objects: [Object("a", body: [1])], faults: [fault])) { bucket in
            let error = try #require(try await bucket.readError("a", 0..<1))
            #expect(error.advice.contains(told))
            #expect(error.advice.contains("s3:GetObject") == !isKMS)
        }
    }

    @Test func `an archived object is told with its storage class`() async throws {
        var object = Object("a", body: [1])
        object.storageClass = "DEEP_ARCHIVE"
        try await ScriptedBucket.with(.init(objects: [object])) { bucket in
            let error = try #require(try await bucket.readError("a", 0..<1))
            #expect(error.code == .archived)
            #expect(error.advice.contains("DEEP_ARCHIVE"))
            #expect(!error.isFatalForSource)
        }
    }

    @Test func `HEAD errors are told by the header, as they have no body`() async throws {
        let faults = [
            Fault.error(on: .head, 403, nil, headers: ["x-amz-error-code": "InvalidAccessKeyId"]),
            .error(on: .head, 404, nil), .error(on: .head, 403, nil),
        ]
        try await ScriptedBucket.with(.init(objects: [Object("a", body: [1])], faults: faults)) { bucket in
            for code in [S3Error.Code.invalidCredentials, .noSuchKey, .accessDenied] {
                let error = await #expect(throws: S3Error.self) { try await bucket.client.headObject(ObjectKey("a")) }
                #expect(error?.code == code)
            }
        }
    }

    @Test func `nothing of an error document but its known fields is told (I8)`() async throws {
        let long = String(repeating: "x", count: 5_000)
        let fault = Fault.error(
            on: .get, 403, "SignatureDoesNotMatch", message: "bad\n\u{9B}31m\(long)",
            fields: ["StringToSign": "SECRETPART", "AWSAccessKeyId": "AKIDSECRETPART", "HostId": "SECRETPART"],
            headers: ["x-amz-meta-note": "SECRETPART"])
        try await ScriptedBucket.with(.init(objects: [Object("a", body: [1])], faults: [fault])) { bucket in
            let error = try #require(try await bucket.readError("a", 0..<1))
            var dumped = ""
            dump(error, to: &dumped)
            #expect(!dumped.contains("SECRETPART"))
            #expect(!dumped.contains("\u{9B}"))
            #expect(error.message.count < 700)
        }
    }
}
