import Dredge
import Foundation

/// Indexes buckets side by side, each into a store of its own, with one engine: `embedding DIRECTORY BUCKET…`.
///
/// Credentials, region and endpoint come from AWS's environment variables. Control-C stops the runs; the same command
/// goes on from there.
@main struct Embedding {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let directory = arguments.first, arguments.count > 1 else {
            print("usage: embedding DIRECTORY BUCKET…")
            exit(1)
        }
        var limits = Limits.default
        limits.memoryByteCount = 512 << 20  // of all runs together
        let engine = try Engine(limits: limits, environment: ProcessInfo.processInfo.environment)
        let indexing = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for bucket in arguments.dropFirst() {
                    group.addTask { try await index(bucket, into: "\(directory)/\(bucket).chunks", with: engine) }
                }
                try await group.waitForAll()
            }
        }
        signal(SIGINT, SIG_IGN)
        let interrupt = DispatchSource.makeSignalSource(signal: SIGINT)
        interrupt.setEventHandler { indexing.cancel() }
        interrupt.resume()
        let result = await indexing.result
        await engine.shutDown()
        try result.get()
    }

    static func index(_ bucket: String, into path: String, with engine: Engine) async throws {
        let settings = IndexSettings(tokenizer: .o200kBase, chunking: .lines(maxTokens: 512))
        let store = try ChunkStore.open(at: path, settings: settings)
        let run = engine.run([Source(bucket: bucket, include: ["**/*.txt"])], into: store)
        let ticker = Task {
            for await progress in run.progress {
                print("\(bucket): \(progress.doneCount) of \(progress.listedCount), \(progress.tokenCount) tokens")
            }
        }
        do throws(RunError) {
            let report = try await run.report()
            print("\(bucket): \(report.outcome), \(report.indexed.objects) indexed, \(report.failed.objects) failed")
        } catch {
            // One bucket that can't be read is no reason to stop the others.
            print("\(bucket): \(error)")
        }
        await ticker.value
        try store.close()
    }
}
