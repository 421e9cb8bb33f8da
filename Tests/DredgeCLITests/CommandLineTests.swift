import ArgumentParser
import Dredge
import DredgeAWS
import DredgeConfig
import DredgeText
import Testing

@testable import DredgeCLI

@Suite struct CommandLineTests {
    private func config(_ arguments: [String], environment: [String: String] = [:]) throws -> Config {
        let command = try DredgeCommand.parseAsRoot(["index"] + arguments)
        return try #require(command as? IndexCommand).config(environment: environment)
    }

    private func complaints(_ arguments: [String]) -> [String] {
        do {
            _ = try config(arguments)
            return []
        } catch let failure as CommandFailure {
            return failure.message.split(separator: "\n").map(String.init)
        } catch {
            return ["\(error)"]
        }
    }

    @Test func `the version stands with the commit that the build was told`() {
        let told = VersionText.firstLine(commit: "1a2b3c4d5e6f, 2026-11-30")
        #expect(told.hasPrefix("dredge \(Version.current) (commit 1a2b3c4d5e6f, 2026-11-30"))
        #expect(!VersionText.firstLine(commit: nil).contains("commit"))
        let details = VersionText.details.split(separator: "\n")
        #expect(details.count == 2 && details[0].hasPrefix("libraries: curl ") && details[1].hasPrefix("this CPU: "))
    }

