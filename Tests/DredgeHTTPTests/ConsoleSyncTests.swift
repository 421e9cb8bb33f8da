#if Server
    import DredgeService
    import Foundation
    import HTTPTypes
    import ServiceBench
    import TestServers
    import Testing

    /// The console's pages of syncs.
    @Suite(.timeLimit(.minutes(30))) struct ConsoleSyncTests {
        @Test func `a collection follows a bucket, pauses, and ends`() async throws {
            var scenario = ServiceBench.scenario(ServiceBench.keys(3))
            scenario.callerARN = "arn:aws:iam::999988887777:user/dredge"
            scenario.sts = .init(sessionSeconds: 3_600)
            let bench = try await ServiceBench(scenario)
            var configuration = ServiceConfiguration()
            configuration.allowsRolesWithoutExternalID = true
            let service = try await bench.start(configuration)
            let key = try await service.keys.create(organization: "Acme", environment: .development).key
            var browser = try await ConsoleBrowser(APIClient(service, key: nil), key: key)
            let caller = try await service.caller()
            _ = try await service.collections.put("c", [:], for: caller)

            let empty = try await browser.get("/console/collections/c/sync")
            #expect(empty.status == 200 && empty.text.contains("No role is active."))
            let role = "arn:aws:iam::123456789012:role/Read"
            _ = try await service.integrations.mint(for: caller)
            _ = try await service.integrations.putRole(
                ["role_arn": .string(role), "bucket_name": "bucket", "bucket_region": "us-east-1"], for: caller)
            let form = [
                "bucket": "bucket", "prefix": "1", "role_arn": role, "minutes": "5", "deletion_policy": "mirror",
                "region": "us-east-1", "include": "*.txt",
            ]
            let wrong = try await browser.post("/console/collections/c/sync", form.merging(["minutes": "4"]) { $1 })
            #expect(wrong.status == 422 && wrong.text.contains("id=\"minutes-problem\""), "\(wrong.text)")
            #expect(wrong.text.contains("value=\"4\""), "what was filled in stays")

            let made = try await browser.post("/console/collections/c/sync", form)
            let page = try #require(made.headers[.location], "\(made.text)")
            #expect(made.status == 303 && page.hasPrefix("/console/syncs/sync_"))
            while try await browser.get(page).text.contains("data-live") {
                try await Task.sleep(for: .milliseconds(20))
            }
            let shown = try await browser.get(page).text
            for text in ["s3://bucket/1", "every 5 minutes", "completed", "Run now", "Pause", "they go, too"] {
                #expect(shown.contains(text), "\(text)")
            }
            #expect(try await service.documentNames(for: caller) == ServiceBench.keys(3))
            #expect(try await browser.get("/console/syncs").text.contains(page))

            let run = try await browser.post("\(page)/run")
            #expect(run.headers[.location]?.hasPrefix("/console/jobs/job_") ?? false, "\(run.text)")
            #expect(try await browser.post("\(page)/pause").status == 303)
            #expect(try await browser.get(page).text.contains("Let it go on"))
            #expect(try await browser.post("\(page)/resume").status == 303)
            #expect(try await browser.get("\(page)/delete").text.contains("The documents stay"))
            #expect(try await browser.post("\(page)/delete").headers[.location] == "/console/syncs")
            #expect(try await browser.get("/console/syncs").text.contains("No sync yet."))
            #expect(try await browser.get(page).text.contains("Ended"))
            #expect(try await service.documentNames(for: caller) == ServiceBench.keys(3))
            await service.shutDown()
        }
    }
#endif
