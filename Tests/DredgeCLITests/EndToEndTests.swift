import Foundation
import TestServers
import Testing

extension CustomerAccountTests {
    /// The real binary through an assumed role, against a service that checks who asks.
    @Suite struct EndToEndTests {
        private let account: CustomerAccount
        private let directory: TemporaryDirectory
        private let store: StoreFile

        init() throws {
            account = try #require(CustomerAccount.current)
            directory = try TemporaryDirectory()
            store = StoreFile("s.chunks", in: directory)
        }

        private static let textCount = CustomerAccount.texts.count
        private static let listedCount = textCount + CustomerAccount.otherObjects.count

        private func expectAllTexts() async throws {
            let texts = try await store.texts()
            #expect(texts.count == Self.textCount)
            for (key, body) in CustomerAccount.texts { #expect(texts[key] == body, "\(key)") }
        }

        @Test func `a document storage's configuration works as it stands`() async throws {
            try directory.write(
                "storage.json",
                """
                {
                  "chainedAssumeRole": "\(MotoScenario.roleARN("customer-read"))",
                  "chainedAssumeRoleRegion": "us-east-1",
                  "chainedAssumeRoleExternalId": "\(CustomerAccount.externalID)",
                  "s3BucketArn": "arn:aws:s3:::\(CustomerAccount.bucket)",
                  "kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
                }
                """)
            var environment = try account.environment()
            environment["AWS_ENDPOINT_URL"] = account.server.endpointURL
            let outcome = try await DredgeBinary.run(
                ["run", "storage.json", "--store", "s.chunks", "--no-progress"], environment: environment,
                directory: directory.url)
            #expect(outcome.status == 0, "\(outcome)")
            try await expectAllTexts()
        }

        @Test func `a config with a role and an external ID fills the store with the objects' bytes`() async throws {
            let outcome = try await account.run(account.config(), ["--json"], in: directory)
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.error.isEmpty)
            let report = try JSONLine.object(outcome.output)
            #expect(report["outcome"] as? String == "complete")
            #expect(report.objectCount("listed") == Self.listedCount)
            #expect(report.objectCount("indexed") == Self.textCount)
            #expect(report["skipped_reasons"] as? [String: Int] == CustomerAccount.skippedReasons)
            try await expectAllTexts()

            // What the commands tell of the store agrees with the report and with each other.
            let chunks = try await store.chunks()
            let verified = try await store.verified()
            #expect(report["chunk_count"] as? Int == chunks.count)
            #expect(verified["chunk_count"] as? Int == chunks.count)
            #expect(verified["object_count"] as? Int == Self.textCount)
            let tokenCount = chunks.compactMap { $0["tokens"] as? Int }.reduce(0, +)
            #expect(report["token_count"] as? Int == tokenCount)
            let objects = try await store.objects("indexed")
            #expect(objects.compactMap { $0["tokens"] as? Int }.reduce(0, +) == tokenCount)
            let eTags = try #require(account.outcome.eTags[CustomerAccount.bucket])
            for object in objects {
                let eTag = try #require(eTags[object["key"] as? String ?? ""])
                #expect(object["stored_etag"] as? String == eTag.trimmingCharacters(in: ["\""]))
            }

            // The next run finds nothing to do, and leaves the same content.
            let digest = try await store.digest()
            let again = try await account.run(account.config(), ["--json"], in: directory)
            #expect(again.status == 0, "\(again)")
            let second = try JSONLine.object(again.output)
            #expect(second.objectCount("unchanged") == Self.textCount)
            #expect(second.objectCount("indexed") == 0)
            #expect(second["fetched_byte_count"] as? Int == 0)
            #expect(try await store.digest() == digest)
        }

