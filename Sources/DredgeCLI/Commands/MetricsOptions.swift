import ArgumentParser

/// Where a run's numbers can be had by a program while it works.
struct MetricsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Answer GET /metrics there, for Prometheus: 127.0.0.1:9464, [::1]:9464; port 0: a free one.",
            valueName: "address"))
    var metricsListen: String?

    @Option(
        help: ArgumentHelp(
            "Write the same every five seconds, for node_exporter's textfile collector.", valueName: "file"),
        completion: .file())
    var metricsFile: String?
}
