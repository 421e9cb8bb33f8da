import DredgeBase
package import DredgeS3
import DredgeTransfer

/// A list of a source's objects that was made before, page by page.
package protocol ManifestListing: Sendable {
    /// A page: the first one, or the one that the token of the page before leads to. Throws where the list can't be
    /// read.
    func page(after token: String?) throws(S3Error) -> ListPage
    /// Other objects of the source, which are asked for a byte where all of the list are refused: when one comes, the
    /// refused objects are at fault, and not the permission for the source.
    var witnesses: [ObjectKey] { get }
    /// Whether something of the source is stored elsewhere: then it could be read before, and objects that are refused
    /// have failed, however many they are.
    var hasStoredContent: Bool { get }
}

/// A source of which a manifest says what is read: it is not listed, and of each object the listed version counts. One
/// that has changed since is not read.
struct ManifestService: ObjectService {
    let manifest: any ManifestListing
    let bucket: any ObjectService

    /// Its listing is read to its end, and costs no request: nothing is to be gained from its order.
    var listsInOrder: Bool { false }
    var isSnapshot: Bool { true }
    var witnesses: [ObjectKey] { manifest.witnesses }
    var hasStoredContent: Bool { manifest.hasStoredContent }

    func list(
        prefix: ObjectKey, continuationToken token: String?, startAfter: ObjectKey?
    ) async throws(S3Error) -> ListPage { try manifest.page(after: token) }

    func verify() async throws(RunError) { try await bucket.verify() }

    func get(
        _ key: ObjectKey, range: Range<UInt64>, ifMatch eTag: ETag, into buffer: OwnedBuffer
    ) async throws(S3Error) -> ObjectHead { try await bucket.get(key, range: range, ifMatch: eTag, into: buffer) }

    func probe() async throws(S3Error) { try await bucket.probe() }
    func openRequests() async -> OpenRequests? { await bucket.openRequests() }

    func head(_ key: ObjectKey) async throws(S3Error) -> (object: ListedObject, checksum: ObjectChecksum?) {
        try await bucket.head(key)
    }

    func close() { bucket.close() }
}
