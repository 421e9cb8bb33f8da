import DredgeCheck
import TestServers

/// What set-ups of buckets are made of.
enum BucketSetups {
    typealias Fault = ScriptedS3Server.Fault

    static let session = "arn:aws:sts::\(CheckSetup.customerAccount):assumed-role/DredgeRead/dredge-check"
    static let bucketARN = "arn:aws:s3:::\(CheckSetup.bucket)"
    static let keyARN =
        "arn:aws:kms:eu-central-1:\(CheckSetup.customerAccount):key/1234abcd-12ab-34cd-56ef-1234567890ab"

    static func refused(
        _ action: ScriptedS3Server.Action, _ message: String = "Access Denied", code: String = "AccessDenied"
    ) -> Fault {
        .error(on: action, 403, code, message: message).times(-1)
    }

    static func told(_ action: String, on resource: String, _ reason: String) -> String {
        "User: \(session) is not authorized to perform: \(action) on resource: \"\(resource)\" \(reason)"
    }

    static func setup(
        _ name: String, _ faults: [Fault], at step: CheckStep.Kind, _ cause: CheckCause.Code,
        _ others: [CheckCause.Code] = [],
        auth: String = CheckSetup.role(), settings: [String] = [], status: Int32 = 3
    ) -> CheckSetup {
        CheckSetup(
            name: name, step: step, cause: cause, others: others, status: status, auth: auth, settings: settings,
            scenario: CheckSetup.sound(faults))
    }

    /// Another session for who asks for one that is narrowed to the source, so that the two can be told apart.
    static let narrowSession = Fault.raw(
        on: .assumeRole,
        """
        <AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIANARROWNARROW0001</AccessKeyId>\
        <SecretAccessKey>notCheckedEither</SecretAccessKey><SessionToken>notCheckedEither</SessionToken>\
        <Expiration>IN-AN-HOUR</Expiration></Credentials></AssumeRoleResult>\
        </AssumeRoleResponse>
        """
    ).when("form", has: "s3%3AListBucket").when("form", has: CheckSetup.externalID).times(-1)
}
