/// What a job's end is called. The raw values are the API's.
enum WebhookEvent: String, Sendable, Codable, CaseIterable {
    case completed = "job.completed"
    case completedWithErrors = "job.completed_with_errors"
    case failed = "job.failed"
    case timedOut = "job.timed_out"
    case cancelled = "job.cancelled"

    /// The event that the job's status makes; nil: it has not ended.
    init?(_ job: JobRecord) {
        switch job.status {
        case .pending, .running, .rolledBack: return nil
        case .completed: self = .completed
        case .completedWithFailures: self = .completedWithErrors
        case .failed: self = job.errorCode == "timed_out" ? .timedOut : .failed
        case .cancelled: self = .cancelled
        }
    }
}

/// Which events an endpoint gets. What is empty does not narrow it.
struct WebhookFilter: Sendable, Hashable, Codable {
    var events = WebhookEvent.allCases
    /// Names of collections.
    var collections: [String] = []
    /// Identifiers of syncs.
    var syncs: [String] = []
    var sources: [JobSource] = []

    func takes(_ event: WebhookEvent, of job: JobRecord) -> Bool {
        events.contains(event) && (collections.isEmpty || collections.contains(job.collectionName))
            && (syncs.isEmpty || job.request.sync.map { syncs.contains($0.id) } ?? false)
            && (sources.isEmpty || sources.contains(job.source))
    }

    /// Reads `events` and `filters`; what is not there stays as it is.
    mutating func read(_ fields: inout RequestFields) {
        if fields.value("events") != nil {
            events = Self.cases("events", &fields)
            if fields.value("events") == .array([]) {
                fields.complain("events", "At least one event is needed here.", "too_short")
            }
        }
        guard let value = fields.value("filters") else { return }
        var filters = RequestFields(value, at: ["body", "filters"])
        collections = filters.strings("collections", countMax: ServiceLimits.webhookFilterCountMax)
        syncs = filters.strings("sync_ids", countMax: ServiceLimits.webhookFilterCountMax)
        sources = Self.cases("sources", &filters)
        for text in collections + syncs where text.utf8.count > ServiceLimits.collectionNameLengthMax {
            filters.complain(
                collections.contains(text) ? "collections" : "sync_ids",
                "\(text.prefix(80))… is too long for a name.")
        }
        do { try filters.finish() } catch { fields.add(filters.problems) }
    }

    private static func cases<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String, _ fields: inout RequestFields
    ) -> [Value] {
        let texts = fields.strings(name, countMax: Value.allCases.count)
        for text in texts where Value(rawValue: text) == nil {
            let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
            fields.complain(name, "\"\(text.prefix(80))\" is none of \(known).", "enum")
        }
        return Value.allCases.filter { texts.contains($0.rawValue) }
    }

    /// As the API shows it.
    var json: [String: JSON] {
        func texts(_ items: [String]) -> JSON { .array(items.map { .string($0) }) }
        return [
            "events": texts(events.map(\.rawValue)),
            "filters": .object([
                "collections": texts(collections), "sync_ids": texts(syncs), "sources": texts(sources.map(\.rawValue)),
            ]),
        ]
    }
}
