import DredgeTransfer
import Foundation
import Synchronization
import TestServers
import Testing

@testable import Dredge

/// Runs against a scripted server whose faults a seed draws, all of them such that time or another try mends.
@Suite(.timeLimit(.minutes(30))) struct SeededFaultTests {
    /// More of them to soak it.
    static let seedCount = ProcessInfo.processInfo.environment["DREDGE_FAULT_SEEDS"].flatMap(UInt64.init) ?? 300

    @Test func `three hundred mixes of faults end in the digest of the undisturbed run`() async throws {
        let worlds = (1...5).map { World(seed: $0) }
        // Most of their time they wait.
        let serverCount = 6
        let servers = ScriptedServers(count: serverCount)
        let bench = try Workbench()
        let digests = try await servers.with { server in
            var digests: [String] = []
            for (index, world) in worlds.enumerated() {
                try server.play(.init(objects: world.objects))
                let run = HastyRun(bench)
                try #require(try await run.run(Workbench.source(at: server), into: "undisturbed-\(index)").isComplete)
                digests.append(try await bench.digest("undisturbed-\(index)"))
            }
            return digests
        }

        let (seeds, attempts) = (Tally(), Tally())
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<serverCount {
                group.addTask {
                    while let seed = seeds.next(upTo: Self.seedCount) {
                        let index = Int(seed % UInt64(worlds.count))
                        let digest = try await servers.with {
                            try await Self.digest(seed: seed, of: worlds[index], at: $0, attempts)
                        }
                        #expect(digest == digests[index], "seed \(seed)")
                    }
                }
            }
        }
        #expect(attempts.count > Self.seedCount, "some runs were ended, and began again")
        let faults = try await servers.all.flatMap { try $0.requests() }.compactMap(\.fault)
        #expect(faults.count > Int(Self.seedCount) * 4)
        #expect(Self.seedCount < 100 || Set(faults).count >= 18, "\(Set(faults).sorted())")
    }

    private final class Tally: Sendable {
        private let state = Mutex<UInt64>(0)
        var count: UInt64 { state.withLock { $0 } }

        func next(upTo last: UInt64 = .max) -> UInt64? {
            state.withLock { count in
                if count >= last { return nil }
                count += 1
                return count
            }
        }
    }

    /// What lies in a bucket: nothing, little, and texts of several parts.
    private struct World: Sendable {
        var objects: [ScriptedS3Server.Object] = []
        var keys: [String] = []
        var emptyCount = 0

        init(seed: UInt64) {
            var generator = SeededGenerator(seed: seed)
            var maker = TextMaker(seed: seed)
            let part = Limits.partByteCountMin
            let sizes =
                [0, 1, part, part + 1, 2 * part + generator.next(below: part), 3 * part]
                + (0..<4 + generator.next(below: 20)).map { _ in generator.next(below: 3_000) }
            for (index, size) in sizes.enumerated() {
                keys.append("\(index % 3)/\(index).txt")
                objects.append(.init(keys[index], body: maker.text(byteCount: size)))
                if size == 0 { emptyCount += 1 }
            }
        }
    }

    /// Runs as a user would, again while objects are missing; the digest then.
    private static func digest(
        seed: UInt64, of world: World, at server: ScriptedS3Server, _ attempts: Tally
    ) async throws -> String {
        let mix = FaultMix(seed: seed, keys: world.keys)
        try server.play(mix.scenario(of: world.objects))
        let plain = Workbench.source(at: server)
        let source = mix.sessionSeconds == nil ? plain : plain.assumingRole(at: server)
        let bench = try Workbench()
        var run = HastyRun(bench)
        run.limits.outagePatience = .seconds(5)
        run.environment["AWS_MAX_ATTEMPTS"] = "\(mix.attemptCount)"
        var last: Result<RunReport, RunError>?
        for attempt in 0..<30 {
            // Nobody asks twenty times while connections are refused for a moment.
            try await Task.sleep(for: .milliseconds(20 * attempt))
            // On a machine that is busy enough, every answer has stalled: the last attempts have time.
            run.transfer.progressTimeout = attempt < 6 ? .milliseconds(500) : .seconds(30)
            _ = attempts.next()
            let result = try await run.run(source, into: "store")
            last = result
            #expect(result.report.map(\.addsUp) != false, "seed \(seed): \(result)")
            #expect(result.report.map(\.removedCount) ?? 0 == 0, "seed \(seed)")
            guard result.isComplete, let report = result.report else { continue }
            #expect(report.listed.objects == world.keys.count, "seed \(seed)")
            #expect(report.skippedReasons == ["empty": world.emptyCount], "seed \(seed)")
            #expect(report.skipped.objects + report.indexed.objects + report.unchanged.objects == world.keys.count)
            return try await bench.digest()
        }
        Issue.record("seed \(seed) comes to no end: \(String(describing: last))")
        return ""
    }
}

/// Faults that a seed draws, and the settings of the run that meets them.
private struct FaultMix {
    private typealias Fault = ScriptedS3Server.Fault
    private var generator: SeededGenerator
    private(set) var faults: [ScriptedS3Server.Fault] = []
    let attemptCount: Int
    /// How long the sessions of a role last; nil: none is assumed.
    let sessionSeconds: Double?
    private let pageSize: Int
    private let clockOffset: Double
    private let regionAnswer: ScriptedS3Server.RegionAnswer?

