import DredgeBase
import DredgeLedger
import DredgeS3
import DredgeStore
import Foundation
import Logging
import SimulatedWorld
import TestServers
import Testing

@testable import Dredge

/// A plan is what the run after it does: over random changes of buckets and sources, into a store in memory and into a
/// real one.
@Suite struct PlanTests {
    /// Two buckets and a source, as they are changed from run to run.
    private struct Setting {
        var generator: SeededGenerator
        var buckets: [String: [String: FakeWorld.Object]] = ["one": [:], "two": [:]]
        var source = Source(name: "docs", bucket: "one", auth: .anonymous)
        /// The listing repeats some keys.
        var isBroken = false
        private var serial = 0

        init(seed: UInt64) {
            generator = SeededGenerator(seed: seed)
            for _ in 0..<5 + generator.next(below: 60) { put() }
        }

        private mutating func any<Value>(of values: [Value]) -> Value { values[generator.next(below: values.count)] }

        private mutating func put() {
            let key = any(of: ["a/", "b/", "b/c/"]) + "\(generator.next(below: 80))" + any(of: [".txt", ".json", ""])
            serial += 1
            var object = FakeWorld.Object(key: key, body: Array("the text number \(serial)\n".utf8))
            switch generator.next(below: 20) {
            case 0: object.body = []
            case 1: object.body = [1, 0, 2, UInt8(truncatingIfNeeded: serial)]
            case 2: object.flaw = .init(code: .listedSize, message: "of the test")
            default: break
            }
            buckets[any(of: ["one", "one", "one", "two"]), default: [:]][key] = object
        }

        private mutating func delete(_ count: Int) {
            for _ in 0..<count {
                guard let key = buckets[source.bucket]?.keys.sorted().randomElement(using: &generator) else { return }
                buckets[source.bucket]?[key] = nil
            }
        }

        mutating func change() {
            source.removal = RemovalRule(
                mode: any(of: [.remove, .remove, .remove, .remove, .mark, .keep]), countMax: any(of: [0, 3, 10]),
                shareMax: any(of: [0, 0.1, 0.5, 1]), isConfirmed: generator.next(below: 5) == 0)
            isBroken = generator.next(below: 10) == 0
            for _ in 0...generator.next(below: 3) {
                switch generator.next(below: 14) {
                case 0...3: for _ in 0..<generator.next(below: 10) { put() }
                case 4...5: delete(1 + generator.next(below: 4))
                case 6: delete(15)
                case 7: source.prefix = any(of: ["", "", "a/", "b/", "z/"])
                case 8: source.bucket = any(of: ["one", "one", "two"])
                case 9: source.include = any(of: [[], [], ["**/*.txt"], ["*.txt"]])
                case 10: source.exclude = any(of: [[], [], ["b/**"], ["**/1*"]])
                case 11: source.endpointURL = any(of: [nil, nil, "https://s3.example.com"])
                case 12: if generator.next(below: 3) == 0 { buckets[source.bucket] = [:] }
                default: break
                }
            }
        }

        mutating func engine() -> Engine {
            var listed = buckets.mapValues { $0.values.sorted { $0.key < $1.key } }
            if isBroken {
                let repeated = listed[source.bucket, default: []].prefix(4)
                listed[source.bucket, default: []] += repeated
            }
            return Engine(
                limits: .default, base: Workbench.anyKeys, environment: [:],
                world: FakeWorld(buckets: listed, seed: generator.next(), faultPercentage: 0),
                logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        }
    }

    @Test("I10: a plan and the run after it are equal in every count, over some hundred random changes")
    func plansForetellRuns() async throws {
        var seen: [WithheldReason: Int] = [:]
        var removedCount = 0
        for seed in UInt64(1)...30 {
            let directory = try Workbench()
            let real = try ChunkStore.open(at: directory.path("store"), settings: SimulatedRunTests.settings)
            let memory = MemoryStore(settings: SimulatedRunTests.settings.named, seed: seed)
            var setting = Setting(seed: seed)
            for step in 0..<10 {
                let comment: Comment = "seed \(seed), step \(step)"
                let engine = setting.engine()
                let source = setting.source
                let plan = try await engine.plan([source], against: memory).sources[0]
                var other = try await engine.plan([source], against: real).sources[0]
                // Pages of this world have any length.
                other.pageCount = plan.pageCount
                #expect(other == plan, comment)
                #expect(plan.getCount == plan.toFetch.objects, comment)
                let before = Set(memory.content["docs", default: [:]].keys)
                for report in [
                    try await engine.run([source], into: memory).report(),
                    try await engine.run([source], into: real).report(),
                ] {
                    compare(plan, report, comment)
                }
                let after = Set(memory.content["docs", default: [:]].keys)
                if plan.withheldCount > 0 {
                    let binary = setting.buckets.values.flatMap(\.values).filter { $0.body.contains(0) }.map(\.key)
                    #expect(before.subtracting(after).isSubset(of: binary.map { Array($0.utf8) }), comment)
                }
                if let reason = plan.withheld?.reason { seen[reason, default: 0] += 1 }
                removedCount += plan.removedCount
                await engine.shutDown()
                setting.change()
            }
            let verdict = try await real.verify()
            #expect(verdict.isSound, "seed \(seed): \(verdict.problems)")
            try real.close()
        }
        // What is to be foretold must have happened.
        #expect(Set(seen.keys) == Set(WithheldReason.allCases), "\(seen)")
        #expect(removedCount > 100)
    }

    private func compare(_ plan: SourcePlan, _ report: RunReport, _ comment: Comment) {
        #expect(plan.listed == report.listed, comment)
        #expect(plan.unchanged == report.unchanged, comment)
        #expect(plan.failed == report.failed, comment)
        #expect(plan.failedReasons == report.failedReasons, comment)
        // What the bytes say, no listing can foretell.
        let binaryCount = report.skippedReasons["binary", default: 0] - plan.skippedReasons["binary", default: 0]
        #expect(plan.toFetch.objects == report.indexed.objects + binaryCount, comment)
        #expect(plan.skipped.objects == report.skipped.objects - binaryCount, comment)
        var reasons = report.skippedReasons
        reasons["binary"] = plan.skippedReasons["binary"]
        #expect(plan.skippedReasons == reasons, comment)
        #expect(plan.removedCount == report.removedCount, comment)
        #expect(plan.markedCount == report.markedCount, comment)
        #expect(plan.withheldCount == report.withheldCount, comment)
        #expect([plan.withheld].compactMap(\.self) == report.withheld, comment)
    }
}
