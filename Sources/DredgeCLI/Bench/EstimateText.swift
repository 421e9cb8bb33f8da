import Dredge

/// An estimate for people.
enum EstimateText {
    static func text(_ estimate: Estimate, speedIsMeasured: Bool) -> String {
        let (work, means) = (estimate.work, estimate.means)
        var lines = [
            "To read: \(Figures.count(work.objectCount, "object")), \(Figures.bytes(work.byteCount)), in "
                + "\(Figures.count(work.getCount, "GET"))",
            "With \(Figures.count(means.machineCount, "machine")) of \(Figures.count(means.coreCount, "core")), "
                + "\(Figures.decimal(means.networkBitsPerSecond / 1e6, 0)) Mb/s, "
                + "\(Figures.count(means.requestCount, "GET")) in flight, first byte after "
                + "\(Figures.decimal(means.firstByteSeconds * 1000, 0)) ms:",
        ]
        let speed = "at \(Figures.rate(means.bytesPerSecondOfCore)) per core"
        let rows = [
            (
                "listing", work.listingSeconds,
                work.isListingReckoned
                    ? "\(Figures.count(work.listCount, "page")) of \(Figures.decimal(Estimate.listPageSeconds, 1)) s, "
                        + "\(Limits.listCountInFlight) at once" : "as it took now"
            ),
            ("network", estimate.networkSeconds, "at 80 % of its speed"),
            ("processor", estimate.processorSeconds, speedIsMeasured ? speed + ", as measured now" : speed),
            (
                "requests", estimate.requestSeconds,
                "5,500 a second for each of \(Figures.count(means.prefixCount, "prefix", "prefixes")) at most"
            ),
        ]
        lines += TextTable.lines(
            header: nil,
            rows: rows.map { name, seconds, note in
                [name, Figures.duration(seconds), seconds == estimate.seconds ? "<- the longest" : "", note]
            },
            alignments: [.left, .right, .left, .left], indent: 2)
        lines.append("Time: about \(Figures.duration(estimate.seconds)); stages work side by side.")
        var costs = ["GETs \(Figures.dollars(estimate.getDollars))", "LISTs \(Figures.dollars(estimate.listDollars))"]
        if means.dollarsPerHour > 0 { costs.append("machines \(Figures.dollars(estimate.machineDollars))") }
        if means.usesNAT { costs.append("NAT gateway \(Figures.dollars(estimate.trafficDollars))") }
        lines.append("Cost at list prices of us-east-1: \(costs.joined(separator: ", ")).")
        lines.append(
            "Store: about \(Figures.bytes(estimate.storeByteCount)), at \(Figures.decimal(means.storeRatio, 2)) of the "
                + "text.")
        return lines.joined(separator: "\n") + "\n"
    }
}
