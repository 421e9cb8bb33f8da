import DredgeCheck
import Foundation
import TestServers
import Testing

/// What is wrong before any role is asked for: keys, clocks, networks.
@Suite(.serialized, .timeLimit(.minutes(30))) struct CheckCredentialTests {
    private static let http: String = {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.string(from: Date(timeIntervalSinceNow: -1800))
    }()

    static let setups: [CheckSetup] = [
        CheckSetup(name: "a sound role", status: 0, settings: ["prefix: 2025/"]),
        CheckSetup(name: "sound keys in the config", status: 0, auth: accessKey),
        CheckSetup(name: "a sound bucket policy", status: 0, auth: "ambient"),
        CheckSetup(name: "a public bucket", status: 0, auth: "anonymous"),
        CheckSetup(
            name: "no credentials at all", step: .baseCredentials, cause: .noCredentials,
            environment: ["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"]),
        CheckSetup(
            name: "expired credentials", step: .baseCredentials, cause: .credentialsExpired,
            scenario: CheckSetup.sound([
                .error(
                    on: .getCallerIdentity, 403, "ExpiredToken",
                    message: "The security token included in the request is expired"
                ).times(-1)
            ])),
        CheckSetup(
            name: "an access key that was deleted", step: .baseCredentials, cause: .accessKeyUnknown,
            scenario: CheckSetup.sound([
                .error(
                    on: .getCallerIdentity, 403, "InvalidClientTokenId",
                    message: "The security token included in the request is invalid."
                ).times(-1)
            ])),
        CheckSetup(
            name: "a secret key that was copied wrong", step: .baseCredentials, cause: .secretKeyWrong,
            others: [.requestChanged],
            scenario: CheckSetup.sound([
                .error(
                    on: .getCallerIdentity, 403, "SignatureDoesNotMatch",
                    message:
                        "The request signature we calculated does not match the signature you provided. Check your AWS "
                        + "Secret Access Key and signing method."
                ).times(-1)
            ])),
        CheckSetup(
            name: "a clock that is wrong", step: .clock, cause: .clockIsWrong, status: 0,
            scenario: {
                var scenario = CheckSetup.sound()
                scenario.clockOffset = -1800
                return scenario
            }()),
        CheckSetup(
            name: "an STS where nobody listens", step: .baseCredentials, cause: .notReachable,
            stsEndpointURL: "http://127.0.0.1:1", comparesText: false),
        CheckSetup(
            name: "an STS whose name does not exist", step: .baseCredentials, cause: .nameNotFound,
            stsEndpointURL: "http://sts.example.invalid", comparesText: false),
        CheckSetup(
            name: "an S3 where nobody listens", step: .bucket, cause: .notReachable, endpointURL: "http://127.0.0.1:1",
            comparesText: false),
        CheckSetup(
            name: "an S3 whose name does not exist", step: .bucket, cause: .nameNotFound,
            endpointURL: "http://s3.example.invalid", comparesText: false),
        CheckSetup(
            name: "an S3 that is no TLS server", step: .bucket, cause: .tlsFailed, scheme: "https",
            comparesText: false),
        CheckSetup(
            name: "an STS that does not know who asks", status: 0,
            scenario: {
                var scenario = CheckSetup.sound()
                scenario.callerARN = nil
                return scenario
            }()),
        CheckSetup(
            name: "an STS that throttles", step: .baseCredentials, cause: .throttled,
            scenario: CheckSetup.sound([
                .error(on: .getCallerIdentity, 400, "Throttling", message: "Rate exceeded").times(-1)
            ])),
        CheckSetup(
            name: "a portal in the place of STS", step: .baseCredentials, cause: .notTheService,
            scenario: CheckSetup.sound([
                .raw(on: .getCallerIdentity, "<html><body>Log in to the guest network</body></html>").times(-1)
            ])),
        CheckSetup(
            name: "expired credentials found by S3", step: .bucket, cause: .credentialsExpired, auth: "ambient",
            scenario: CheckSetup.sound([
                .error(on: .list, 400, "ExpiredToken", message: "The provided token has expired.").times(-1)
            ])),
        CheckSetup(
            name: "a clock that is wrong found by S3", step: .bucket, cause: .clockIsWrong, auth: "ambient",
            scenario: CheckSetup.sound([
                .error(
                    on: .list, 403, "RequestTimeTooSkewed",
                    message: "The difference between the request time and the current time is too large.",
                    headers: ["Date": http]
                ).times(-1)
            ])),
    ]
    private static let accessKey =
        "{access_key: {access_key_id: AKIACUSTOMERCUST0001, secret_access_key: \"${CUSTOMER_SECRET}\"}}"

    @Test(arguments: ["", "sts_endpoint_url: \"http://127.0.0.1:1\", "])
    func `nothing is claimed of the clock where no service told its time`(sts: String) async throws {
        let directory = try TemporaryDirectory()
        try directory.write(
            "c.yaml", "sources: [{bucket: bucket, endpoint_url: \"http://127.0.0.1:1\", \(sts)auth: ambient}]\n")
        let told = try await DredgeBinary.run(
            ["check", "c.yaml"], environment: CheckSetup.environment, directory: directory.url)
        #expect(told.status == 3, "\(told)")
        #expect(!told.output.contains("agrees with the service's"), "\(told)")
        #expect(told.output.contains("it is not known whether the clock is right"), "\(told)")
    }

    @Test(arguments: setups) func `the check tells of`(_ setup: CheckSetup) async throws {
        var setup = setup
        setup.environment["CUSTOMER_SECRET"] = "notCheckedHere"
        try await setup.verify()
    }
}
