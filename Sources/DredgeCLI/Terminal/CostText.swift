import Dredge
import DredgeLedger
import Logging

/// What S3's requests for the rest of a run come to, by kind, for people.
struct CostText {
    private let listCount: Int
    private let getCount: Int
    private let headCount: Int
    /// Whether `getCount` is the most that it may be, since parts of objects were not counted one by one.
    private let isBound: Bool
    private let objectCount: Int
    private let byteCount: UInt64
    /// Whether AWS has the buckets: nobody knows the prices of others.
    private let isOfAWS: Bool

    /// Of a run whose listings are complete.
    init(_ progress: RunProgress, of sources: [Source], by engine: Engine) {
        let parts = UInt64(engine.limits.partByteCount)
        listCount = progress.sources.reduce(0) { $0 + $1.pageCount }
        // An object of several parts takes less than one GET more than its bytes have parts.
        getCount = progress.sources.reduce(0) { $0 + $1.plannedCount + Int(clamping: $1.plannedByteCount / parts) }
        headCount = zip(progress.sources, sources).reduce(0) { $0 + ($1.1.verifiesChecksums ? $1.0.plannedCount : 0) }
        isBound = progress.sources.contains { $0.plannedByteCount >= parts }
        objectCount = progress.sources.reduce(0) { $0 + $1.plannedCount }
        byteCount = progress.plannedByteCount
        isOfAWS = Self.isOfAWS(sources, engine)
    }

    /// Of a plan.
    init(_ plan: Plan, of sources: [Source], by engine: Engine) {
        listCount = plan.sources.reduce(0) { $0 + $1.pageCount }
        getCount = plan.sources.reduce(0) { $0 + $1.getCount }
        headCount = zip(plan.sources, sources).reduce(0) {
            $0 + ($1.1.verifiesChecksums ? $1.0.toFetch.objects : 0)
        }
        isBound = false
        objectCount = plan.sources.reduce(0) { $0 + $1.toFetch.objects }
        byteCount = plan.sources.reduce(0) { $0 + $1.toFetch.bytes }
        isOfAWS = Self.isOfAWS(sources, engine)
    }

    private static func isOfAWS(_ sources: [Source], _ engine: Engine) -> Bool {
        engine.records(of: sources).allSatisfy { $0.endpointURL == nil }
    }

    /// The same for programs.
    struct Requests: Encodable {
        var listCount: Int
        /// The most that it may be, where a run says it.
        var getCount: Int
        var headCount: Int
        /// US dollars, at list prices of us-east-1; nil: AWS has not all of the buckets.
        var listPrice: Double?
    }

    var requests: Requests {
        let price = Double(listCount) * RequestPrice.list + Double(getCount + headCount) * RequestPrice.get
        return Requests(
            listCount: listCount, getCount: getCount, headCount: headCount, listPrice: isOfAWS ? price : nil)
    }

    /// For a log.
    var metadata: Logger.Metadata {
        let requests = requests
        var metadata: Logger.Metadata = [
            "objects": .stringConvertible(objectCount), "bytes": .stringConvertible(byteCount),
            "lists": .stringConvertible(requests.listCount), "gets_max": .stringConvertible(requests.getCount),
            "heads": .stringConvertible(requests.headCount),
        ]
        if let price = requests.listPrice { metadata["list_price_dollars"] = .stringConvertible(price) }
        return metadata
    }

    /// `To read: 1,204 objects, 8.4 GB. Requests: 2 LISTs, 2,203 GETs at most: $0.12 at list prices of us-east-1.`
    var line: String {
        var kinds = [Figures.count(listCount, "LIST"), Figures.count(getCount, "GET") + (isBound ? " at most" : "")]
        if headCount > 0 { kinds.append(Figures.count(headCount, "HEAD")) }
        let requests = kinds.joined(separator: ", ")
        let read = "To read: \(Figures.count(objectCount, "object")), \(Figures.bytes(byteCount))."
        guard let price = self.requests.listPrice else { return "\(read) Requests: \(requests)." }
        return "\(read) Requests: \(requests): \(Figures.dollars(price)) at list prices of us-east-1."
    }
}

/// What a dry run answers with `--json`.
struct PlanAnswer: Encodable {
    var plan: Plan
    /// Of the run that would follow.
    var requests: CostText.Requests

    private enum Key: CodingKey { case requests }

    func encode(to encoder: any Encoder) throws {
        try plan.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(requests, forKey: .requests)
    }
}

/// US dollars for a request, in us-east-1 in 2026 (<https://aws.amazon.com/s3/pricing/>).
enum RequestPrice {
    /// A GET or a HEAD.
    static let get = 0.40 / 1e6
    static let list = 5 / 1e6
}
