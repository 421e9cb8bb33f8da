internal import Foundation
internal import GRDB
internal import Synchronization

/// The words for where a job stands.
public enum JobStatus {
    /// All of them, as the API has them.
    public static let names = JobRecord.Status.allCases.map(\.rawValue)
}

/// A job, as the control database keeps it.
struct JobRecord: Sendable {
    /// Where a job stands. The raw values are the API's.
    enum Status: String, Sendable, CaseIterable {
        case pending, running, completed, failed, cancelled
        case completedWithFailures = "completed_with_failures"
        case rolledBack = "rolled_back"
    }

    var number: Int64
    var id: String
    var organization: String
    var environment: String
    var collection: String
    var collectionName: String
    var status: Status
    var request: IndexRequest
    var hasKeys: Bool
    var run: Int64?
    var created: Double
    var started: Double?
    var updated: Double
    var ended: Double?
    var cancelledBy: String?
    var rolledBack: Double?
    var result: JobResult?
    var errorCode: String?
    var errorMessage: String?
    /// Bytes that it read, as far as that was noted.
    var byteCount: Int

    static let columns = """
        number, id, organization, environment, collection, collection_name, status, request, has_keys, run, created,
        started, updated, ended, cancelled_by, rolled_back, result, error_code, error_message,
        byte_count
        """

    /// Whether what was asked could be read. One that could not stands in no other's way: it is shown, and fails.
    var isReadable = true
    static let unreadable = "What the server kept of the job can't be read. Submit the job again."

    init(_ row: Row) {
        let decoder = JSONDecoder()
        (number, id, organization, environment) = (row[0], row[1], row[2], row[3])
        (collection, collectionName) = (row[4], row[5])
        status = Status(rawValue: row[6]) ?? .failed
        if let known = KnownRequests.shared.request(of: id, row[7]) {
            request = known
        } else {
            request = IndexRequest(kind: .bucket, bucket: "")
            isReadable = false
        }
        (hasKeys, run, created, started) = (row[8], row[9], row[10], row[11])
        (updated, ended, cancelledBy, rolledBack) = (row[12], row[13], row[14], row[15])
        result = (row[16] as String?).flatMap { try? decoder.decode(JobResult.self, from: Data($0.utf8)) }
        (errorCode, errorMessage, byteCount) = (row[17], row[18], row[19])
        if !isReadable, errorCode == nil { (errorCode, errorMessage) = ("server_error", Self.unreadable) }
    }

    /// The jobs that `condition` tells.
    static func fetch(_ db: Database, _ condition: String, _ arguments: StatementArguments) throws -> [JobRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT \(columns) FROM job \(condition)"), arguments: arguments
        ).map(JobRecord.init)
    }

    /// The name of its run in the chunk store, and the part of session names that leads to it.
    var runName: String { String(id.dropFirst("job_".count)) }
}

/// What jobs were asked, read from their rows: decoding takes longer than all else of a look at a job.
private final class KnownRequests: Sendable {
    static let shared = KnownRequests()
    private let requests = Mutex<[String: (text: String, request: IndexRequest)]>([:])

    /// nil: the text is no request.
    func request(of id: String, _ text: String) -> IndexRequest? {
        if let known = requests.withLock({ $0[id] }), known.text == text { return known.request }
        guard let request = try? JSONDecoder().decode(IndexRequest.self, from: Data(text.utf8)) else { return nil }
        requests.withLock { requests in
            if requests.count >= ServiceLimits.knownRequestCountMax { requests.removeAll(keepingCapacity: true) }
            requests[id] = (text, request)
        }
        return request
    }
}

/// What a job came to.
struct JobResult: Sendable, Codable {
    var filesTotal = 0
    var filesIndexed = 0
    var filesUnchanged = 0
    var filesSkipped = 0
    var filesFailed = 0
    var chunkCount = 0
    var tokenCount = 0
    var durationSeconds = 0.0
    /// Of syncs: documents that went, that were marked, and whose removal was withheld.
    var filesRemoved: Int?
    var filesArchived: Int?
    var filesWithheld: Int?
    var warnings: [String] = []
}
