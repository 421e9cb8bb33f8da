#if Server
    internal import DredgeBase
    internal import DredgeService
    internal import HTTPTypes
    internal import Hummingbird

    /// `/metrics`, in Prometheus's text format (https://prometheus.io/docs/instrumenting/exposition_formats/).
    struct MetricsRoute: Sendable {
        let service: IndexService
        let metrics: RequestMetrics

        func show(_ request: Request, _ context: APIContext) async throws -> Response {
            guard mayRead(request, context) else {
                throw ServiceError.refused(
                    .forbidden, "metrics_not_allowed",
                    "The metrics are for who asks from the server's machine. The operator decides on that.")
            }
            var text = MetricsText()
            add(await service.jobs.work(), to: &text)
            add(ProcessFigures.now(), to: &text)
            addRequests(to: &text)
            return Response(
                status: .ok, headers: [.contentType: MetricsText.mediaType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text.text)))
        }

        private func mayRead(_ request: Request, _ context: APIContext) -> Bool {
            switch service.configuration.metricsReaders {
            case .everyone: return true
            case .off: return false
            case .local:
                // A proxy on this machine asks for somebody else.
                let isForwarded = ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"].contains { name in
                    HTTPField.Name(name).map { request.headers[$0] != nil } ?? false
                }
                return context.isFromLoopback && !isForwarded
            }
        }

        private func add(_ work: JobWork, to text: inout MetricsText) {
            text.gauge("dredge_jobs_running", "Jobs that run.", work.runningCount)
            text.gauge("dredge_jobs_waiting", "Jobs that wait for their turn.", work.waitingCount)
            text.counter("dredge_objects_total", "Objects that jobs dealt with.", work.objectCount)
            text.counter("dredge_objects_indexed_total", "Objects that jobs indexed.", work.indexedCount)
            text.counter("dredge_objects_failed_total", "Objects that jobs could not index.", work.failedCount)
            text.counter("dredge_read_bytes_total", "Bytes that jobs read from buckets.", work.byteCount)
            text.counter("dredge_chunks_total", "Chunks that jobs stored.", work.chunkCount)
            text.counter("dredge_tokens_total", "Tokens that jobs counted.", work.tokenCount)
            for (status, count) in work.endedCounts.sorted(by: { $0.key < $1.key }) {
                text.counter("dredge_jobs_ended_total", "Jobs that ended.", count, ["status": status])
            }
        }

        private func add(_ process: ProcessFigures, to text: inout MetricsText) {
            text.counter("process_cpu_seconds_total", "Processor time.", process.cpuSeconds)
            text.gauge("process_start_time_seconds", "When the process began.", process.startSeconds)
            if let count = process.residentByteCount {
                text.gauge("process_resident_memory_bytes", "Memory in use.", count)
            }
            if let count = process.descriptorCount {
                text.gauge("process_open_fds", "Files and connections that are open.", count)
            }
            text.gauge("process_max_fds", "How many may be open.", process.descriptorCountMax)
        }

        private func addRequests(to text: inout MetricsText) {
            let name = "dredge_http_request_seconds"
            text.begin(name, "histogram", "Seconds to the head of the answer.")
            for (label, times) in metrics.all {
                let labels = ["method": label.method, "route": label.route, "status": String(label.status)]
                var count = 0
                for (index, bound) in (RequestMetrics.bounds.map { "\($0)" } + ["+Inf"]).enumerated() {
                    count += times.counts[index]
                    text.sample("\(name)_bucket", count, labels.merging(["le": bound]) { $1 })
                }
                text.sample("\(name)_sum", times.seconds, labels)
                text.sample("\(name)_count", count, labels)
            }
        }
    }
#endif
