import DredgeBase
import DredgeLedger
import Logging
import SimulatedWorld
import Testing

@testable import Dredge

@Suite struct EngineTests {
    private func engine() -> Engine {
        Engine(
            limits: .default, base: Workbench.anyKeys, environment: [:],
            world: FakeWorld(buckets: SimulatedRunTests.buckets, seed: 1, faultPercentage: 0),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    @Test func `one engine runs many runs at once, each into its own store`() async throws {
        let engine = engine()
        let stores = (0..<6).map { MemoryStore(settings: SimulatedRunTests.settings.named, seed: $0) }
        let runs = stores.map { engine.run(SimulatedRunTests.sources, into: $0) }
        for run in runs { #expect(try await run.report().outcome == .complete) }
        for store in stores { #expect(store.content == stores[0].content) }
        await engine.shutDown()
    }

    @Test func `a run that is stopped or fails leaves the others alone`() async throws {
        let engine = engine()
        let good = MemoryStore(settings: SimulatedRunTests.settings.named, seed: 1)
        let broken = MemoryStore(settings: SimulatedRunTests.settings.named, seed: 2, crashesAt: 12)
        let stopped = MemoryStore(settings: SimulatedRunTests.settings.named, seed: 3)
        let runs = [good, broken, stopped].map { engine.run(SimulatedRunTests.sources, into: $0) }
        runs[2].stop()
        #expect(try await runs[0].report().outcome == .complete)
        await #expect(throws: RunError.self) { try await runs[1].report() }
        #expect(try await runs[2].report().outcome == .stopped)
        await engine.shutDown()
    }

    @Test func `a run that begins on an engine that is shut down ends`() async throws {
        let engine = engine()
        await engine.shutDown()
        let store = MemoryStore(settings: SimulatedRunTests.settings.named, seed: 1)
        await #expect(throws: RunError.self) { try await engine.run(SimulatedRunTests.sources, into: store).report() }
    }
}
