import Dredge
import Foundation

/// What indexing so many objects would take, from what is known of machines, network and service.
///
/// The longest of its four times is the run's: stages work side by side. The last objects of a run, which have the
/// machine for themselves, come on top.
struct Estimate: Sendable, Hashable, Encodable {
    /// What is to be read.
    struct Work: Sendable, Hashable, Encodable {
        var objectCount: Int
        var byteCount: UInt64
        /// One for each part of each object.
        var getCount: Int
        /// Pages of listings.
        var listCount: Int
        /// Seconds that listing takes.
        var listingSeconds: Double
        /// Whether that was reckoned (`listingSeconds(ofPages:)`), not measured.
        var isListingReckoned = false
    }

    /// With what.
    struct Means: Sendable, Hashable, Encodable {
        var machineCount = 1
        var coreCount: Int
        /// Bits in a second that a machine's network carries.
        var networkBitsPerSecond = 10e9
        /// Bytes of text in a second that one core chunks, counts and compresses.
        var bytesPerSecondOfCore: Double
        /// GETs in flight, of a machine.
        var requestCount: Int
        /// The time to an answer's first byte.
        var firstByteSeconds = 0.1
        /// Prefixes that S3 has partitioned the keys by.
        var prefixCount = 1
        /// US dollars for an hour of a machine.
        var dollarsPerHour = 0.0
        /// Whether traffic goes through a NAT gateway.
        var usesNAT = false
        /// Bytes that the store takes for a byte of text. LZ4 makes 0.51 of English; directories and pages come on top.
        var storeRatio = 0.55
    }

    var work: Work
    var means: Means
    /// Seconds that each of them takes alone.
    var networkSeconds: Double
    var processorSeconds: Double
    var requestSeconds: Double
    var seconds: Double
    /// US dollars.
    var getDollars: Double
    var listDollars: Double
    var machineDollars: Double
    var trafficDollars: Double
    var storeByteCount: Double

    init(_ work: Work, with means: Means) {
        self.work = work
        self.means = means
        let (bytes, machines) = (Double(work.byteCount), Double(means.machineCount))
        networkSeconds = bytes / (machines * means.networkBitsPerSecond / 8 * Self.networkShare)
        processorSeconds = bytes / (machines * Double(means.coreCount) * means.bytesPerSecondOfCore)
        let bytesOfGet = work.getCount > 0 ? bytes / Double(work.getCount) : 0
        let getsPerSecond = min(
            machines * Double(means.requestCount)
                / (means.firstByteSeconds + bytesOfGet / Self.connectionBytesPerSecond),
            Self.prefixGetsPerSecond * Double(means.prefixCount))
        requestSeconds = Double(work.getCount) / getsPerSecond
        seconds = max(work.listingSeconds, networkSeconds, processorSeconds, requestSeconds)
        getDollars = Double(work.getCount) * RequestPrice.get
        listDollars = Double(work.listCount) * RequestPrice.list
        machineDollars = machines * means.dollarsPerHour * seconds / 3600
        trafficDollars = means.usesNAT ? bytes / 1e9 * Self.dollarsPerNATGigabyte : 0
        storeByteCount = bytes * means.storeRatio
    }

    /// Seconds that so many pages of a listing take, as many at once as a run asks for.
    static func listingSeconds(ofPages count: Int) -> Double {
        Double(count) * listPageSeconds / Double(Limits.listCountInFlight)
    }
    static let listPageSeconds = 0.3

    /// How much of a network's nominal speed text gets.
    private static let networkShare = 0.8
    /// "One request for each 85 to 90 MB/s"
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-design-patterns.html>).
    private static let connectionBytesPerSecond = 90e6
    /// "At least 5,500 GET requests per second per partitioned prefix"
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>).
    private static let prefixGetsPerSecond = 5500.0
    /// Of us-east-1 in 2026 (<https://aws.amazon.com/vpc/pricing/>).
    private static let dollarsPerNATGigabyte = 0.045
}
