/// Who asked for a job: a call, or a sync.
enum JobSource: String, Sendable, Codable, CaseIterable {
    case api, sync
}

extension JobRecord {
    var source: JobSource { request.sync == nil ? .api : .sync }
}
