import ArgumentParser

/// Where a run's numbers can be had by a program while it works.
struct MetricsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Answer GET /metrics there, as 127.0.0.1:9464 or [::1]:0 (a free port).",
            valueName: "addr"))
    var metricsListen: String?

    @Option(
        help: ArgumentHelp(
            "Write the same every 5 s, for node_exporter.", valueName: "file"),
        completion: .file())
    var metricsFile: String?
}
