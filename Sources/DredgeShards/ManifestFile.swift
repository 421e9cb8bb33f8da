import Dredge
import DredgeS3
import Synchronization

/// The objects of one source in a manifest on this machine, page by page. It is read from its begin for the first page,
/// and goes on for each next one.
final class ManifestFile: ManifestListing {
    private let path: String
    private let source: String
    private struct State: ~Copyable {
        var reader: RowReader?
        var pageCount = 0
    }
    private let state: Mutex<State>

    let witnesses: [ObjectKey]
    let hasStoredContent: Bool

    init(_ path: String, source: String, witnesses: [ObjectKey] = [], hasStoredContent: Bool = false) {
        self.hasStoredContent = hasStoredContent
        self.path = path
        self.source = source
        self.witnesses = witnesses
        state = Mutex(State())
    }

    func page(after token: String?) throws(S3Error) -> ListPage {
        do throws(JobError) {
            return try state.withLock { (state) throws(JobError) in
                if token == nil || token != String(state.pageCount) {
                    state.reader = try RowReader(path, .manifest)
                    state.pageCount = 0
                    // Pages before the one that is asked for.
                    let skipped = token.flatMap { Int($0) } ?? 0
                    while state.pageCount < skipped { _ = try page(&state) }
                }
                return try page(&state)
            }
        } catch {
            throw S3Error(
                code: .other, bucket: source, key: nil, message: "The manifest can't be read: \(error.message)",
                advice: error.advice)
        }
    }

    private func page(_ state: inout State) throws(JobError) -> ListPage {
        var objects: [ListedObject] = []
        while objects.count < ShardLimits.pageObjectCount {
            guard let row = try state.reader?.next() else { return ListPage(objects: objects, continuationToken: nil) }
            if row.source == source { objects.append(row.object) }
        }
        state.pageCount += 1
        return ListPage(objects: objects, continuationToken: String(state.pageCount))
    }
}
