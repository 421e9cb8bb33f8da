#if os(Linux)
    import Foundation
    import TestServers
    import Testing

    /// I6: how much memory the real binary takes, at settings and contents that once took far more than the budget.
    @Suite(.timeLimit(.minutes(30)), .serialized) struct PeakMemoryTests {
        private static let mebibyte = 1 << 20
        /// What the process may take beside its budget.
        private static let constantByteCount = 64 << 20

        @Test(
            "I6: memory stays within the budget and 64 MiB",
            arguments: [
                "limits: {memory: 64MiB, workers: 64}",
                "limits: {memory: 64MiB, requests: 1024}\nchunking: {max_tokens: 16}",
                "limits: {memory: 72MiB, part: 1MiB}\nchunking: {max_tokens: 4096, overlap_tokens: 1024}",
            ])
        func memoryStaysWithinTheBudget(settings: String) async throws {
            let directory = try TemporaryDirectory()
            // Many small objects, and some of several parts, of lines of all lengths.
            var maker = TextMaker(seed: 20_261_128)
            let text = Data(maker.text(byteCount: 2 << 20))
            let small = try directory.write("small", text.prefix(60_000))
            let large = try directory.write("large", text + text + text + text)
            let objects =
                (0..<500).map { ScriptedS3Server.Object("small/\($0)", file: small) }
                + (0..<4).map { ScriptedS3Server.Object("large/\($0)", file: large) }
            let server = try await ScriptedS3Server(.init(objects: objects))
            defer { server.stop() }
            try directory.write(
                "c.yaml",
                """
                \(settings)
                store: s.chunks
                sources:
                  - {bucket: bucket, endpoint_url: "\(server.endpointURL)", auth: ambient}
                """)
            let budget = try #require(settings.firstMatch(of: /memory: (\d+)MiB/).flatMap { Int($0.1) })
            try await Self.expectWithin(budget, in: directory)
        }

        @Test func `I6: memory stays within the budget and 64 MiB with many sources and long keys`() async throws {
            let directory = try TemporaryDirectory()
            let small = try directory.write("small", Data("some words\n".utf8))
            // A page of them, percent-encoded, has 3 MB.
            let objects = (10_000..<11_000).map { number in
                ScriptedS3Server.Object("\(number)" + String(repeating: "é", count: 500), file: small)
            }
            let server = try await ScriptedS3Server(.init(objects: objects))
            defer { server.stop() }
            let sources = (0..<40).map { number in
                "- {name: s\(number), bucket: bucket, endpoint_url: \(server.endpointURL), auth: ambient, "
                    + "exclude: ['**']}"
            }
            try directory.write(
                "c.yaml",
                "limits: {memory: 64MiB}\nstore: s.chunks\nsources:\n" + sources.joined(separator: "\n") + "\n")
            try await Self.expectWithin(64, in: directory)
        }

        /// Runs `c.yaml` and looks at the process's memory.
        private static func expectWithin(_ budget: Int, in directory: TemporaryDirectory) async throws {
            let run = try DredgeBinary.start(
                ["run", "c.yaml", "--no-progress"],
                environment: ["AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"],
                directory: directory.url)
            var peakByteCount = 0
            while run.isRunning {
                peakByteCount = max(peakByteCount, anonymousByteCount(of: run.processIdentifier) ?? 0)
                try await Task.sleep(for: .milliseconds(20))
            }
            let outcome = await run.wait()
            #expect(outcome.status == 0, "\(outcome)")
            #expect(peakByteCount > 16 * mebibyte, "nothing was measured")
            #expect(
                peakByteCount <= budget * mebibyte + constantByteCount,
                "\(peakByteCount / mebibyte) MiB with a budget of \(budget) MiB")
        }

        /// Memory that is resident and belongs to no file (`RssAnon`, proc_pid_status(5)); nil: the process has ended.
        private static func anonymousByteCount(of process: Int32) -> Int? {
            let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
            return status?.firstMatch(of: /RssAnon:\s+(\d+) kB/).flatMap { Int($0.1) }.map { $0 << 10 }
        }
    }
#endif
