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
            let run = try DredgeBinary.start(
                ["run", "c.yaml", "--no-progress"],
                environment: ["AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"],
                directory: directory.url)
            var peakByteCount = 0
            while run.isRunning {
                peakByteCount = max(peakByteCount, Self.anonymousByteCount(of: run.processIdentifier) ?? 0)
                try await Task.sleep(for: .milliseconds(20))
            }
            let outcome = await run.wait()
            #expect(outcome.status == 0, "\(outcome)")
            let budget = try #require(settings.firstMatch(of: /memory: (\d+)MiB/).flatMap { Int($0.1) })
            #expect(peakByteCount > 16 * Self.mebibyte, "nothing was measured")
            #expect(
                peakByteCount <= budget * Self.mebibyte + Self.constantByteCount,
                "\(peakByteCount / Self.mebibyte) MiB with a budget of \(budget) MiB")
        }

        /// Memory that is resident and belongs to no file (`RssAnon`, proc_pid_status(5)); nil: the process has ended.
        private static func anonymousByteCount(of process: Int32) -> Int? {
            let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
            return status?.firstMatch(of: /RssAnon:\s+(\d+) kB/).flatMap { Int($0.1) }.map { $0 << 10 }
        }
    }
#endif
