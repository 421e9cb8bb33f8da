// Runs at once by one engine, into a store each: `ManyRuns PLAN`, where PLAN is the path of a JSON file (see Plan).
// Prints a JSON array with each run's ending. `Benchmarks/many-runs` makes the plan and the servers, and judges.
import Dredge
import Foundation

let plan = try JSONDecoder().decode(Plan.self, from: Data(contentsOf: URL(filePath: CommandLine.arguments[1])))
var limits = Limits.default
limits.memoryByteCount = plan.memoryByteCount
let engine = try Engine(limits: limits, environment: ProcessInfo.processInfo.environment)

@Sendable func perform(_ item: Plan.Item, since start: ContinuousClock.Instant) async throws -> Ending {
    let store = try ChunkStore.open(at: "\(plan.folder)/\(item.bucket).chunks", settings: IndexSettings())
    let role = RoleHop(roleARN: "arn:aws:iam::123456789012:role/Reader", externalID: "benchmark")
    let source = Source(
        bucket: item.bucket, endpointURL: item.endpointURL, stsEndpointURL: item.stsEndpointURL,
        auth: item.stsEndpointURL == nil ? .ambient : .assumeRole([role]), expectedBucketOwner: .anyone)
    let run = engine.run([source], into: store)
    let stopping = Task {
        guard let seconds = item.stopAfterSeconds else { return }
        try await Task.sleep(for: .seconds(seconds))
        run.stop()
    }
    defer { stopping.cancel() }
    var report: RunReport?
    var outcome: String
    do {
        report = try await run.report()
        outcome = report?.outcome.rawValue ?? ""
    } catch {
        report = error.report
        outcome = error.code.rawValue
    }
    return Ending(
        bucket: item.bucket, outcome: outcome, seconds: (ContinuousClock.now - start) / .seconds(1),
        indexedCount: report?.indexed.objects ?? 0, failedReasons: report?.failedReasons ?? [:],
        tokenCount: report?.tokenCount ?? 0)
}

let start = ContinuousClock.now
let endings = try await withThrowingTaskGroup(of: Ending.self) { group in
    for item in plan.runs { group.addTask { try await perform(item, since: start) } }
    var endings: [Ending] = []
    for try await ending in group { endings.append(ending) }
    return endings
}
await engine.shutDown()
print(String(decoding: try JSONEncoder().encode(endings), as: UTF8.self))
