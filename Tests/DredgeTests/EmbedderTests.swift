@testable import Dredge
import DredgeAWS
import DredgeS3
import DredgeStore
import DredgeTransfer
import Foundation
import Synchronization
import TestServers
import Testing

/// What a program that embeds an engine relies on beside the runs themselves: its own credentials, what errors say, and
/// that nothing of its process is looked at.
@Suite(.timeLimit(.minutes(30))) struct EmbedderTests {
    private static let line = Array("a line of text\n".utf8)

    private static func scenario(_ keys: [String] = ["a.txt"]) -> ScriptedS3Server.Scenario {
        .init(objects: keys.map { .init($0, body: line) })
    }

    /// A program's own way to credentials: counts how often it is asked.
    private final class Vault: Sendable {
        struct Sealed: Error, CustomStringConvertible { let description = "the vault is sealed\u{1B}[1m" }
        private let calls = Mutex(0)
        var callCount: Int { calls.withLock { $0 } }
        private let answer: @Sendable (_ call: Int) throws -> Credentials

        init(_ answer: @escaping @Sendable (_ call: Int) throws -> Credentials) { self.answer = answer }

        var callback: CredentialCallback {
            CredentialCallback("the vault") { [self] in
                try answer(
                    calls.withLock {
                        $0 += 1
                        return $0
                    })
            }
        }

        static func keys(_ call: Int, endsAfter seconds: Double? = nil) -> Credentials {
            Credentials(
                accessKeyID: "AKOFCALL\(call)", secretAccessKey: "secret", sessionToken: "token",
                expiration: seconds.map { Date(timeIntervalSinceNow: $0) })
        }
    }

    private func signers(_ server: ScriptedS3Server) throws -> [String] {
        try server.requests().compactMap { $0.headers["authorization"]?.firstMatch(of: /AKOFCALL\d+/) }
            .map { String($0.output) }
    }

    @Test func `a callback signs for the engine, for a role and for one source, and is asked once`() async throws {
        for kind in ["engine", "role", "source"] {
            var scenario = Self.scenario(["a.txt", "b.txt"])
            if kind == "role" { scenario.sts = .init(sessionSeconds: 900) }
            let server = try await ScriptedS3Server(scenario)
            defer { server.stop() }
            let vault = Vault { Vault.keys($0, endsAfter: 3600) }
            var source = Workbench.source(at: server)
            source.stsEndpointURL = server.endpointURL
            switch kind {
            case "role": source.auth = .assumeRole([RoleHop(roleARN: "arn:aws:iam::123456789012:role/R")])
            case "source": source.auth = .callback(vault.callback)
            default: break
            }
            let base = kind == "source" ? Workbench.anyKeys : .callback(vault.callback)
            let report = try await Workbench().run([source], base: base)
            #expect(report.indexed.objects == 2)
            #expect(vault.callCount == 1)
            let signers = try signers(server)
            #expect(!signers.isEmpty && Set(signers) == ["AKOFCALL1"])
            #expect(try signers.count == (kind == "role" ? 1 : server.requests().count))
        }
    }

    @Test func `a callback is asked again once the service refuses what it gave`() async throws {
        var scenario = Self.scenario()
        scenario.faults = [.error(on: .get, 400, "ExpiredToken")]
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let vault = Vault { Vault.keys($0) }
        let report = try await Workbench().run([Workbench.source(at: server)], base: .callback(vault.callback))
        #expect(report.indexed.objects == 1 && vault.callCount == 2)
        #expect(try signers(server).last == "AKOFCALL2")
    }

    @Test func `what a callback throws, and what is over when it comes, is the source's error`() async throws {
        let server = try await ScriptedS3Server(Self.scenario())
        defer { server.stop() }
        func error(_ vault: Vault) async throws -> RunError? {
            var limits = Limits.default
            limits.outagePatience = .zero
            do {
                _ = try await Workbench().run(
                    [Workbench.source(at: server)], limits: limits, base: .callback(vault.callback))
                return nil
            } catch {
                return error as? RunError
            }
        }
        let thrown = try #require(try await error(Vault { _ in throw Vault.Sealed() }))
        #expect(thrown.code == .credentials && thrown.step == "get credentials from the vault")
        #expect(thrown.message.contains("it said: the vault is sealed"))
        #expect(!thrown.message.contains("\u{1B}"))
        let over = try #require(try await error(Vault { Vault.keys($0, endsAfter: -60) }))
        #expect(over.code == .credentials && over.message.contains("what it gave ended at "))
        #expect(try server.requests().isEmpty)
    }

    @Test func `an error says in a string, and as localizedDescription, what, why and what to do`() {
        let run = RunError(
            code: .accessDenied, source: "acme", step: "list s3://b/", serviceCode: "AccessDenied", status: 403,
            requestID: "R1", message: "Refused", advice: "Ask the owner",
            others: [RunError(code: .store, step: "", message: "Full\u{1B}.", advice: "Make room.")])
        #expect(
            "\(run)" == """
                source "acme": could not list s3://b/: Refused (code AccessDenied, HTTP 403, request R1). Ask the owner.
                could not go on: Full\\u{1B}. Make room.
                """)
        let errors: [any Error & CustomStringConvertible] = [
            run, AWSError(code: .accessDenied, step: "assume the role", message: "refused", advice: "Ask."),
            S3Error(code: .accessDenied, bucket: "b", message: "refused", advice: "Ask."),
            StoreError(code: .diskFull, path: "s", message: "Full", advice: "Make room."),
            TransferError(code: .tls, message: "refused", authority: "s3.test:443"),
        ]
        for error in errors {
            #expect(error.localizedDescription == error.description)
            #expect(error.description.hasSuffix(".") && error.description.contains(" "), "\(error)")
        }
    }

    @Test func `progress has each source, also of a run that is gone on with`() async throws {
        var scenario = Self.scenario(["a/1.txt", "a/2.txt", "b/1.txt"])
        scenario.faults = [.hang(on: .get).forKey("a/2.txt").times(-1)]
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        let bench = try Workbench()
        let engine = try Engine(base: Workbench.anyKeys, environment: [:])
        let sources = ["a", "b"].map { name in
            var source = Workbench.source(at: server, prefix: "\(name)/")
            source.name = name
            return source
        }
        let store = try ChunkStore.open(at: bench.path("store"), settings: IndexSettings())
        let first = engine.run(sources, into: store)
        for await progress in first.progress where progress.doneCount == 2 {
            if progress.sources.map(\.isOpen) == [true, false] { break }
        }
        #expect(first.figures.progress.openSources == ["a"])
        first.stop()
        #expect(try await first.report().outcome == .stopped)

        try server.play(Self.scenario(["a/1.txt", "a/2.txt", "b/1.txt"]))
        let second = engine.run(sources, into: store)
        #expect(try await second.report().outcome == .complete)
        let progress = second.figures.progress
        #expect(progress.sources.map(\.name) == ["a", "b"])
        #expect(progress.sources.map(\.listedCount) == [2, 1] && progress.sources.map(\.doneCount) == [2, 1])
        #expect(progress.sources.map(\.indexedCount).reduce(0, +) == progress.indexedCount)
        #expect(progress.sources[0].indexedCount >= 1 && progress.sources[0].isListingComplete)
        #expect(progress.openSources.isEmpty && progress.listedCount == 3 && progress.doneCount == 3)
        await engine.shutDown()
        try store.close()
    }

    @Test func `keys and chunks have a string form`() async throws {
        let server = try await ScriptedS3Server(Self.scenario(["é.txt"]))
        defer { server.stop() }
        let bench = try Workbench()
        try await bench.run([Workbench.source(at: server)])
        let store = try ChunkStore.open(reading: bench.path("store"))
        for try await object in store.objects() { #expect(object.keyText == "é.txt") }
        for try await chunk in store.chunks() {
            #expect(chunk.keyText == "é.txt" && chunk.string == "a line of text\n")
        }
    }

    #if os(Linux)
        // In a process of its own, since the environment is the whole process's.
        @Test func `the process's environment counts for nothing unless it is handed over`() async {
            await #expect(processExitsWith: .success) {
                for (name, value) in [
                    "AWS_ENDPOINT_URL": "http://nowhere.invalid", "AWS_PROFILE": "nobody", "AWS_CA_BUNDLE": "/nowhere",
                    "AWS_MAX_ATTEMPTS": "none", "http_proxy": "http://nowhere.invalid:1", "HOME": "/nowhere",
                    "AWS_USE_FIPS_ENDPOINT": "maybe",
                ] {
                    setenv(name, value, 1)
                }
                let server = try await ScriptedS3Server(Self.scenario())
                defer { server.stop() }
                let bench = try Workbench()
                let report = try await bench.run([Workbench.source(at: server)])
                #expect(report.indexed.objects == 1)
                let error = await #expect(throws: RunError.self) {
                    try await bench.run(
                        [Workbench.source(at: server)], into: "other",
                        environment: ProcessInfo.processInfo.environment)
                }
                #expect(error.map { "\($0)" }?.isEmpty == false)
            }
        }
    #endif
}
