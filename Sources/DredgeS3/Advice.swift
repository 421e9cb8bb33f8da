import DredgeAWS
import DredgeBase
import DredgeTransfer

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What somebody who reads an error should do next.
struct Advice {
    let operation: Operation
    let context: S3Error.Context

    func text(
        for code: S3Error.Code, fault: ServiceFault? = nil, transfer: TransferError? = nil
    ) -> String {
        if operation.isWrite, let text = ofWrite(for: code, fault: fault) { return text }
        return switch code {
        case .accessDenied: accessDenied(fault)
        case .noSuchBucket:
            "Check the bucket's name (\(shown(operation.bucket)))"
                + (context.target.endpoint.followsRegion
                    ? "." : " and the endpoint URL (\(context.target.endpoint.authority)).")
        case .noSuchKey: "The object was deleted after it was listed, or the key is misspelt; keys are case-sensitive."
        case .preconditionFailed:
            "The object was written again since it was listed: list it again and read its new version."
        case .archived:
            "The object is in \(fault?.storageClass ?? fault?.accessTier ?? "an archive storage class"): restore it "
                + "first (aws s3api restore-object), or leave it out."
        case .invalidRange: "The object is shorter than when it was listed: list it again."
        case .wrongRegion:
            "Set the source's region to that of the bucket "
                + "(\(fault?.region ?? "aws s3api get-bucket-location names it")); \(context.target.region) "
                + "was tried last."
                + (context.target.endpoint.followsRegion ? "" : " The endpoint URL may belong to another region.")
        case .methodNotAllowed:
            "The service does not allow to read this: a delete marker, or an endpoint that is not S3."
        case .invalidCredentials where !context.isSigned, .expiredCredentials where !context.isSigned,
            .clockSkewed where !context.isSigned:
            "The request was not signed (auth: anonymous), so there is nothing in it that can be refused so: check "
                + "that \(context.target.endpoint.authority) is the service you mean, and any proxy on the way, or "
                + "give the source keys or a role."
        case .invalidCredentials: invalidCredentials(fault)
        case .expiredCredentials:
            "The session is over or its token unknown here, and new credentials were refused too: sign in again, or "
                + "replace the session token. A token is only good in the partition that made it."
        case .clockSkewed: clockSkewed(fault)
        case .kms:
            "See to the object's KMS key: it must be enabled, not pending deletion, and its key policy must allow "
                + "kms:Decrypt to the identity that reads."
        case .keyTooLong: "Keys have at most 1,024 bytes."
        case .requesterPays:
            context.requestPayer
                ? "The bucket charges who reads it, and the service does not accept the offer to pay: sign the "
                    + "requests (an anonymous one can't pay), and ask the bucket's owner."
                : "The bucket charges who reads it: set request_payer: requester if your account is to pay for "
                    + "requests and transfer."
        case .throttled:
            "The service asks to slow down. Lower the number of requests in flight, or run again later: what is "
                + "done stays done."
        case .serviceFailure, .shortBody:
            "The service or the way to it is disturbed. Run again: what is done stays done."
        case .unreachable: unreachable(transfer)
        case .machine: "Raise the limit on open files (ulimit -n), or lower the number of requests in flight."
        case .malformedAnswer:
            "What answers at \(context.target.endpoint.authority) does not behave as S3 does: check the endpoint URL, "
                + "and any proxy on the way."
        case .checksumMismatch: Self.checksumMismatch
        case .credentials: "See to the credentials."
        case .cancelled: Self.cancelled(operation)
        case .other: "See what the service says about this code, and give it the request ID if it can't be explained."
        }
    }

    static let checksumMismatch =
        "Something on the way changes the object, or the service has not what was uploaded: read it another way, and "
        + "upload it again if it differs there too."

