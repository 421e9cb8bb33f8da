import DredgeAWS
import DredgeS3

/// What can be seen to be wrong with a source without asking anybody.
package struct SourceProblem: Sendable, Hashable {
    /// The key in a config.
    package enum Field: String, Sendable {
        case auth, bucket, region
        case expectedBucketOwner = "expected_bucket_owner"
        case requestPayer = "request_payer"
        case requireExternalID = "require_external_id"
        case prefix
        case minSize = "min_size"
    }

    /// Where; nil: it concerns the source as a whole.
    package let field: Field?
    /// One sentence.
    package let message: String
    /// One sentence.
    package let advice: String
}

extension Source {
    /// The first problem; nil: there is none to be seen.
    /// - Parameter environment: where the endpoints of other services are looked up, to which AWS's partitions mean
    ///   nothing; also in the profile that it names.
    package func problem(environment: [String: String]) -> SourceProblem? {
        if case .account(let account) = expectedBucketOwner, !ARN.isAccountID(account) {
            return SourceProblem(
                field: .expectedBucketOwner, message: "The expected bucket owner is not an AWS account ID.",
                advice: "Give its twelve digits, or none.")
        }
        if requestPayer, case .anonymous = auth {
            return SourceProblem(
                field: .requestPayer, message: "Nobody signs the requests, so nobody can pay for them.",
                advice: "Sign them, or leave the payer away.")
        }
        if let minSizeByteCount, let maxSizeByteCount, minSizeByteCount > maxSizeByteCount {
            return SourceProblem(
                field: .minSize, message: "The smallest size is above the largest, so that no object is read.",
                advice: "Correct min_size or max_size.")
        }
        if let externalIDProblem {
            return SourceProblem(
                field: .requireExternalID, message: externalIDProblem,
                advice: "Give the last role's external ID, or leave out require_external_id.")
        }
        if !prefix.utf8.starts(with: (storedPrefix ?? prefix).utf8) {
            return SourceProblem(
                field: .prefix, message: "The prefix does not begin with the one by which the store knows the source.",
                advice: "Give a stored prefix that the prefix begins with.")
        }
        if listsPart || objectCountMax != nil || isOneObject, removal.mode != .keep {
            return SourceProblem(
                field: .prefix, message: "What a listing of a part does not show may be there all the same.",
                advice: "Keep the documents that it leaves over (deletions: keep).")
        }
        if let problem = partitionProblem(environment) { return problem }
        let endpointProblem =
            clientSettings.problem(environment: environment)
            ?? CredentialSources.endpointProblem(
                hops, region: region, endpointURL: stsEndpointURL, useFIPS: useFIPS, useDualStack: useDualStack,
                environment: environment)
        return endpointProblem.map {
            SourceProblem(field: nil, message: "No request can be made: \($0.message).", advice: $0.advice)
        }
    }

    /// Whether it lists less than the store knows as the source.
    var listsPart: Bool { storedPrefix.map { $0 != prefix } ?? false }

    /// Roles, bucket and region are of one partition: nothing leads from one to another.
    private func partitionProblem(_ environment: [String: String]) -> SourceProblem? {
        let settings = EndpointSettings(environment: environment)
        guard !settings.hasEndpoint(stsEndpointURL, of: .sts) else { return nil }
        let roles = hops.compactMap { RoleARN($0.roleARN) }
        guard roles.count == hops.count, let partition = roles.last?.partition else { return nil }
        func problem(_ field: SourceProblem.Field, _ what: String, _ other: String, _ advice: String) -> SourceProblem {
            SourceProblem(
                field: field,
                message: "\(what) is in the partition \(other), the role \(hops.last?.roleARN ?? "") in \(partition).",
                advice: "Nothing leads from one partition to another: \(advice).")
        }
        if let other = roles.firstIndex(where: { $0.partition != partition }) {
            return problem(
                .auth, "The role \(hops[other].roleARN)", roles[other].partition, "correct one of the roles' ARNs")
        }
        if case .accessPoint(let point)? = try? BucketAddress(bucket), point.partition != partition {
            return problem(.bucket, "The access point", point.partition, "correct its ARN, or the role's")
        }
        if let region, !settings.hasEndpoint(endpointURL, of: .s3), Partition.ofRegion(region).name != partition {
            return problem(
                .region, "The region \(region)", Partition.ofRegion(region).name,
                "correct the region or the role's ARN, or leave the region away")
        }
        return nil
    }
}
