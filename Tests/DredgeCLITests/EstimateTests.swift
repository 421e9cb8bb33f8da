import Testing

@testable import DredgeCLI

/// Figures that were worked out by hand from the formulas at `Estimate`, for machines of 32 cores at 20 MB/s each, 25
/// Gb/s and 600 requests in flight, first byte after 100 ms, $4 an hour.
@Suite struct EstimateTests {
    private func estimate(
        objects: Int, bytes: Int, gets: Int? = nil, machines: Int, prefixes: Int, listers: Double
    ) -> Estimate {
        Estimate(
            .init(
                objectCount: objects, byteCount: UInt64(objects * bytes), getCount: gets ?? objects,
                listCount: objects / 1000, listingSeconds: Double(objects) / 1000 * 0.3 / listers),
            with: .init(
                machineCount: machines, coreCount: 32, networkBitsPerSecond: 25e9, bytesPerSecondOfCore: 20e6,
                requestCount: 600, firstByteSeconds: 0.1, prefixCount: prefixes, dollarsPerHour: 4))
    }

    private func hours(_ seconds: Double) -> Double { (seconds / 36).rounded() / 100 }

    @Test func `a million objects of 1 MB are limited by the processor`() {
        let estimate = estimate(objects: 1_000_000, bytes: 1_000_000, machines: 1, prefixes: 1, listers: 1)
        #expect(hours(estimate.work.listingSeconds) == 0.08)
        #expect(hours(estimate.networkSeconds) == 0.11)
        #expect(hours(estimate.processorSeconds) == 0.43)
        #expect(hours(estimate.requestSeconds) == 0.05)
        #expect(estimate.seconds == estimate.processorSeconds)
        #expect(abs(estimate.getDollars - 0.40) < 1e-9)
        #expect(estimate.machineDollars.rounded() == 2)
    }

    @Test func `many small objects under one prefix are limited by its requests`() {
        let estimate = estimate(objects: 100_000_000, bytes: 100_000, machines: 1, prefixes: 1, listers: 16)
        #expect(hours(estimate.requestSeconds) == 5.05)
        #expect(estimate.seconds == estimate.requestSeconds)
        #expect(estimate.getDollars.rounded() == 40)
        #expect(estimate.machineDollars.rounded() == 20)
    }

    @Test func `many machines on many prefixes are limited by the listing`() {
        let estimate = estimate(objects: 100_000_000, bytes: 100_000, machines: 10, prefixes: 16, listers: 16)
        #expect(hours(estimate.work.listingSeconds) == 0.52)
        #expect(hours(estimate.processorSeconds) == 0.43)
        #expect(estimate.seconds == estimate.work.listingSeconds)
    }

    @Test func `a NAT gateway costs by the gigabyte`() {
        let work = Estimate.Work(
            objectCount: 1, byteCount: 100_000_000_000_000, getCount: 12_000_000, listCount: 1, listingSeconds: 0)
        var means = Estimate.Means(coreCount: 2, bytesPerSecondOfCore: 50e6, requestCount: 1024)
        #expect(Estimate(work, with: means).trafficDollars == 0)
        means.usesNAT = true
        #expect(Estimate(work, with: means).trafficDollars == 4500)
    }

    @Test func `nothing to read takes no time`() {
        let estimate = estimate(objects: 0, bytes: 0, machines: 1, prefixes: 1, listers: 1)
        #expect(estimate.seconds == 0)
        #expect(estimate.getDollars == 0)
    }

    @Test func `generated text is the same each time, and as long as asked for`() {
        let text = GeneratedText.make(byteCount: 100_000)
        #expect(text.count == 100_000)
        #expect(text == GeneratedText.make(byteCount: 100_000))
        #expect(text.split(separator: UInt8(ascii: "\n")).count > 500)
    }
}
