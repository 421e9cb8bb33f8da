import Foundation
import TestServers
import Testing

@testable import Dredge
@testable import DredgeCLI

/// What is said of requests and their price before they are made.
@Suite(.timeLimit(.minutes(30))) struct CostTextTests {
    private func progress(_ counts: [(pages: Int, objects: Int, bytes: UInt64)]) -> RunProgress {
        var progress = RunProgress()
        progress.sources = counts.map { count in
            var source = SourceProgress(name: "s")
            (source.pageCount, source.plannedCount, source.plannedByteCount) = count
            return source
        }
        progress.plannedByteCount = counts.reduce(0) { $0 + $1.bytes }
        return progress
    }

    private func line(
        _ progress: RunProgress, _ sources: [Source], environment: [String: String] = [:]
    ) async throws -> String {
        let engine = try Engine(base: .fixed(.init(accessKeyID: "a", secretAccessKey: "b")), environment: environment)
        let line = CostText(progress, of: sources, by: engine).line
        await engine.shutDown()
        return line
    }

    @Test func `requests are told by kind, with what they cost at AWS`() async throws {
        var verified = Source(bucket: "two")
        verified.verifiesChecksums = true
        let sources = [Source(bucket: "one"), verified]
        // 8 MiB of it have one part more than there are objects.
        let progress = progress([(1_000, 1_000_000, 50_000_000), (1, 10, 5_000)])
        #expect(
            try await line(progress, sources) == """
                To read: 1,000,010 objects, 50.0 MB. Requests: 1,001 LISTs, 1,000,015 GETs at most, 10 HEADs: $0.41 at \
                list prices of us-east-1.
                """)
        let small = self.progress([(1, 1, 5), (1, 0, 0)])
        #expect(
            try await line(small, sources)
                == "To read: 1 object, 5 B. Requests: 2 LISTs, 1 GET: under $0.01 at list prices of us-east-1.")
    }

    @Test func `nothing is said of the prices of other services`() async throws {
        let progress = progress([(1, 1, 5)])
        let elsewhere = "To read: 1 object, 5 B. Requests: 1 LIST, 1 GET."
        let source = Source(bucket: "b", endpointURL: "https://minio.test")
        #expect(try await line(progress, [source]) == elsewhere)
        let environment = ["AWS_ENDPOINT_URL_S3": "https://minio.test"]
        #expect(try await line(progress, [Source(bucket: "b")], environment: environment) == elsewhere)
    }

    @Test func `a run and a dry run say it, a quiet one and one with nothing to read do not`() async throws {
        let server = try await ScriptedS3Server(.init(objects: [.init("a.txt", body: Array("text\n".utf8))]))
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        func errors(_ flags: String...) async throws -> String {
            let outcome = try await DredgeBinary.run(
                ["index", "s3://bucket", "--endpoint-url", server.endpointURL, "--no-sign-request"]
                    + flags, directory: directory.url)
            #expect(outcome.status == 0, "\(outcome)")
            return outcome.error
        }
        let line = "To read: 1 object, 5 B. Requests: 1 LIST, 1 GET."
        let dry = try await errors("--store", "s.chunks", "--dry-run")
        #expect(dry.hasSuffix("\n\(line)\nNothing was fetched, nothing was written.\n"))
        #expect(try await errors("--store", "q.chunks", "--quiet").isEmpty)
        #expect(try await errors("--store", "s.chunks").contains(" info \(line)\n"))
        #expect(!(try await errors("--store", "s.chunks").contains("To read")))
        let log = try await errors("--store", "j.chunks", "--no-progress", "-v", "--log-format", "json")
        #expect(log.contains(#""gets_max":1"#) && log.contains(#""lists":1"#), "\(log)")
    }
}
