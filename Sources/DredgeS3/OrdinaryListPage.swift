import CListPage
import DredgeBase

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension ListPage {
    /// The page that a `ListBucketResult` document holds, if it is an ordinary one: then as `ListAnswer` reads it, in a
    /// tenth of the time. nil: it is not, whether it is wrong or not.
    init?(ordinary document: UnsafeRawBufferPointer, prefix: ObjectKey) {
        let page: ListPage? = withUnsafeTemporaryAllocation(of: lp_entry.self, capacity: Int(LP_ENTRY_COUNT_MAX)) {
            entries in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(1, document.count)) { text in
                var page = lp_page()
                page.entries = entries.baseAddress
                page.entry_capacity = entries.count
                page.text = text.baseAddress
                page.text_capacity = text.count
                let isOrdinary = prefix.bytes.withUnsafeBufferPointer {
                    lp_read(document.baseAddress, document.count, $0.baseAddress, $0.count, &page)
                }
                guard isOrdinary else { return nil }
                let texts = UnsafeBufferPointer(text)
                return ListPage(
                    objects: entries[..<page.entry_count].map { ListedObject($0, in: texts) },
                    continuationToken: page.is_truncated
                        ? texts.string(at: page.token_at, count: page.token_count) : nil)
            }
        }
        guard let page else { return nil }
        self = page
    }
}

extension ListedObject {
    fileprivate init(_ entry: lp_entry, in texts: UnsafeBufferPointer<UInt8>) {
        self.init(
            key: ObjectKey(Array(texts.part(at: entry.key_at, count: entry.key_count))), size: entry.size,
            eTag: ETag(texts.string(at: entry.etag_at, count: entry.etag_count)),
            lastModified: entry.has_modified ? Date(listedMilliseconds: entry.modified_ms) : nil,
            storageClass: entry.class_count == 0 ? nil : texts.string(at: entry.class_at, count: entry.class_count))
    }
}

extension Date {
    /// Rounded as `Timestamp.iso8601` does it.
    fileprivate init(listedMilliseconds count: Int64) {
        let (seconds, rest) = (count / 1000 - (count % 1000 < 0 ? 1 : 0), (count % 1000 + 1000) % 1000)
        self = Date(timeIntervalSince1970: Double(seconds)).addingTimeInterval(Double(rest) / 1000)
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate func part(at start: UInt32, count: UInt32) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: self[Int(start)..<Int(start + count)])
    }

    fileprivate func string(at start: UInt32, count: UInt32) -> String {
        String(decoding: part(at: start, count: count), as: UTF8.self)
    }
}