        @Test func `flags do what the config does`() async throws {
            let outcome = try await DredgeBinary.run(
                [
                    "index", "s3://\(CustomerAccount.bucket)/2025", "--store", store.path,
                    "--role-arn", MotoScenario.roleARN("customer-read"), "--external-id", CustomerAccount.externalID,
                    "--endpoint-url", account.server.endpointURL, "--sts-endpoint-url", account.server.endpointURL,
                    "--exclude", "**/scan.png", "--exclude", "**/empty.txt", "--no-progress",
                ], environment: account.environment())
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.output.isEmpty)
            #expect(outcome.error.hasPrefix("Complete: run "))
            #expect(
                try await store.keys("indexed")
                    == Set(CustomerAccount.texts.map(\.key).filter { $0.hasPrefix("2025/") }))
            #expect(try await store.keys("skipped") == ["2025/empty.txt", "2025/scan.png"])
        }

        @Test func `a chain of two roles reaches the bucket`() async throws {
            let hops = """
                [{role_arn: "\(MotoScenario.roleARN("hub"))", session_name: through-hub}, {role_arn: \
                "\(MotoScenario.roleARN("customer-behind-hub"))", external_id: \(CustomerAccount.externalID)}]
                """
            let outcome = try await account.run(account.config(hops: hops), in: directory)
            #expect(outcome.status == 0, "\(outcome)")
            try await expectAllTexts()
        }

        @Test("I7: one denied key among others is named, status 2, and the run goes on")
        func oneDeniedKeyIsNamedAndTheRunGoesOn() async throws {
            let outcome = try await account.run(
                account.config(role: "customer-read-but-one"), ["--json"], in: directory)
            #expect(outcome.status == 2, "\(outcome)")
            let report = try JSONLine.object(outcome.output)
            let rows = ["indexed", "unchanged", "skipped", "failed", "vanished", "changed", "pending"]
            #expect(rows.compactMap(report.objectCount).reduce(0, +) == report.objectCount("listed"))
            #expect(report.objectCount("indexed") == Self.textCount - 1)
            #expect(report["failed_reasons"] as? [String: Int] == ["accessDenied": 1])
            let failures = try #require(report["failures"] as? [[String: Any]])
            #expect(failures.map { $0["key"] as? String } == [CustomerAccount.deniedKey])
            #expect(failures.allSatisfy { ($0["request_id"] as? String)?.isEmpty == false })
            #expect(try await store.keys("failed") == [CustomerAccount.deniedKey])

            // For people, the same: named, with its reason. And with the permission the next run mends it.
            let told = try await account.run(account.config(role: "customer-read-but-one"), in: directory)
            #expect(told.status == 2)
            #expect(told.error.contains("contracts: \(CustomerAccount.deniedKey): access denied: "))
            #expect(try await account.run(account.config(), in: directory).status == 0)
            try await expectAllTexts()
        }

        @Test func `an archived object is skipped without a request`() async throws {
            #expect(try await account.run(account.config(), in: directory).status == 0)
            let skipped = try await store.objects("skipped").first { $0["key"] as? String == "cold.txt" }
            #expect(skipped?["reason"] as? String == "archived")
            let log = account.server.log
            #expect(log.contains("GET /\(CustomerAccount.bucket)/readme.md"))
            #expect(!log.contains("GET /\(CustomerAccount.bucket)/cold.txt"))
        }

        @Test func `a dry run plans, and writes nothing`() async throws {
            let outcome = try await account.run(account.config(), ["--dry-run", "--json"], in: directory)
            #expect(outcome.status == 0, "\(outcome)")
            let sources = try #require(try JSONLine.object(outcome.output)["sources"] as? [[String: Any]])
            #expect(sources.count == 1)
            #expect(sources[0].objectCount("listed") == Self.listedCount)
            // That one is binary only its bytes tell.
            #expect(sources[0].objectCount("to_fetch") == Self.textCount + 1)
            #expect(sources[0].objectCount("skipped") == CustomerAccount.otherObjects.count - 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["c.yaml"])
        }

        /// moto names the session that asked when it refuses to assume the next role.
        @Test func `the session is named after the run`() async throws {
            let hops = """
                [{role_arn: "\(MotoScenario.roleARN("hub"))"}, {role_arn: "\(MotoScenario.roleARN("customer-read"))"}]
                """
            let outcome = try await account.run(account.config(hops: hops), ["--json"], in: directory)
            #expect(outcome.status == 3)
            let report = try JSONLine.object(outcome.output)
            let id = try #require(report["id"] as? String)
            #expect(id.count == 12)
            #expect(outcome.error.contains(":assumed-role/hub/dredge-\(id) "), "\(outcome.error)")
            let source = try #require((report["sources"] as? [[String: Any]])?.first)
            #expect(source["session_names"] as? [String] == ["dredge-\(id)", "dredge-\(id)"])
            #expect(source["role_arn"] as? String == MotoScenario.roleARN("customer-read"))
        }
    }
}
