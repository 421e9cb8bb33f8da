import DredgeAWS
import DredgeBase
import DredgeS3
import DredgeTransfer
import Synchronization

/// An inventory in the place of the listing of its bucket. Nothing else can be asked of it.
final class InventoryService: ObjectService {
    private let bucket: String
    /// Its objects come in no order.
    var listsInOrder: Bool { false }
    private struct State {
        var reader: InventoryRows
        var pageCount = 0
    }
    private let state: Mutex<State>

    init(_ inventory: Inventory) {
        bucket = inventory.bucket
        state = Mutex(State(reader: InventoryRows(inventory)))
    }

    /// The next page, whichever the token is: it can be read once.
    func list(
        prefix: ObjectKey, continuationToken token: String?, startAfter: ObjectKey?
    ) async throws(S3Error) -> ListPage {
        do throws(InventoryReader.Problem) {
            return try state.withLock { (state) throws(InventoryReader.Problem) in
                var objects: [ListedObject] = []
                objects.reserveCapacity(S3Limits.listEntryCountMax)
                while objects.count < S3Limits.listEntryCountMax {
                    guard let object = try state.reader.next() else {
                        return ListPage(objects: objects, continuationToken: nil)
                    }
                    if prefix.bytes.isEmpty || object.key.bytes.starts(with: prefix.bytes) { objects.append(object) }
                }
                state.pageCount += 1
                return ListPage(objects: objects, continuationToken: String(state.pageCount))
            }
        } catch {
            throw S3Error(
                code: .other, bucket: bucket, key: nil, message: "The inventory can't be read: \(error.message).",
                advice: error.advice)
        }
    }

    func verify() async throws(RunError) {}
    func probe() async throws(S3Error) {}
    func close() {}

    func head(_ key: ObjectKey) async throws(S3Error) -> (object: ListedObject, checksum: ObjectChecksum?) {
        throw onlyListed(key)
    }

    func get(
        _ key: ObjectKey, range: Range<UInt64>, ifMatch eTag: ETag, into buffer: OwnedBuffer
    ) async throws(S3Error) -> ObjectHead { throw onlyListed(key) }

    private func onlyListed(_ key: ObjectKey) -> S3Error {
        S3Error(
            code: .other, bucket: bucket, key: key, message: "An inventory has no objects, only their names.",
            advice: "Read them from the bucket.")
    }
}
