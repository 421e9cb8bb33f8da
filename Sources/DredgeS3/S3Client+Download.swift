package import DredgeBase
import DredgeTransfer

extension S3Client {
    /// Writes an object to the file at `path`, which only its owner may read (mode 0600), in the place of one that is
    /// there. All bytes are of one version: where the object is written again meanwhile, `.preconditionFailed`.
    ///
    /// Until it is complete and on the disk, the file has another name beside `path`, and goes where there is an error.
    /// Parts of `S3Limits.downloadPartByteCount` are asked for, `S3Limits.partCountInFlightMax` at once: so many are in
    /// memory. A file that can't be written is `.machine`. Writes to the disk on the tasks' threads: not for tasks that
    /// run on the transfer loop.
    package func download(
        _ key: ObjectKey, to path: String
    ) async throws(S3Error) -> (byteCount: UInt64, eTag: ETag) {
        let file: DownloadFile
        do throws(FileProblem) { file = try DownloadFile(path) } catch { throw fileError(error, key) }
        do throws(S3Error) {
            let pool = BufferPool(
                byteLimit: Self.byteLimit(for: limits.downloadPartByteCount, count: limits.partCountInFlightMax))
            let (byteCount, eTag) = try await writeOpening(of: key, to: file, pool: pool)
            let partByteCount = UInt64(limits.downloadPartByteCount)
            let starts = Array(stride(from: partByteCount, to: byteCount, by: limits.downloadPartByteCount))
            _ = try await inParallel(starts.count, atMost: limits.partCountInFlightMax) {
                (index) async throws(S3Error) in
                let range = starts[index]..<min(starts[index] + partByteCount, byteCount)
                try await self.writePart(range, of: key, ifMatch: eTag, to: file, pool: pool)
            }
            do throws(FileProblem) { try file.finish() } catch { throw fileError(error, key) }
            return (byteCount, eTag)
        } catch {
            file.discard()
            throw error
        }
    }

    /// The first part, which tells how many there are.
    private func writeOpening(
        of key: ObjectKey, to file: DownloadFile, pool: BufferPool
    ) async throws(S3Error) -> (byteCount: UInt64, eTag: ETag) {
        let opening = try await opening(of: key, byteCountMax: limits.downloadPartByteCount, pool: pool)
        do throws(FileProblem) { try file.write(opening.body.bytes, at: 0) } catch { throw fileError(error, key) }
        return (opening.size, opening.eTag)
    }

    private func writePart(
        _ range: Range<UInt64>, of key: ObjectKey, ifMatch eTag: ETag, to file: DownloadFile, pool: BufferPool
    ) async throws(S3Error) {
        let buffer: OwnedBuffer
        do throws(CancellationError) {
            buffer = try await pool.buffer(byteCount: range.count)
        } catch {
            let operation = Operation(action: .get, bucket: settings.bucket, key: key, range: range)
            throw S3Error.cancelled(operation, attemptCount: 0)
        }
        _ = try await getObject(key, range: range, ifMatch: eTag, into: buffer)
        do throws(FileProblem) { try file.write(buffer.bytes, at: range.lowerBound) } catch {
            throw fileError(error, key)
        }
    }
}
