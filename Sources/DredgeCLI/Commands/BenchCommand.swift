import ArgumentParser
import Dredge
import DredgeConfig
import DredgeText
import Foundation
import Logging

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure this machine: each stage alone, then all of them together.",
        discussion: """
            Reads generated text, or the first 64 MiB of a file (--file, 1 MiB at least), and with --config also the \
            sources of a config, for at most --seconds. Nothing is kept: the store that is written is deleted at the \
            end. Of a bucket, objects are only read.
            """,
        example: "dredge bench --config contracts.yaml --seconds 10")

    @Option(help: "Read this config's sources, with its settings and limits.", completion: .file())
    var config: String?

    @Option(help: "Read this file's text instead of generated text.", completion: .file())
    var file: String?

    @Option(help: ArgumentHelp("The most seconds that the sources are read for.", valueName: "count"))
    var seconds = 20

    @Option(
        help: ArgumentHelp(
            "A folder on the disk that is to be measured; default the folder of the config's store, or for temporary "
                + "files.", valueName: "folder"), completion: .directory)
    var scratch: String?

    @Flag(help: "Only the stages, each alone.")
    var stagesOnly = false

    @Flag(help: "Print the figures as a line of JSON on standard output.")
    var json = false

    func validate() throws {
        if !(1...3600).contains(seconds) { throw ValidationError("--seconds \(seconds) is not from 1 to 3600") }
        if config != nil, stagesOnly { throw ValidationError("--stages-only reads no sources: leave out --config") }
    }

    func run() async throws {
        let config = try config.map { try Config(path: $0, store: .optional) }
        config?.showWarnings()
        let settings = config?.settings ?? IndexSettings()
        let stop = StopRequest()
        // Before there is a folder that would be left.
        let signals = StopSignals { stop.request() }
        defer { signals.cancel() }
        let (text, name) = try text()
        let folder = try ScratchFolder(in: scratch ?? config?.store.map { ($0 as NSString).deletingLastPathComponent })
        defer { folder.remove() }
        var report = BenchReport(
            machine: .init(coreCount: Engine.coreCount, counterPath: TokenCounter(settings.tokenizer).pathName),
            text: name, textByteCount: text.count,
            stages: try StageBench(text: text, settings: settings, scratch: folder.url).measure {
                if stop.isRequested { throw CommandFailure(.stopped, "Stopped: nothing is kept.") }
            },
            source: "\(name) in memory")
        if !stagesOnly {
            let store = try ChunkStore.open(at: folder.url.appending(path: "run.chunks").path, settings: settings)
            let (engine, sources) = try engine(config, text: text)
            if let config {
                report.source = config.sources.map { "s3://\($0.bucket)/\($0.prefix)" }.joined(separator: ", ")
            }
            report.run = try await measure(engine, sources, store, stop)
        }
        if json {
            Answer.give(report)
        } else {
            try StandardOutput.shared.write(BenchText.text(report))
        }
    }

    private func text() throws -> (text: [UInt8], name: String) {
        guard let file else { return (GeneratedText.make(byteCount: Self.textByteCount), "generated text") }
        let text: [UInt8]
        do {
            text = try InputFile.read(file, byteCountMax: Self.textByteCount)
        } catch {
            throw CommandFailure(.usage, "dredge: \(Quoting.escaped(file)): \(error.reason)")
        }
        guard text.count >= Self.objectByteCount else {
            throw CommandFailure(
                .usage, "dredge: \(Quoting.escaped(file)): a text to measure with has 1 MiB or more")
        }
        return (text, Quoting.escaped(file))
    }

    private func engine(_ config: Config?, text: [UInt8]) throws -> (Engine, [Source]) {
        let logger = CommandLog().logger
        if let config {
            return (
                try Engine(
                    limits: config.limits, base: config.base, environment: ProcessInfo.processInfo.environment,
                    logger: logger), config.sources
            )
        }
        let world = MemoryWorld(
            text: text, objectByteCount: Self.objectByteCount,
            objectCount: min(Self.objectCountPerCore * Engine.coreCount, Self.objectCountMax))
        let engine = Engine(
            limits: .default, base: .fixed(Credentials(accessKeyID: "none", secretAccessKey: "none")), environment: [:],
            world: world, logger: logger)
        return (engine, [Source(bucket: "memory", auth: .anonymous)])
    }

    private func measure(
        _ engine: Engine, _ sources: [Source], _ store: ChunkStore, _ stop: StopRequest
    ) async throws -> RunReport {
        let run = engine.run(sources, into: store)
        stop.begin(run)
        let timer = Task {
            try await Task.sleep(for: .seconds(seconds))
            run.stop()
        }
        defer { timer.cancel() }
        let result: Result<RunReport, RunError>
        do throws(RunError) { result = .success(try await run.report()) } catch { result = .failure(error) }
        await engine.shutDown()
        try? store.close()
        switch result {
        case .success(let report): return report
        case .failure(let error):
            throw CommandFailure(error.code == .invalidSource ? .usage : .fatal, of: error, FatalText.text(error))
        }
    }

    private static let textByteCount = 64 << 20
    private static let objectByteCount = 1 << 20
    /// So that the run takes some seconds.
    private static let objectCountPerCore = 512
    private static let objectCountMax = 16_384
}

/// A new folder that goes at the end.
private struct ScratchFolder {
    let url: URL

    /// In `parent`; nil: where temporary files are.
    init(in parent: String?) throws {
        let parent =
            parent.map { URL(fileURLWithPath: $0.isEmpty ? "." : $0) } ?? FileManager.default.temporaryDirectory
        url = parent.appending(path: "dredge-bench-\(ProcessInfo.processInfo.processIdentifier)")
        do {
            try FileManager.default.createDirectory(
                at: url, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure(
                .fatal,
                "dredge: no folder can be made in \(Quoting.escaped(parent.path)): give another one by --scratch")
        }
    }

    func remove() { try? FileManager.default.removeItem(at: url) }
}
