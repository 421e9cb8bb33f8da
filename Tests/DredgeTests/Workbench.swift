import Dredge
import DredgeAWS
import DredgeStore
import Foundation
import TestServers

/// A place for one test's stores, and runs into them. Removed with it.
final class Workbench: Sendable {
    let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "dredge-run-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func path(_ name: String) -> String { directory.appending(path: name).path }

    /// Keys that the scripted server does not check.
    static let anyKeys = BaseCredentials.fixed(
        Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))

    static func source(at server: ScriptedS3Server, prefix: String = "") -> Source {
        Source(
            name: "scripted", bucket: "bucket", prefix: prefix, region: "us-east-1", endpointURL: server.endpointURL,
            auth: .ambient)
    }

    /// One run to its end.
    @discardableResult func run(
        _ sources: [Source], into name: String = "store", settings: IndexSettings = IndexSettings(),
        limits: Limits = .default, base: BaseCredentials = anyKeys, environment: [String: String] = [:]
    ) async throws -> RunReport {
        let store = try ChunkStore.open(at: path(name), settings: settings)
        defer { try? store.close() }
        let engine = try Engine(limits: limits, base: base, environment: environment)
        let result: Result<RunReport, RunError>
        do throws(RunError) {
            result = .success(try await engine.run(sources, into: store).report())
        } catch {
            result = .failure(error)
        }
        await engine.shutDown()
        return try result.get()
    }

    /// What a run of them would do.
    func plan(_ sources: [Source], against name: String = "store") async throws -> [SourcePlan] {
        let engine = try Engine(base: Self.anyKeys, environment: [:])
        let plan: Result<Plan, RunError>
        do throws(RunError) {
            let store = try? ChunkStore.open(reading: path(name))
            plan = .success(try await engine.plan(sources, against: store))
        } catch {
            plan = .failure(error)
        }
        await engine.shutDown()
        return try plan.get().sources
    }

    func digest(_ name: String = "store") async throws -> String {
        try await ChunkStore.open(reading: path(name)).digest()
    }
}

extension Workbench {
    /// The bytes of an object's chunks, one after the other; none for an object of which nothing is stored.
    func text(of key: String, in name: String = "store") async throws -> [UInt8] {
        var text: [UInt8] = []
        for try await chunk in try ChunkStore.open(reading: path(name)).chunks(of: key) { text += chunk.text }
        return text
    }
}
