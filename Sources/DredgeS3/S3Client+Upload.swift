import DredgeAWS
package import DredgeBase

extension S3Client {
    /// Writes the file at `path` as an object, if `condition` holds then. The ETag of what was written.
    ///
    /// A file up to `S3Limits.uploadPartByteCountMin` is one `put`. A larger one goes up in parts, several at once, of
    /// which `S3Limits.partCountInFlightMax` are in memory; the object appears when all are there, and the condition is
    /// judged then. Reads the file and hashes it on the tasks' threads: not for tasks that run on the transfer loop.
    ///
    /// Not every service that judges the condition of a PUT judges that of an upload in parts: S3 does, Ceph 16
    /// replaces what is there.
    ///
    /// What is said of errors at `put` holds here. An upload that fails, or whose task is cancelled, is aborted, so
    /// that S3 keeps no part of it; that takes `s3:AbortMultipartUpload` and a service that answers. A lifecycle rule
    /// (`AbortIncompleteMultipartUpload`) takes away what is left all the same. A file that can't be read is
    /// `.machine`; one that changes meanwhile is `.other`.
    package func upload(
        file path: String, to key: ObjectKey, if condition: WriteCondition
    ) async throws(S3Error) -> ETag {
        let file: UploadFile
        do throws(FileProblem) { file = try UploadFile(path) } catch { throw fileError(error, key) }
        guard file.byteCount > UInt64(limits.uploadPartByteCountMin) else {
            let bytes: [UInt8]
            do throws(FileProblem) { bytes = try file.bytes(0..<file.byteCount) } catch { throw fileError(error, key) }
            return try await put(key, bytes, if: condition).eTag
        }
        var uploadCount = 0
        while true {
            uploadCount += 1
            do throws(S3Error) {
                return try await uploadParts(of: file, to: key, if: condition)
            } catch {
                guard error.asksForNewUpload, uploadCount < S3Limits.uploadCountMax else { throw error }
            }
            do {
                try await clock.sleep(settings.retry.throttleDelayMin * clock.random(0...1))
            } catch {
                throw S3Error.cancelled(
                    Operation(action: .createUpload, bucket: settings.bucket, key: key), attemptCount: 0)
            }
        }
    }

    /// One multipart upload, from its beginning to its end.
    private func uploadParts(
        of file: UploadFile, to key: ObjectKey, if condition: WriteCondition
    ) async throws(S3Error) -> ETag {
        let bucket = settings.bucket
        let (id, _) = try await run(CreateUploadExchange(bucket: bucket, key: key, limits: limits, room: headRoom))
        do throws(S3Error) {
            let parts = file.parts(of: limits.uploadPartByteCount(of: file.byteCount))
            let eTags = try await inParallel(parts.count, atMost: limits.partCountInFlightMax) {
                (index) async throws(S3Error) -> ETag in
                let bytes: [UInt8]
                do throws(FileProblem) { bytes = try file.bytes(parts[index]) } catch {
                    throw self.fileError(error, key)
                }
                return try await self.run(
                    UploadPartExchange(
                        bucket: bucket, key: key, uploadID: id, number: index + 1, bytes: bytes, room: self.headRoom)
                ).answer
            }
            do throws(FileProblem) { try file.checkUnchanged() } catch { throw fileError(error, key) }
            return try await run(
                CompleteUploadExchange(
                    bucket: bucket, key: key, uploadID: id, parts: eTags, condition: condition, limits: limits,
                    room: headRoom)
            ).answer
        } catch {
            await abort(uploadID: id, of: key)
            throw error
        }
    }

    /// Has S3 forget the parts of an upload, if it can be reached.
    private func abort(uploadID: String, of key: ObjectKey) async {
        var policy = settings.retry
        policy.attemptCountMax = S3Limits.abortAttemptCountMax
        let exchange = AbortUploadExchange(bucket: settings.bucket, key: key, uploadID: uploadID, room: headRoom)
        // A task of its own: this one may have been cancelled.
        await Task { [policy] in _ = try? await run(exchange, policy: policy) }.value
    }

    func fileError(_ problem: FileProblem, _ key: ObjectKey) -> S3Error {
        S3Error(
            code: problem.isChange ? .other : .machine, bucket: settings.bucket, key: key, attemptCount: 0,
            message: problem.message, advice: problem.advice)
    }
}

extension S3Error {
    /// See `ServiceFault.asksForNewUpload`.
    fileprivate var asksForNewUpload: Bool {
        serviceCode == "ConditionalRequestConflict" || serviceCode == "NoSuchUpload"
    }
}

extension UploadFile {
    /// Ranges of so many bytes, of which the last may have fewer.
    fileprivate func parts(of partByteCount: UInt64) -> [Range<UInt64>] {
        stride(from: 0, to: byteCount, by: Int(partByteCount)).map { $0..<min($0 + partByteCount, byteCount) }
    }
}
