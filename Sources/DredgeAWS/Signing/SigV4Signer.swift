import DredgeBase
public import DredgeTransfer

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// AWS Signature Version 4 in the `Authorization` header: a pure function of its inputs.
///
/// The only thing kept between calls is the derived signing key of the day, and that lives and dies with the
/// credentials. Follows "Create a signed AWS API request" of the IAM User Guide, and for `s3` its exceptions: the path
/// is encoded once and not normalised, and the payload's digest is always sent as `x-amz-content-sha256`. Costs a few
/// microseconds; safe from any thread.
public struct SigV4Signer: Sendable {
    /// For example `eu-central-1`.
    public let region: String
    /// For example `s3` or `sts`.
    public let service: String

    private var isS3: Bool { service == "s3" }

    /// A signer for one service in one region.
    public init(region: String, service: String) {
        self.region = region
        self.service = service
    }

    /// Signs `request` as it stands: method, URL, every header, and the body or `UNSIGNED-PAYLOAD`.
    ///
    /// Replaces `x-amz-date`, `x-amz-security-token`, `x-amz-content-sha256` (S3 only) and `authorization`, so that a
    /// request can be signed again for the next attempt. The URL must be encoded already, its query too; for S3 its
    /// path is signed byte for byte. A header added afterwards isn't signed; one changed afterwards breaks the
    /// signature. `host` is signed as curl sends it.
    /// - Parameter unsignedPayload: S3 over https: the body is protected by TLS alone, and isn't hashed.
    public func sign(_ request: inout HTTPRequest, credentials: Credentials, date: Date, unsignedPayload: Bool) {
        let date = SigningDate(date)
        let payloadDigest =
            if unsignedPayload, isS3 {
                "UNSIGNED-PAYLOAD"
            } else if let body = request.body, !body.isEmpty {
                SHA256.hex(body)
            } else {
                SHA256.hexOfNothing
            }
        request.headers.removeAll { Self.ownHeaders.contains($0.name.lowercased()) }
        request.headers.append((Self.dateHeader, date.timestamp))
        if isS3 { request.headers.append((Self.digestHeader, payloadDigest)) }
        if let token = credentials.storage.sessionToken {
            request.headers.append((Self.tokenHeader, token.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }))
        }
        let canonical = CanonicalRequest(
            request, payloadDigest: payloadDigest, encodesPathAgain: !isS3)
        let authorization = authorization(for: canonical, credentials: credentials, date: date)
        request.headers.append((Self.authorizationHeader, authorization))
    }

    /// The signature of a request, which is as good as a secret for some minutes; nil: it isn't signed.
    static func signature(of request: HTTPRequest) -> String? {
        guard let authorization = request.headers.last(where: { $0.name == authorizationHeader })?.value else {
            return nil
        }
        return String(authorization.suffix(2 * HMACSHA256.byteCount))
    }

    private static let dateHeader = "x-amz-date"
    private static let digestHeader = "x-amz-content-sha256"
    private static let tokenHeader = "x-amz-security-token"
    private static let authorizationHeader = "authorization"
    private static let ownHeaders = [dateHeader, digestHeader, tokenHeader, authorizationHeader]

    private func authorization(for canonical: CanonicalRequest, credentials: Credentials, date: SigningDate) -> String {
        let scope = "\(date.day)/\(region)/\(service)/aws4_request"
        let stringToSign = stringToSign(for: canonical, date: date, scope: scope)
        let key = credentials.storage.signingKey(day: date.day, region: region, service: service)
        var output: [UInt8] = []
        output.reserveCapacity(256)
        output.append(contentsOf: "AWS4-HMAC-SHA256 Credential=".utf8)
        output.append(contentsOf: credentials.accessKeyID.utf8)
        output.append(UInt8(ascii: "/"))
        output.append(contentsOf: scope.utf8)
        output.append(contentsOf: ", SignedHeaders=".utf8)
        output.append(contentsOf: canonical.signedHeaders)
        output.append(contentsOf: ", Signature=".utf8)
        withUnsafeTemporaryAllocation(byteCount: HMACSHA256.byteCount, alignment: 16) { signature in
            stringToSign.withUnsafeBytes { key.authenticate($0, into: signature) }
            Hexadecimal.append(UnsafeRawBufferPointer(signature), to: &output)
        }
        return String(decoding: output, as: UTF8.self)
    }

    func stringToSign(for canonical: CanonicalRequest, date: SigningDate, scope: String) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(192)
        output.append(contentsOf: "AWS4-HMAC-SHA256\n".utf8)
        output.append(contentsOf: date.timestamp.utf8)
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: scope.utf8)
        output.append(UInt8(ascii: "\n"))
        withUnsafeTemporaryAllocation(byteCount: SHA256.byteCount, alignment: 16) { digest in
            canonical.bytes.withUnsafeBytes { SHA256.digest($0, into: digest) }
            Hexadecimal.append(UnsafeRawBufferPointer(digest), to: &output)
        }
        return output
    }
}
