import Foundation
import ServiceBench
import Synchronization
import TestServers
import Testing

@testable import DredgeService

/// Bounds of what a key may ask and what an organization may do.
@Suite(.timeLimit(.minutes(30))) struct RateTests {
    @Test func `a key asks in bursts, and no faster than its rate`() throws {
        let time = Mutex(ContinuousClock.now)
        var limit = RateLimit(requestsPerSecond: 10)
        limit.burst = 3
        let rates = RequestRates(limit) { time.withLock { $0 } }
        func count(_ keyID: String = "a", of tries: Int) -> Int {
            (0..<tries).reduce(0) { sum, _ in (try? rates.take(keyID)) == nil ? sum : sum + 1 }
        }
        #expect(count(of: 10) == 3)
        #expect(count("b", of: 10) == 3)
        time.withLock { $0 += .milliseconds(100) }
        #expect(count(of: 10) == 1)
        time.withLock { $0 += .milliseconds(250) }
        #expect(count(of: 10) == 2)
        time.withLock { $0 += .seconds(60) }
        #expect(count(of: 10) == 3)
        let error = #expect(throws: ServiceError.self) { try rates.take("a") }
        guard case .refused(let refusal)? = error else { return }
        #expect(refusal.code == "rate_limited" && refusal.retryAfterSeconds == 1)
    }

    @Test func `an organization submits as many jobs in a day as its quota allows`() async throws {
        let bench = try await ServiceBench(count: 1)
        var configuration = ServiceConfiguration()
        configuration.quotas.jobCountPerDay = 2
        let service = try await bench.start(configuration)
        let caller = try await service.caller()
        _ = try await service.collections.put("c", [:], for: caller)
        for _ in 0..<2 { #expect(try await service.index(for: caller)["status"] == "completed") }
        let error = await #expect(throws: ServiceError.self) { try await service.index(for: caller) }
        guard case .refused(let refusal)? = error else { return }
        #expect(refusal.code == "quota_exceeded" && refusal.kind == .tooManyRequests)
        #expect((86_000...86_400).contains(refusal.retryAfterSeconds ?? 0))
        // Others have their own.
        let key = try await service.keys.create(organization: "Other", environment: .development)
        let other = Caller(keyID: key.keyID, organization: key.organizationID, environment: key.environment)
        _ = try await service.collections.put("c", [:], for: other)
        #expect(try await service.index(for: other)["status"] == "completed")
        await service.shutDown()
    }

    @Test func `a job that reads more bytes than the quota has left fails, and keeps what it indexed`() async throws {
        // One object at a time arrives, so that the job can be ended in its midst.
        let keys = ServiceBench.keys(40)
        let bench = try await ServiceBench(
            ServiceBench.scenario(keys, faults: [.hang(on: .get).forKey(keys[39]).times(-1)]))
        var configuration = ServiceConfiguration()
        configuration.quotas.byteCountPerDay = 200
        let service = try await bench.start(configuration)
        let caller = try await service.caller()
        _ = try await service.collections.put("c", [:], for: caller)
        let job = try await service.index(for: caller)
        #expect(job["status"] == "failed" && job["error_code"] == "quota_exceeded", "\(job.text)")
        #expect(job.at("result", "files_indexed")?.intValue ?? 0 > 0)
        let error = await #expect(throws: ServiceError.self) { try await service.index(for: caller) }
        guard case .refused(let refusal)? = error else { return }
        #expect(refusal.code == "quota_exceeded")
        #expect(await service.jobs.work().endedCounts == ["failed": 1])
        await service.shutDown()
    }
}
