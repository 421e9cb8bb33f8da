import Foundation
import TestServers
import Testing

extension CustomerAccountTests {
    /// `plan --results`, `worker`, `merge` and `status` as an engine runs them, with a bucket behind a role.
    @Suite struct JobCommandTests {
        private let account: CustomerAccount
        private let directory: TemporaryDirectory

        init() throws {
            account = try #require(CustomerAccount.current)
            directory = try TemporaryDirectory()
        }

        private func dredge(
            _ arguments: [String], _ environment: [String: String] = [:]
        ) async throws -> DredgeBinary.Outcome {
            try await DredgeBinary.run(
                arguments, environment: try account.environment().merging(environment) { $1 },
                directory: directory.url)
        }

        /// Plans a job of so many shards of `config`; its URL.
        private func plan(_ config: String, shards: Int) async throws -> String {
            try directory.write("c.yaml", config)
            let outcome = try await dredge([
                "plan", "c.yaml", "--results", "results", "--shards", String(shards), "--scratch", "scratch",
            ])
            #expect(outcome.status == 0, "\(outcome)")
            let lines = outcome.output.split(separator: "\n")
            #expect(lines.count == 1)
            return String(try #require(lines.first))
        }

        private func digest(_ path: String) async throws -> String {
            let outcome = try await dredge(["store", "digest", path])
            #expect(outcome.status == 0, "\(outcome)")
            return outcome.output
        }

        private func files(_ job: String) throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: job).filter { $0.contains(".") }.sorted()
        }

        @Test func `workers by index come to what one run makes, and late ones change nothing`() async throws {
            let run = try await account.run(account.config(), in: directory)
            #expect(run.status == 0, "\(run)")
            let job = try await plan(account.config(), shards: 4)
            #expect(try await plan(account.config(), shards: 4) == job)
            let variables = ["JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX", "SLURM_ARRAY_TASK_ID"]
            for (index, variable) in variables.enumerated() {
                let worker = try await dredge(["worker", "--job", job, "--no-progress"], [variable: String(index)])
                #expect(worker.status == 0, "\(worker)")
            }
            let early = try await dredge(["merge", "--job", job])
            #expect(early.status == 3 && early.error.contains("1 of 4 shards are not done: 3"), "\(early)")
            let last = try await dredge([
                "worker", "--job", job, "--shard-index", "1", "--shard-offset", "2", "--no-progress", "--json",
            ])
            #expect(last.status == 0, "\(last)")
            #expect(try JSONLine.object(last.output)["shard_outcome"] as? String == "done")

            // All on one file system.
            let merged = try await dredge([
                "merge", "--job", job, "--into", "merged.chunks", "--scratch", "results/scratch",
            ])
            #expect(merged.status == 0 && merged.output == "\(job)catalog.json\n", "\(merged)")
            let digest = try await digest("s.chunks")
            #expect(try await self.digest("merged.chunks") == digest)
            #expect(try await self.digest(job) == digest)
            for command in [["store", "export"], ["store", "ls", "--json", "--state", "indexed"]] {
                let (one, many) = (try await dredge(command + ["s.chunks"]), try await dredge(command + [job]))
                #expect(one.status == 0 && many.status == 0 && one.output == many.output, "\(many.error)")
            }
            let verified = try await dredge(["store", "verify", job, "--scratch", "results/scratch"])
            #expect(verified.status == 0, "\(verified)")

            let before = try files(job)
            for arguments in [
                ["worker", "--shard-index", "2"], ["worker", "--shard-index", "any"],
                ["worker", "--shard-index", "77"],
                ["merge"],
            ] {
                let again = try await dredge(arguments + ["--job", job])
                #expect(again.status == 0, "\(again)")
            }
            #expect(try files(job) == before)
            let status = try JSONLine.object(try await dredge(["status", "--job", job, "--json"]).output)
            #expect(status["done_count"] as? Int == 4 && status["is_merged"] as? Bool == true, "\(status)")
            // The next run of one machine goes on with the merged store.
            let next = try await dredge(["run", "c.yaml", "--store", "merged.chunks", "--json", "--no-progress"])
            #expect(try JSONLine.object(next.output).objectCount("indexed") == 0, "\(next)")

            let secret = try #require(account.environment()["AWS_SECRET_ACCESS_KEY"])
            for file in try files(job) {
                let bytes = try Data(contentsOf: URL(filePath: job).appending(path: file))
                #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(file)")
            }
        }

        @Test(arguments: [UInt64(1), 2, 3]) func `workers that are killed and doubled come to the same`(seed: UInt64)
            async throws
        {
            _ = try await account.run(account.config(), in: directory)
            let job = try await plan(account.config(), shards: 6)
            var generator = SeededGenerator(seed: seed)
            for round in 0..<40 {
                try await withThrowingDiscardingTaskGroup { group in
                    for worker in 0..<2 {
                        let shard = generator.next(below: 6)
                        let milliseconds = round < 20 ? 5 + generator.next(below: 250) : 60_000
                        group.addTask {
                            let program = try DredgeBinary.start(
                                [
                                    "worker", "--job", job, "--shard-index", String(shard), "--no-progress",
                                    "--scratch", "scratch-\(worker)",
                                ], environment: try account.environment(), directory: directory.url)
                            let killer = Task {
                                try await Task.sleep(for: .milliseconds(milliseconds))
                                program.send(SIGKILL)
                            }
                            let outcome = await program.wait()
                            killer.cancel()
                            #expect(outcome.status == 0 || outcome.status == -SIGKILL, "\(outcome)")
                        }
                    }
                }
                let done = (try? FileManager.default.contentsOfDirectory(atPath: "\(job)done")) ?? []
                if done.filter({ $0.hasSuffix(".json") }).count == 6 { break }
            }
            let merged = try await dredge(["merge", "--job", job])
            #expect(merged.status == 0, "\(merged)")
            #expect(try await digest(job) == digest("s.chunks"))
        }

