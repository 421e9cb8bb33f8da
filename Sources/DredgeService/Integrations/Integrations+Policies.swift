internal import DredgeAWS
internal import DredgeIAM
internal import DredgePolicy
internal import Foundation

extension Integrations {
    /// The documents of `show` as texts to paste: the trust policy (nil: the server's principal is not known), and the
    /// permissions for a bucket. Throws `notFound` where no external ID was made.
    /// - Parameters:
    ///   - bucket: a name, or the ARN of an access point; empty: it is left to be filled in.
    ///   - prefix: of the keys that may be read; empty: all.
    ///   - keyARN: the KMS key that encrypts the bucket; empty: none of the customer's own.
    public func policies(
        bucket: String, prefix: String, keyARN: String, for caller: Caller
    ) async throws -> (trust: String?, permissions: String) {
        let record = try await database.read { try Self.record($0, caller.organization) }
        guard record.externalID != nil else { throw Self.noIntegration }
        let principal = await principal.arn().flatMap { try? TrustedPrincipal($0) }
        let scope = try Self.orInvalid("bucket") { () throws(AWSError) in
            try BucketScope(bucket: bucket.isEmpty ? "your-bucket-name" : bucket, prefix: prefix)
        }
        var key: EncryptionKey?
        if !keyARN.isEmpty {
            key = try Self.orInvalid("kms_key_arn") { () throws(AWSError) in try EncryptionKey(keyARN) }
        }
        return (
            principal.map {
                AccessPolicies.trust($0, externalIDs: record.valid(at: Date().timeIntervalSince1970)).prettyJSON
            },
            AccessPolicies.permissions(scope, key: key).prettyJSON
        )
    }

    private static func orInvalid<T>(_ field: String, _ make: () throws(AWSError) -> T) throws -> T {
        do throws(AWSError) { return try make() } catch {
            throw ServiceError.invalid(field, "\(error.message). \(error.advice)")
        }
    }
}
