import DredgeAWS

extension Source {
    /// The account that S3 is told to find as the bucket's owner; nil: S3 is told nothing.
    ///
    /// An access point's ARN names its account already, so that no stranger can take its place; the bucket behind it may well be another
    /// account's ("Creating access points", Amazon S3 User Guide).
    package var expectedBucketOwnerAccount: String? {
        switch expectedBucketOwner {
        case .account(let account): account
        case .anyone: nil
        case .ofRole:
            if case .assumeRole(let hops) = auth, !bucket.hasPrefix("arn:") {
                hops.last.flatMap { RoleARN($0.roleARN)?.account }
            } else {
                nil
            }
        }
    }
}
