import Dredge
import DredgeAWS
import DredgeS3

/// Why a listing is refused.
extension BucketEvidence {
    /// The likeliest first. A certain one stands alone.
    func listCauses() -> [CheckCause] {
        if let cause = commonCause { return [cause] }
        let refusals = refusals(isListing: true)
        switch refusals.first {
        case .denied?, .limited?, .shutForEverybody?: break
        default: if let allowedPrefix { return [prefixNotAllowed(allowedPrefix)] }
        }
        return causes(refusals, isListing: true)
    }

    var listNotAllowed: CheckCause {
        let evidence =
            objectRead == .allowed
            ? "An object can be read, the bucket can't be listed: as if the policy named only \(arn)/* and "
                + "not the bucket itself, \(arn)."
            : "Listing needs s3:ListBucket on the bucket itself, \(arn). A statement whose resource is \(arn)/* is "
                + "about objects, and does not allow it."
        return CheckCause(
            .listNotAllowed, "\(holder.asSentence.dropLast()) may not list the bucket.", because: evidence,
            change: readingChange)
    }

    func prefixNotAllowed(_ allowed: String?) -> CheckCause {
        guard let allowed else {
            let other = source.prefix.hasSuffix("/") ? String(source.prefix.dropLast()) : source.prefix + "/"
            return CheckCause(
                .prefixNotAllowed, "A condition on s3:prefix does not cover this prefix.",
                because:
                    "Policies often allow listings of some prefixes only. The prefix of the config is "
                    + "\"\(source.prefix)\"; a condition for \"\(other)\" or another spelling does not match it.",
                change: readingChange)
        }
        let isSlash = allowed == source.prefix + "/"
        return CheckCause(
            .prefixNotAllowed, isCertain: true, "A condition on s3:prefix does not cover this prefix.",
            because: "Listing \"\(allowed)\" is allowed, listing \"\(source.prefix)\" is not.",
            change: isSlash
                ? RequiredChange(.you, "Write prefix: \(allowed) in the config, with the slash at its end.")
                : RequiredChange(
                    readingChange.who,
                    "Put the policy below in the place of the one that has the condition, or write prefix: "
                        + "\"\(allowed)\" in the config if those are the keys that are meant.",
                    readingChange.document))
    }

    var wholeBucketNotAllowed: CheckCause {
        CheckCause(
            .prefixNotAllowed, "Only a part of the bucket may be listed.",
            because: "The config has no prefix, so the whole bucket is listed; a condition on s3:prefix refuses that.",
            change: RequiredChange(.you, "Write the prefix that you were given as prefix: … in the config."))
    }

    var bucketOfOtherAccount: CheckCause {
        CheckCause(
            .bucketOfOtherAccount, "The bucket belongs to another account than the role.",
            because:
                "A role reads the buckets of its own account; the owner of any other one "
                + "must let it in by a bucket policy.",
            change: RequiredChange(
                .bucketOwner(nil),
                "Check the bucket's name. If it is right, add the statements below to the bucket's policy.",
                CheckDocuments.bucket(source, reader: reader)))
    }

    var notPublic: CheckCause {
        CheckCause(
            .bucketPolicy, isCertain: true, "The bucket is not public.",
            because: "Requests are not signed (auth: anonymous), and S3 refuses them.",
            change: RequiredChange(
                .you,
                "Use another kind of auth. (To make the bucket public, its owner must allow s3:ListBucket and "
                    + "s3:GetObject to everybody and lift Block Public Access.)"
            ))
    }
}
