import DredgeAWS
package import DredgeBase
import DredgeTransfer

#if canImport(FoundationEssentials)
    package import FoundationEssentials
#else
    package import Foundation
#endif

extension S3Client {
    /// Writes an object as a whole, if `condition` holds.
    ///
    /// S3 checks the bytes against their signed digest and writes all of them or none; it takes up to 5 GB so ("Amazon
    /// S3 multipart upload limits"). The bytes lie in memory once; each attempt hashes them on the caller's thread, a
    /// millisecond for a megabyte or so.
    ///
    /// A write that came between (409 `ConditionalRequestConflict`, `OperationAborted`) is tried again, as any other
    /// failure that passes. `.preconditionFailed` says that the condition does not hold, or that such writes came
    /// between at each attempt. *It does not say that nothing was written:* an attempt may have been done whose answer
    /// was lost, so that the next one finds its own object. Who needs to know compares what is there with what was to
    /// be written. The same holds for every other error that is not a refusal.
    ///
    /// Under `.matches`, `.noSuchKey` says that the object is gone (S3 answers 404 then).
    package func put(
        _ key: ObjectKey, _ bytes: [UInt8], if condition: WriteCondition
    ) async throws(S3Error) -> PutAnswer {
        try await run(
            PutExchange(bucket: settings.bucket, key: key, bytes: bytes, condition: condition, room: headRoom)
        ).answer
    }

    /// A small object as a whole, of one version, with the service's clock; nil: there is none of this key, and the
    /// caller may list the bucket, which S3 wants before it says so (else it is `.accessDenied`).
    ///
    /// One request, or two for an empty object. A larger object is an error, `.other`, that names both sizes. Takes
    /// memory for `byteCountMax` bytes at the most, twice for a moment.
    package func read(
        _ key: ObjectKey, byteCountMax: Int
    ) async throws(S3Error) -> (bytes: [UInt8], eTag: ETag, date: Date?)? {
        precondition(byteCountMax > 0, "an object that may have no byte need not be read")
        let pool = BufferPool(byteLimit: Self.byteLimit(for: byteCountMax, count: 1), faultsInPages: false)
        let opening: ObjectOpening
        do throws(S3Error) {
            opening = try await self.opening(of: key, byteCountMax: byteCountMax, pool: pool)
        } catch {
            guard error.code == .noSuchKey, error.status == 404, error.serviceCode == "NoSuchKey" else { throw error }
            return nil
        }
        guard opening.size <= UInt64(byteCountMax) else {
            throw S3Error(
                code: .other, bucket: settings.bucket, key: key,
                message: "the object has \(opening.size) bytes, and at most \(byteCountMax) are read",
                advice: "Check whether it is the object that you mean: it is larger than it can be.")
        }
        return (Array(opening.body.bytes), opening.eTag, opening.date)
    }

    /// The first bytes of an object, up to so many, in a buffer of `pool`.
    func opening(
        of key: ObjectKey, byteCountMax: Int, pool: BufferPool
    ) async throws(S3Error) -> ObjectOpening {
        do throws(S3Error) {
            return try await run(
                OpeningExchange(
                    bucket: settings.bucket, key: key, byteCountMax: byteCountMax, asksForRange: true, pool: pool)
            ).answer
        } catch {
            guard error.code == .invalidRange else { throw error }
            // It is empty.
            return try await run(
                OpeningExchange(
                    bucket: settings.bucket, key: key, byteCountMax: byteCountMax, asksForRange: false, pool: pool)
            ).answer
        }
    }

    /// Bytes of a pool for `count` buffers of so many, with what it rounds up.
    static func byteLimit(for byteCount: Int, count: Int) -> Int { (byteCount + (256 << 10)) * count }
}