        @Test func `a list of keys takes the listing's place`() async throws {
            try directory.write("c.yaml", account.config())
            try directory.write("keys", "readme.md\ns3://acme-contracts/2025/long.txt\nreadme.md\nnothing.txt\n")
            let planned = try await dredge([
                "plan", "c.yaml", "--results", "results", "--shards", "5", "--files-from", "keys", "--json",
            ])
            #expect(planned.status == 0 && planned.error.contains("s3://acme-contracts/nothing.txt"), "\(planned)")
            let answer = try JSONLine.object(planned.output)
            #expect(
                answer["object_count"] as? Int == 2 && answer["failed"] as? [String: Int] == ["no object of the key": 1]
            )
            let job = try #require(answer["job"] as? String)
            let worked = try await dredge(["worker", "--job", job, "--shard-index", "any", "--no-progress"])
            #expect(worked.status == 0, "\(worked)")
            // One of those that were asked for is missing.
            #expect(try await dredge(["merge", "--job", job]).status == 2)
            let shown = try await dredge(["store", "show", job, "readme.md"])
            #expect(shown.status == 0 && shown.output.contains("# Contracts"), "\(shown)")
        }

        @Test func `a worker tells an engine what to do`() async throws {
            let job = try await plan(account.config(role: "customer-read-but-one"), shards: 2)
            var statuses: [Int32?] = []
            for shard in 0..<2 {
                statuses.append(try await dredge(["worker", "--job", job, "--shard-index", "\(shard)"]).status)
            }
            #expect(Set(statuses) == [0, 2])
            #expect(try await dredge(["merge", "--job", job]).status == 2)
            #expect(try await dredge(["merge", "--job", job, "--accept-failed-objects"]).status == 0)
            let noIndex = try await dredge(["worker", "--job", job])
            #expect(noIndex.status == 1 && noIndex.error.contains("SLURM_ARRAY_TASK_ID"), "\(noIndex)")
            let wrong = try await dredge(["worker", "--job", job], ["SLURM_ARRAY_TASK_ID": "x"])
            #expect(wrong.status == 1 && wrong.error.contains("SLURM_ARRAY_TASK_ID"), "\(wrong)")
            let nowhere = try await dredge(["worker", "--job", "elsewhere", "--shard-index", "0"])
            #expect(nowhere.status == 1 && nowhere.error.contains("There is no job.json"), "\(nowhere)")
            // The network of a machine that has just come up is no reason to give a shard up.
            let unreachable = try await dredge([
                "worker", "--job", "s3://results/job/", "--results-endpoint-url", "http://127.0.0.1:1", "--shard-index",
                "0",
            ])
            #expect(unreachable.status == 4, "\(unreachable)")
        }

        @Test func `no secret gets into a job, and every worker must have the planner's environment`() async throws {
            let key = try #require(account.outcome.accessKeys["vendor"])
            func config(_ secret: String) -> String {
                """
                store: s.chunks
                sources:
                  - name: contracts
                    bucket: ${BUCKET}
                    endpoint_url: "\(account.server.endpointURL)"
                    auth: {access_key: {access_key_id: \(key.id), secret_access_key: "\(secret)"}}
                """
            }
            try directory.write("c.yaml", config(key.secret))
            let arguments = ["plan", "c.yaml", "--results", "results", "--shards", "2"]
            let refused = try await dredge(arguments, ["BUCKET": "acme-contracts"])
            #expect(refused.status == 1 && refused.error.contains("${AWS_SECRET_ACCESS_KEY}"), "\(refused)")
            #expect(!refused.error.contains(key.secret))
            #expect(!FileManager.default.fileExists(atPath: directory.url.appending(path: "results").path))

            try directory.write(
                "c.yaml", account.config().replacing("bucket: acme-contracts", with: "bucket: ${BUCKET}"))
            let planned = try await dredge(arguments, ["BUCKET": "acme-contracts"])
            #expect(planned.status == 0, "\(planned)")
            let job = planned.output.trimmingCharacters(in: .newlines)
            let other = try await dredge(["worker", "--job", job, "--shard-index", "0"], ["BUCKET": "elsewhere"])
            #expect(other.status == 1 && other.error.contains("environment variables"), "\(other)")
            let none = try await dredge(["worker", "--job", job, "--shard-index", "0"])
            #expect(none.status == 1 && none.error.contains("BUCKET"), "\(none)")
        }

        @Test(arguments: [
            ["--shards", "0"], ["--shards", "100001"], ["--shard-bytes", "much"], ["--shard-bytes", "0"], [],
            ["--shards", "2", "--shard-bytes", "1GiB"],
            ["--shards", "2", "--files-from", "keys", "--inventory", "manifest.json"],
        ]) func `a cut that can't be is refused`(flags: [String]) async throws {
            try directory.write("c.yaml", account.config())
            let outcome = try await dredge(["plan", "c.yaml", "--results", "results"] + flags)
            #expect(
                outcome.status == 1
                    && outcome.error.contains(flags.contains("--files-from") ? "--files-from" : "--shard"), "\(outcome)"
            )
        }
    }
}
