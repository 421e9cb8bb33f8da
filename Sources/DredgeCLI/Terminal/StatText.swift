import Dredge

/// Where a run's time went, for `--stat`.
enum StatText {
    static func text(_ report: RunReport) -> String { lines(report).joined(separator: "\n") + "\n" }

    static func lines(_ report: RunReport) -> [String] {
        let time = report.time
        return ["Where the time went:"] + stages(report)
            + [
                "  Workers (\(time.workerSeconds.count)): at work \(percent(time.workedShare)) of the time; "
                    + "processor time of each: "
                    + time.workerSeconds.map(Figures.duration).joined(separator: ", ")
                    + "; waited for the store \(Figures.duration(time.blockedSeconds))"
            ] + requests(time.requests) + [
                "  Listing complete after \(Figures.duration(time.listingSeconds))",
                "Bottleneck: \(advice(time.bottleneck))",
            ]
    }

    private static func stages(_ report: RunReport) -> [String] {
        let time = report.time
        let workers = time.workerSeconds.reduce(0, +)
        let rows = [
            ("sending requests, receiving", time.transferSeconds),
            ("chunking and counting", workers * (1 - time.compressingShare)),
            ("compressing", workers * time.compressingShare),
            ("writing the store", time.storeSeconds),
            ("the rest", time.otherSeconds),
            ("in all", report.cpuSeconds),
        ]
        let gigabytes = Double(report.fetchedByteCount) / 1e9
        let cells = rows.map { name, seconds in
            [
                name, Figures.decimal(seconds, 2),
                report.elapsedSeconds > 0 ? percent(seconds / report.elapsedSeconds) : "",
                gigabytes > 0 ? Figures.decimal(seconds / gigabytes, 2) : "",
            ]
        }
        return TextTable.lines(
            header: ["", "processor s", "of one core", "s per GB"], rows: cells,
            alignments: [.left, .right, .right, .right], indent: 2)
    }

    /// None where nothing was asked of a network.
    private static func requests(_ requests: RunTime.Requests) -> [String] {
        guard requests.count + requests.throttledCount + requests.failedCount > 0 else { return [] }
        let text =
            "  Requests: \(Figures.count(requests.count)) answered, first byte after "
            + "\(Figures.decimal(requests.firstByteMilliseconds, 1)) ms, "
            + "\(Figures.decimal(requests.meanInFlight, 1)) in flight, "
            + "\(percent(requests.fullShare)) at the limit of limits.requests;\n    "
            + "\(Figures.count(requests.throttledCount)) throttled, \(Figures.count(requests.failedCount)) failed"
        return [text]
    }

    /// What it is, and what to do about it.
    static func advice(_ bottleneck: RunTime.Bottleneck) -> String {
        switch bottleneck {
        case .store: "the store. Its disk or its one writing thread is busy: a faster disk, or several stores."
        case .counting: "chunking, counting and compressing. More cores make it faster (limits.workers)."
        case .requests:
            "the number of requests. One thread sends them all and is busy: objects are small. "
                + "Several processes, each with a prefix of its own, make it faster."
        case .receiving:
            "receiving. One thread receives all bytes and is busy: several processes, each with a prefix of its own, "
                + "make it faster."
        case .processor: "this machine's processor. All cores are busy, other programs included."
        case .throttling: "the service. It asks for fewer requests (503 SlowDown): spread keys over prefixes, or wait."
        case .requestLimit: "the number of requests that may be in flight: raise limits.requests."
        case .listing: "the listing. Keys come slower than objects are read."
        case .network: "the network, or the service. No part of dredge was busy all the time."
        case .tooLittle: "unknown: too little was read to tell."
        }
    }

    /// `97 %`
    private static func percent(_ share: Double) -> String { "\(Figures.decimal(share * 100, 0)) %" }
}
