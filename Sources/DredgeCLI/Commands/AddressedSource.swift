import Dredge
import DredgeAWS
import DredgeConfig
import Foundation

/// The source that a URL and the flags of access name, as a config would give it.
struct AddressedSource {
    let base: BaseCredentials
    private(set) var source: Source
    private let environment: [String: String]

    init(_ url: String, _ access: AccessOptions, environment: [String: String], _ check: inout FlagCheck) {
        base = BaseCredentials.defaultChain(profile: access.profile)
        self.environment = base.environment(environment)
        let address = SourceURL(url)?.globbed
        if let address {
            check.rule("the bucket", address.bucket) {
                FieldRules.bucket($0, isLegacyAllowed: access.pathStyle || access.endpointURL != nil)
            }
            check.rule("the prefix", address.prefix, FieldRules.prefix)
        } else {
            check.report("\(Quoting.quoted(url)) is not of the form s3://bucket/prefix")
        }
        source = Source(
            bucket: address?.bucket ?? "", prefix: address?.prefix ?? "", region: access.region,
            endpointURL: access.endpointURL, stsEndpointURL: access.stsEndpointURL,
            pathStyle: access.pathStyle ? true : nil, auth: access.auth(&check, environment: self.environment),
            include: address?.pattern.map { [$0] } ?? [], expectedBucketOwner: access.owner,
            requestPayer: access.requestPayer != nil, requireExternalID: access.requireExternalID)
    }

    /// Changes the source, and throws a `CommandFailure` with all that is wrong.
    mutating func finish(_ check: FlagCheck, _ change: (inout Source) -> Void = { _ in }) throws {
        var check = check
        try check.finish()
        change(&source)
        guard let problem = source.problem(environment: environment) else { return }
        check.report("\(problem.message) \(problem.advice)")
        try check.finish()
    }
}