    init(seed: UInt64, keys: [String]) {
        generator = SeededGenerator(seed: seed)
        pageSize = 1 + generator.next(below: 12)
        attemptCount = 2 + generator.next(below: 3)
        let hasRole = generator.next(below: 4) == 0
        sessionSeconds = hasRole ? Double(2 + generator.next(below: 4)) : nil
        clockOffset = hasRole ? Double(generator.next(below: 3) - 1) * 5400 : 0
        regionAnswer = [nil, nil, nil, .header, .malformed, .silent][generator.next(below: 6)]
        if hasRole {
            for _ in 0..<generator.next(below: 4) { faults.append(drawOfSTS().times(1 + generator.next(below: 2))) }
        }
        for _ in 0..<4 + generator.next(below: 10) {
            let action = [ScriptedS3Server.Action.get, .get, .get, .list, .head][generator.next(below: 5)]
            var fault = draw(on: action)
            if action == .get, generator.next(below: 2) == 0 {
                fault = fault.forKey(keys[generator.next(below: keys.count)])
            }
            faults.append(fault.times(1 + generator.next(below: 3), afterSkipping: generator.next(below: 8)))
        }
    }

    func scenario(of objects: [ScriptedS3Server.Object]) -> ScriptedS3Server.Scenario {
        var scenario = ScriptedS3Server.Scenario(objects: objects, faults: faults)
        scenario.pageSize = pageSize
        scenario.clockOffset = clockOffset
        scenario.sts = sessionSeconds.map { .init(sessionSeconds: $0) }
        if let regionAnswer {
            scenario.region = "eu-west-1"
            scenario.regionAnswer = regionAnswer
        }
        return scenario
    }

    private mutating func drawOfSTS() -> ScriptedS3Server.Fault {
        switch generator.next(below: 7) {
        case 0: .error(on: .assumeRole, 500, "InternalFailure")
        case 1: .error(on: .assumeRole, 400, "Throttling")
        case 2: .raw(on: .assumeRole, Self.page, status: 503, headers: Self.proxyHeaders)
        case 3: .reset(on: .assumeRole, at: place(generator.next(below: 300)))
        case 4: .delay(on: .assumeRole, seconds: 0.2)
        case 5: .expiredSession()
        default: .partialSession()
        }
    }

    private static let page = "<html><body>An error occurred.</body></html>"
    private static let proxyHeaders: [String: String?] = ["x-amz-request-id": nil, "Content-Type": "text/html"]

    private mutating func draw(on action: ScriptedS3Server.Action) -> ScriptedS3Server.Fault {
        let byteCount = generator.next(below: [2, 300, 70_000][generator.next(below: 3)])
        switch generator.next(below: action == .get ? 17 : action == .list ? 14 : 11) {
        case 0: return failure(on: action)
        case 1: return .error(on: action, [408, 429, 500, 502, 503, 504][generator.next(below: 6)], nil)
        case 2:
            let status = [200, 302, 403, 404, 429, 500, 502, 503, 504][generator.next(below: 9)]
            return .raw(on: action, Self.page, status: status, headers: Self.proxyHeaders)
        case 3: return .reset(on: action, at: place(byteCount))
        case 4: return .hang(on: action, at: place(byteCount))
        case 5: return .refuse(on: action, seconds: Double(1 + generator.next(below: 8)) / 20)
        case 6: return .delay(on: action, seconds: Double(generator.next(below: 8)) / 20)
        case 7:
            let status = [100, 102, 103][generator.next(below: 3)]
            return .interims(on: action, status, count: generator.next(below: 9))
        case 8: return .headers(on: action, ["Connection": "close"])
        case 9: return wrongHead(on: action)
        case 10: return .headers(on: action, status: [201, 203, 204, 206, 226][generator.next(below: 5)])
        case 11: return .shortBody(on: action, byteCount: byteCount)
        case 12: return .longBody(on: action, byteCount: 1 + byteCount, isAnnounced: generator.next(below: 2) == 0)
        case 13: return action == .list ? .emptyPage() : .cut(on: .get, byteCount: byteCount)
        case 14: return .shiftedRange(byteCount: 1 + byteCount)
        case 15: return .wholeObject(byteCount: generator.next(below: 2) == 0 ? nil : byteCount)
        default: return .error(on: .get, 403, "AccessDenied")
        }
    }

    private mutating func failure(on action: ScriptedS3Server.Action) -> ScriptedS3Server.Fault {
        let (status, code) = [
            (500, "InternalError"), (503, "SlowDown"), (503, "ServiceUnavailable"), (400, "RequestTimeout"),
            (409, "OperationAborted"), (400, "ExpiredToken"), (403, "RequestTimeTooSkewed"),
        ][generator.next(below: 7)]
        return .error(on: action, status, code)
    }

    private mutating func place(_ byteCount: Int) -> ScriptedS3Server.Fault.Place {
        [.start, .head(byteCount: byteCount % 200), .body(byteCount: byteCount)][generator.next(below: 3)]
    }

    private mutating func wrongHead(on action: ScriptedS3Server.Action) -> ScriptedS3Server.Fault {
        let heads: [[String: String?]] = [
            ["Content-Length": "3"], ["Content-Length": nil], ["Content-Length": "-1"], ["Content-Length": "x"],
            ["Content-Length": "900000"], ["Content-Range": nil], ["Content-Range": "bytes 1-2/3"],
            ["Content-Range": "lines 0-1/2"], ["ETag": nil], ["ETag": "\"another\""], ["Date": nil], ["Date": "now"],
        ]
        return .headers(on: action, heads[generator.next(below: heads.count)])
    }
}