    @Test func `flags give the same as a config file`() throws {
        let config = try config([
            "s3://acme-contracts/2025/a b", "--store", "s.chunks", "--role-arn", "arn:aws:iam::123456789012:role/Read",
            "--external-id", "id-1", "--session-name", "nightly", "--duration", "45m", "--region", "eu-west-1",
            "--profile", "p",
            "--include", "**/*.txt", "--include", "**/*.md", "--exclude", "tmp/**", "--tokenizer", "cl100k_base",
            "--max-tokens", "256", "--overlap-tokens", "32", "--memory", "512MiB", "--requests", "64", "--path-style",
        ])
        #expect(config.store == "s.chunks")
        #expect(
            config.settings
                == IndexSettings(tokenizer: .cl100kBase, chunking: .lines(maxTokens: 256, overlapTokens: 32)))
        #expect(config.limits.memoryByteCount == 512 << 20 && config.limits.requestCount == 64)
        let source = config.sources[0]
        #expect(source.bucket == "acme-contracts" && source.prefix == "2025/a b" && source.region == "eu-west-1")
        #expect(source.include == ["**/*.txt", "**/*.md"] && source.exclude == ["tmp/**"] && source.pathStyle == true)
        guard case .assumeRole(let hops) = source.auth, case .defaultChain("p") = config.base else {
            Issue.record("other access")
            return
        }
        #expect(
            hops == [
                RoleHop(
                    roleARN: "arn:aws:iam::123456789012:role/Read", externalID: "id-1", sessionName: "nightly",
                    duration: .seconds(2700))
            ])
    }

    @Test func `owner, payer and access point are taken as the AWS CLI takes them`() throws {
        let arn = "arn:aws:s3:eu-west-1:123456789012:accesspoint/reports"
        let source = try config([
            "s3://\(arn)/2025/", "--store", "s", "--expected-bucket-owner", "123456789012", "--request-payer",
            "requester",
        ]).sources[0]
        #expect(source.bucket == arn && source.prefix == "2025/")
        #expect(source.expectedBucketOwner == .account("123456789012") && source.requestPayer)
        #expect(!source.requireExternalID)
        let other = try config([
            "s3://abc", "--store", "s", "--expected-bucket-owner", "none", "--role-arn",
            "arn:aws:iam::123456789012:role/R", "--external-id", "x1", "--require-external-id",
        ]).sources[0]
        #expect(other.expectedBucketOwner == .anyone && !other.requestPayer && other.requireExternalID)
        #expect(
            complaints([
                "s3://arn:aws:s3:::abc/x", "--store", "s", "--expected-bucket-owner", "me", "--request-payer", "you",
            ]) == [
                #"dredge: the bucket "arn:aws:s3:::abc" is a bucket's ARN; write its name alone here"#,
                #"dredge: --expected-bucket-owner "me" is not an AWS account ID, which has 12 digits"#,
                #"dredge: --request-payer "you" is nobody who can pay; write requester, or leave it out"#,
            ])
    }

    @Test func `flags that lead to no bucket are refused before a store is made`() {
        #expect(
            complaints([
                "s3://abc", "--store", "s", "--region", "cn-north-1", "--role-arn", "arn:aws:iam::123456789012:role/R",
            ]).first?.hasPrefix("dredge: The region cn-north-1 is in the partition aws-cn, the role arn") == true)
        #expect(
            complaints(["s3://abc", "--store", "s", "--request-payer", "requester", "--no-sign-request"]) == [
                "dredge: Nobody signs the requests, so nobody can pay for them. Sign them, or leave the payer away."
            ])
        #expect(
            complaints(["s3://abc", "--store", "s", "--require-external-id"]).first?.contains("assumes no role") == true
        )
    }

    @Test func `a chain takes an external ID for each hop`() throws {
        let roles = [
            "--role-arn", "arn:aws:iam::111111111111:role/Hub", "--role-arn", "arn:aws:iam::222222222222:role/Read",
        ]
        let config = try config(["s3://abc", "--store", "s"] + roles + ["--external-id", "", "--external-id", "x1"])
        guard case .assumeRole(let hops) = config.sources[0].auth else {
            Issue.record("no role")
            return
        }
        #expect(hops.map(\.externalID) == [nil, "x1"])
        #expect(
            complaints(["s3://abc", "--store", "s"] + roles + ["--external-id", "x1"]) == [
                "dredge: there are 2 --role-arn and 1 --external-id; give one for each, '' for none"
            ])
    }

    @Test func `all that is wrong with the flags is said at once`() {
        #expect(
            complaints([
                "s3://AB/x", "--store", "", "--max-tokens", "few", "--memory", "1", "--external-id", "x1",
                "--no-sign-request",
                "--profile", "p",
            ]) == [
                #"dredge: --store "" is empty; write the path of the store's file"#,
                #"dredge: the bucket "AB" is not a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens"#,
                "dredge: --no-sign-request stands beside --profile; give one of them",
                "dredge: --external-id needs --role-arn",
                #"dredge: --max-tokens "few" is not a whole number from 16 to 1048576"#,
                #"dredge: --memory "1" is not a size from 32MiB to 1TiB"#,
            ])
    }

    @Test(arguments: [
        ("http://user:hush@host", "has a user name or password in it; an endpoint has none"),
        ("https://host/?token=hush", "has a query or a fragment; an endpoint has none"),
        ("https://host/#hush", "has a query or a fragment; an endpoint has none"),
        ("htps://host/?hush", "is not a URL, which looks like https://s3.example.com or http://127.0.0.1:9000"),
    ])
    func `I8: what may be a secret in an endpoint is refused and not shown`(url: String, complaint: String) {
        #expect(
            complaints(["s3://abc", "--store", "s", "--endpoint-url", url]) == ["dredge: --endpoint-url \(complaint)"])
    }

    @Test(arguments: [
        ("s3://abc", "abc", ""), ("s3://abc/", "abc", ""), ("s3://abc/d/e", "abc", "d/e"), ("s3://abc//d", "abc", "/d"),
        ("s3://abc/%2F+ ?#", "abc", "%2F+ ?#"),
        ("s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/p", "arn:aws:s3:eu-west-1:123456789012:accesspoint/p", ""),
        (
            "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/p/a/b",
            "arn:aws:s3:eu-west-1:123456789012:accesspoint/p",
            "a/b"
        ),
        (
            "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint:p/a", "arn:aws:s3:eu-west-1:123456789012:accesspoint:p",
            "a"
        ),
    ])
    func `a prefix is taken byte for byte`(text: String, bucket: String, prefix: String) {
        #expect(SourceURL(text)?.bucket == bucket)
        #expect(SourceURL(text)?.prefix == prefix)
    }

    @Test(arguments: ["abc", "s3:/abc", "s3://", "s3:///abc", "https://abc/d", ""])
    func `what is no source URL`(text: String) { #expect(SourceURL(text) == nil) }
}
