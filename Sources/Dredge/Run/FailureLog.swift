import DredgeLedger
import DredgeS3
import Synchronization

/// The first failures of a run, for its report; all of them stand in the store.
final class FailureLog: Sendable {
    private let entries = Mutex<[RunReport.Failure]>([])

    func add(
        _ source: Source, _ object: PendingObject, reason: String, requestID: String?, advice: String? = nil
    ) {
        add(source, ObjectKey(object.key), reason: reason, requestID: requestID, advice: advice)
    }

    func add(_ source: Source, _ key: ObjectKey, reason: String, requestID: String?, advice: String? = nil) {
        entries.withLock { entries in
            guard entries.count < Limits.reportedFailureCount else { return }
            entries.append(
                RunReport.Failure(
                    source: source.name, bucket: source.bucket, key: key.description, reason: reason,
                    requestID: requestID, advice: advice))
        }
    }

    var all: [RunReport.Failure] { entries.withLock { $0 } }
}
