import ArgumentParser
import Dredge
import DredgeAWS
import DredgePolicy

struct PolicyS3DestinationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destination-s3", abstract: "What a role needs that writes objects.",
        example: "dredge policy destination-s3 --bucket acme-results --prefix out/")

    @OptionGroup var subject: PolicySubject
    @OptionGroup var bucket: PolicyBucket
    @OptionGroup var output: PolicyOutput

    func run() throws {
        let subject = try subject.resolved()
        let document = AccessPolicies.s3Destination(
            try bucket.requiredScope(subject), key: try bucket.key(subject))
        try output.print(document, holder: { try PolicyHolder.role(subject, policyName: "DredgeWriteObjects") })
    }
}

struct PolicyIcebergDestinationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destination-iceberg", abstract: "What a role needs that writes tables of the Glue catalog.",
        example: "dredge policy destination-iceberg --bucket acme-lake --glue-database contracts")

    @OptionGroup var subject: PolicySubject
    @OptionGroup var bucket: PolicyBucket

    @Option(help: ArgumentHelp("The catalog's database.", valueName: "name"))
    var glueDatabase: String

    @OptionGroup var place: PolicyPlace
    @OptionGroup var output: PolicyOutput

    func run() throws {
        let subject = try subject.resolved()
        let (region, account) = try place.resolved(subject, region: bucket.region)
        let document = AccessPolicies.icebergDestination(
            GlueDatabase(name: glueDatabase, region: region, account: account),
            files: try bucket.requiredScope(subject), key: try bucket.key(subject))
        try output.print(document, holder: { try PolicyHolder.role(subject, policyName: "DredgeWriteTables") })
    }
}

struct PolicyRedshiftDestinationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "destination-redshift", abstract: "What a role needs that connects to a Redshift database.",
        discussion:
            "Give a cluster and a database, or a workgroup. What may be done in the database is for GRANT to say.",
        example: "dredge policy destination-redshift --redshift-cluster main --redshift-database dw")

    @OptionGroup var subject: PolicySubject

    @Option(help: ArgumentHelp("The cluster's identifier.", valueName: "name"))
    var redshiftCluster: String?

    @Option(help: ArgumentHelp("The cluster's database.", valueName: "name"))
    var redshiftDatabase: String?

    @Option(
        name: .customLong("redshift-workgroup-arn"),
        help: ArgumentHelp("The workgroup of Redshift Serverless, which ends in an ID, not a name.", valueName: "arn"))
    var redshiftWorkgroupARN: String?

    @Option(help: "The cluster's region.")
    var region: String?

    @OptionGroup var place: PolicyPlace
    @OptionGroup var output: PolicyOutput

    func run() throws {
        let subject = try subject.resolved()
        let document = AccessPolicies.redshiftDestination(try warehouse(subject))
        try output.print(document, holder: { try PolicyHolder.role(subject, policyName: "DredgeConnect") })
    }

    private func warehouse(_ subject: PolicySubject.Resolved) throws -> RedshiftWarehouse {
        if let redshiftWorkgroupARN {
            guard let arn = ARN(redshiftWorkgroupARN), arn.service == "redshift-serverless",
                arn.resource.hasPrefix("workgroup/"), redshiftCluster == nil, redshiftDatabase == nil
            else {
                throw CommandFailure(
                    .usage,
                    "dredge: --redshift-workgroup-arn stands alone and looks like "
                        + "arn:aws:redshift-serverless:us-east-1:123456789012:workgroup/1234abcd-…; look it up: "
                        + "aws redshift-serverless get-workgroup --workgroup-name NAME --query workgroup.workgroupArn")
            }
            return .workgroup(arn)
        }
        guard let redshiftCluster, let redshiftDatabase else {
            throw CommandFailure(
                .usage,
                "dredge: which warehouse? Give --redshift-cluster and --redshift-database, or --redshift-workgroup-arn")
        }
        let (region, account) = try place.resolved(subject, region: region)
        let arn = ARN(
            partition: Partition.ofRegion(region).name, service: "redshift", region: region, account: account,
            resource: "cluster:\(PolicyPattern.literal(redshiftCluster))")
        return .cluster(arn, database: PolicyPattern.literal(redshiftDatabase))
    }
}

/// The flags that say in which region and account a catalog or a warehouse is.
struct PolicyPlace: ParsableArguments {
    @Option(help: ArgumentHelp("The account; default: the role's.", valueName: "id"))
    var account: String?

    func resolved(_ subject: PolicySubject.Resolved, region: String?) throws -> (region: String, account: String) {
        var check = FlagCheck()
        check.rule("--region", region, Region.complaint)
        check.rule("--account", account) { ARN.isAccountID($0) ? nil : "is not an account ID, which has 12 digits" }
        let region = region ?? subject.source?.region
        let account = account ?? subject.hop.flatMap { ARN($0.roleARN)?.account }
        if region == nil { check.report("which region? Give it with --region") }
        if account == nil { check.report("which account? Give it with --account, or a role with --role-arn") }
        try check.finish()
        return (region ?? "", account ?? "")
    }
}
