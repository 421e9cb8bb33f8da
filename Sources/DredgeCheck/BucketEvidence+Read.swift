import DredgeAWS

/// Why an object is refused.
extension BucketEvidence {
    /// Why an object is refused, whose head is refused, too.
    func readCauses() -> [CheckCause] {
        if let cause = commonCause { return [cause] }
        let refusals = refusals(isListing: false)
        if refusals.count > 1, objectRead == .allowed { return [objectOfOtherAccount, deniedAbove] }
        return causes(refusals, isListing: false)
    }

    var getNotAllowed: CheckCause {
        CheckCause(
            .getNotAllowed, "\(holder.asSentence.dropLast()) may list the bucket, but not read its objects.",
            because:
                "Reading needs s3:GetObject on the objects, \(arn)/*. A statement whose resource is \(arn), without "
                + "/*, is about the bucket, and does not allow it.",
            change: readingChange)
    }

    var objectOfOtherAccount: CheckCause {
        CheckCause(
            .objectOfOtherAccount, "This object alone is refused.",
            because:
                "Others can be read. Either a statement forbids this key, or another account "
                + "wrote the object and still owns it.",
            change: RequiredChange(
                .bucketOwner(owner),
                "Look for a deny that covers \(objectKey.map { "\($0)" } ?? "the key"). For objects that others wrote, "
                    + "set Object Ownership of the bucket to \"Bucket owner enforced\"."
            ))
    }
}
