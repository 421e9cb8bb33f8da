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
        case .signatureRefused: SignatureRefusal.changedAdvice
        case .expiredCredentials:
            "The session is over or its token unknown here, and new credentials were refused too: sign in again, or "
                + "replace the session token. A token is only good in the partition that made it."
        case .clockSkewed: clockSkewed(fault)
        case .kms: refusedKey(fault)
        case .keyTooLong: "Keys have at most 1,024 bytes."
        case .requesterPays:
            context.requestPayer
                ? "The bucket charges who reads it, and the service does not accept the offer to pay: sign the "
                    + "requests (an anonymous one can't pay), and ask the bucket's owner."
                : "The bucket charges who reads it: set request_payer: requester if your account is to pay for "
                    + "requests and transfer."
        case .throttled where fault?.isOwnFailure == true: Self.ownFailure(fault)
        case .throttled:
            "The service asks to slow down. Lower the number of requests in flight, or run again later: what is "
                + "done stays done."
        case .serviceFailure where fault?.isOwnFailure == true: Self.ownFailure(fault)
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

    /// Nobody but the service's operator can mend it.
    static func ownFailure(_ fault: ServiceFault?) -> String {
        "This is the service's own failure: nothing of yours is to be changed. Run again later: what is done stays "
            + "done. If it goes on, give \(fault?.requestID == nil ? "the time" : "the request ID") to the service's "
            + "support."
    }

    static let checksumMismatch =
        "Something on the way changes the object, or the service has not what was uploaded: read it another way, and "
        + "upload it again if it differs there too."

    private func accessDenied(_ fault: ServiceFault?) -> String {
        switch Denial(fault?.message ?? "").decision {
        case .denied(by: .session), .notAllowed(by: .session):
            return
                "The session itself is narrower than this: correct the source's prefix and kms_key_arn, or write "
                + "session_policy: none for its last role."
        default: break
        }
        let isOfKey = KeyRefusal.isMeant(serviceCode: fault?.code, message: fault?.message)
        guard operation.isWrite else { return isOfKey ? refusedKey(fault) : refusedRead(fault) }
        let who = context.isSigned ? "the identity that signs" : "everybody (the request was anonymous)"
        if fault?.code == "AllAccessDisabled" {
            return "Access to the bucket is shut for everybody: its owner must open it again."
        }
        if isOfKey { return "Allow \(Self.kmsWriteActions) on the bucket's KMS key to \(who)." }
        return
            "Allow \(writeActions) on \(resourceName) to \(who); if a KMS key encrypts the bucket, also "
            + "\(Self.kmsWriteActions) on that key." + otherReasons(fault)
    }

    /// The ARN that a policy has to name: of the bucket for a listing, else of the object.
    var resourceName: String {
        let partition = Partition.ofRegion(context.target.region).name
        let address = context.target.address
        let key = operation.key.map { printable($0.bytes, scalarCountMax: 200) }
        // A policy needs the access point's own ARN, which its alias does not tell.
        if address.isAlias {
            return "the ARN of the access point, for which its alias can't stand,"
                + (key.map { " with /object/\($0) behind it" } ?? "")
        }
        return key.map { printable(address.objectARN($0, partition: partition).utf8, scalarCountMax: 500) }
            ?? printable(address.arn(partition: partition).utf8, scalarCountMax: 200)
    }

    /// What S3 refuses in the same words as a missing permission. Where it names the action that nobody allows, it is
    /// none of these.
    func otherReasons(_ fault: ServiceFault?) -> String {
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

    private func invalidCredentials(_ fault: ServiceFault?) -> String {
        if fault?.code == "SignatureDoesNotMatch" {
            return SignatureRefusal.secretAdvice(signer: "the access key ID", isTemporary: context.isOfSession)
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