    /// Names the permission and the resource, since S3 says only "denied" most of the time.
    private func accessDenied(_ fault: ServiceFault?) -> String {
        let partition = Partition.ofRegion(context.target.region).name
        let address = context.target.address
        // A policy needs the access point's own ARN, which its alias does not tell.
        let point = address.isAlias ? "the ARN of the access point, for which its alias can't stand," : nil
        let arn = point ?? printable(address.arn(partition: partition).utf8, scalarCountMax: 200)
        let who = context.isSigned ? "the identity that signs" : "everybody (the request was anonymous)"
        if fault?.code == "AllAccessDisabled" {
            return "Access to the bucket is shut for everybody: its owner must open it again."
        }
        // S3's words for what a session's own policy leaves out ("Troubleshoot access denied errors", Amazon S3 User
        // Guide).
        if fault?.message?.contains("session policy") == true {
            return
                "The session itself is narrower than this: correct the source's prefix and kms_key_arn, or write "
                + "session_policy: none for its last role."
        }
        if mentionsKMS(fault) {
            if operation.isWrite { return "Allow \(Self.kmsWriteActions) on the bucket's KMS key to \(who)." }
            return "Allow kms:Decrypt on the object's KMS key to \(who), in its policy and in the key's policy."
        }
        switch operation.action {
        case .list(let prefix):
            let condition =
                prefix.bytes.isEmpty ? "" : ", for the prefix \"\(printable(prefix.bytes, scalarCountMax: 120))\""
            return
                "Allow s3:ListBucket on \(arn)\(condition) to \(who); look for a deny in the bucket policy, in a "
                + "session policy or in the organization's policies."
                + otherReasons(fault)
        case .headBucket:
            return "Allow s3:ListBucket on \(arn) to \(who)." + otherReasons(fault)
        case .get, .head, .put, .createUpload, .uploadPart, .completeUpload, .abortUpload:
            let key = operation.key.map { printable($0.bytes, scalarCountMax: 200) } ?? "*"
            let objectARN =
                point.map { "\($0) with /object/\(key) behind it" }
                ?? printable(address.objectARN(key, partition: partition).utf8, scalarCountMax: 500)
            if operation.isWrite {
                return
                    "Allow \(writeActions) on \(objectARN) to \(who); if a KMS key encrypts the bucket, also "
                    + "\(Self.kmsWriteActions) on that key." + otherReasons(fault)
            }
            return
                "Allow s3:GetObject on \(objectARN) to \(who); if the object is encrypted with a KMS key, also "
                + "kms:Decrypt on that key. Without s3:ListBucket a deleted object is refused like this, too."
                + otherReasons(fault)
        }
    }

    /// What S3 refuses in the same words as a missing permission. Where it names the action that nobody allows, it is
    /// none of these.
    private func otherReasons(_ fault: ServiceFault?) -> String {
        if fault?.message?.contains("is not authorized to perform") == true { return "" }
        var reasons: [String] = []
        if let owner = context.expectedBucketOwner {
            reasons.append("the bucket belongs to another account than \(owner) (expected_bucket_owner)")
        }
        if !context.requestPayer, context.isSigned, context.target.endpoint.followsRegion {
            reasons.append("it charges who asks (request_payer: requester)")
        }
        return reasons.isEmpty ? "" : " S3 answers the same where \(reasons.joined(separator: ", or "))."
    }

    private func mentionsKMS(_ fault: ServiceFault?) -> Bool {
        guard let message = fault?.message?.lowercased() else { return false }
        return message.contains("kms:") || message.contains("kms key") || message.contains("ciphertext")
    }

    private func invalidCredentials(_ fault: ServiceFault?) -> String {
        if fault?.code == "SignatureDoesNotMatch", context.isOfSession {
            return
                "A session's keys are right as they were given: a proxy changes requests on the way (path, query, "
                + "headers), or the service signs in another way. Try without the proxy, or another endpoint. Where "
                + "the session was copied by hand, copy its secret again."
        }
        if fault?.code == "SignatureDoesNotMatch" {
            return
                "The secret access key does not belong to the access key ID, or a proxy changes requests on the way: "
                + "check the secret (whitespace, quotes) and the endpoint."
        }
        return
            "The service does not know the access key ID: check that the key exists, is active and belongs to "
            + "this service."
    }

    private func clockSkewed(_ fault: ServiceFault?) -> String {
        let repair = "Set this machine's clock (for example: timedatectl set-ntp true)."
        guard let theirs = fault?.date.flatMap(Timestamp.http) else { return repair }
        let minutes = Int((context.now.timeIntervalSince(theirs) / 60).rounded())
        return
            "This machine's clock is \(abs(minutes)) minutes \(minutes < 0 ? "behind" : "ahead of") the "
            + "service's. \(repair)"
    }

    private func unreachable(_ error: TransferError?) -> String {
        if error?.isOfProxy == true { return TransferError.proxyAdvice }
        let host = error.map { printable($0.authority.utf8) } ?? context.target.endpoint.authority
        let checks =
            context.target.endpoint.followsRegion
            ? "the region (\(context.target.region)), the network and any proxy"
            : "the endpoint URL, whether its server runs, and any proxy that the environment names"
        if error?.code == .tls || error?.code == .certificate {
            return
                "The TLS handshake with \(host) failed: check \(checks), and the certificate authorities "
                + "(AWS_CA_BUNDLE)."
        }
        let fips =
            context.target.variants.fips && context.target.endpoint.followsRegion
            ? " Only some regions have FIPS endpoints (those of the US, Canada and GovCloud): where there is none, "
                + "set use_fips: false."
            : ""
        return "\(host) can't be reached: check \(checks).\(fips)"
    }

    private func shown(_ text: String) -> String {
        printable(text.utf8, scalarCountMax: 120)
    }
}
