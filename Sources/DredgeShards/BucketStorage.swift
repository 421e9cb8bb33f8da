package import Dredge
import DredgeAWS
import DredgeBase
import DredgeIAM
import DredgeS3
import DredgeTransfer
package import Foundation
import Synchronization

/// A job's files under a prefix of a bucket.
///
/// "Made once" is S3's `If-None-Match: *`, and replacing is `If-Match`
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>). A service that does not know the
/// conditions lets the last of several workers win, whose result is the same. One that knows `If-Match` otherwise, as
/// Ceph 16 does, refuses it always: then claims can't be renewed, and shards are done twice.
package final class BucketStorage: JobStorage {
    private let client: S3Client
    private let transfer: TransferLoop
    private let base: BaseSource
    private let credentials: any CredentialSource
    private let bucket: String
    private let prefix: String
    /// How far the service's clock is ahead of this machine's, in seconds.
    private let clock = Mutex<Double?>(nil)

    /// Starts a transfer loop; sends nothing.
    /// - Parameters:
    ///   - place: the bucket with the prefix, which has a slash at its end or is empty, and who signs. A role's session
    ///     is narrowed to the prefix.
    ///   - base: signs where no role is assumed, and the first role.
    package init(_ place: Source, base: BaseCredentials, environment: [String: String]) throws(RunError) {
        bucket = place.bucket
        prefix = place.prefix
        var limits = TransferLimits(environment: environment)
        limits.connectionCountMax = ShardLimits.readCountInFlight
        transfer = try TransferLoop.start(limits)
        let name = RunName.make()
        self.base = CredentialSources.base(
            base, environment: environment, transfer: transfer, defaultSessionName: "dredge-\(name)")
        let variables = base.environment(environment)
        switch place.auth {
        case .assumeRole:
            credentials = CredentialSources.assumeRole(
                place.hops(runName: name),
                access: place.stsAccess(
                    runName: name, base: self.base, environment: variables, transfer: transfer, onWarning: { _ in }),
                narrowing: JobScope(bucket: place.bucket, prefix: place.prefix).narrowing)
        case .accessKey(let keys): credentials = CredentialSources.fixed(keys)
        case .callback(let callback): credentials = CredentialSources.calling(callback)
        case .ambient: credentials = self.base
        case .anonymous: credentials = CredentialSources.anonymous()
        }
        client = S3Client(
            settings: place.clientSettings, credentials: credentials, transfer: transfer, environment: variables)
    }

    /// Ends the transfer loop and wipes the credentials.
    package func close() async {
        await transfer.shutDown()
        credentials.close()
        base.close()
    }

    package var url: String { "s3://\(bucket)/\(prefix)" }

    package func read(_ name: String, byteCountMax: Int) async throws(JobError) -> StoredFile? {
        try await asked(name) { () async throws(S3Error) in
            guard let answer = try await client.read(key(name), byteCountMax: byteCountMax) else { return nil }
            note(answer.date)
            return StoredFile(bytes: answer.bytes, tag: answer.eTag.header)
        }
    }

    package func create(_ name: String, _ bytes: [UInt8]) async throws(JobError) -> Bool {
        try await isMade(name) { () async throws(S3Error) in
            note(try await client.put(key(name), bytes, if: .absent).date)
        }
    }

    package func replace(_ name: String, _ bytes: [UInt8], ifTag tag: String) async throws(JobError) -> Bool {
        try await isWritten(name) { () async throws(S3Error) in
            note(try await client.put(key(name), bytes, if: .matches(ETag(tag))).date)
        }
    }

    package func upload(_ path: String, to name: String) async throws(JobError) -> Bool {
        try await isMade(name) { () async throws(S3Error) in
            _ = try await client.upload(file: path, to: key(name), if: .absent)
        }
    }

    package func download(_ name: String, to path: String) async throws(JobError) {
        try await asked(name) { () async throws(S3Error) in _ = try await client.download(key(name), to: path) }
    }

    package func names(in folder: String) async throws(JobError) -> [String] {
        let start = "\(prefix)\(folder)/"
        return try await asked("\(folder)/") { () async throws(S3Error) in
            var names: [String] = []
            var token: String?
            repeat {
                let page = try await client.listPage(prefix: ObjectKey(start), continuationToken: token)
                names += page.objects.filter { $0.isNamed }.map {
                    String(decoding: $0.key.bytes.dropFirst(start.utf8.count), as: UTF8.self)
                }
                token = page.continuationToken
            } while token != nil
            return names
        }
    }

    /// By the clock of the service, as its answers tell it.
    package func now() async throws(JobError) -> Date {
        if clock.withLock({ $0 }) == nil {
            _ = try await read(JobNames.job, byteCountMax: ShardLimits.fileByteCountMax)
        }
        return Date().addingTimeInterval(clock.withLock { $0 } ?? 0)
    }

    private func key(_ name: String) -> ObjectKey { ObjectKey(prefix + name) }

    private func note(_ date: Date?) {
        guard let date else { return }
        clock.withLock { $0 = date.timeIntervalSince(Date()) }
    }

    /// Whether a file was made. Where the service says that it is there, it is looked for: nobody else would notice
    /// that it is not.
    private func isMade(_ name: String, _ body: () async throws(S3Error) -> Void) async throws(JobError) -> Bool {
        if try await isWritten(name, body) { return true }
        let isThere = try await asked(name) { () async throws(S3Error) in
            do throws(S3Error) {
                _ = try await client.headObject(key(name))
                return true
            } catch {
                if error.status == 404 { return false }
                throw error
            }
        }
        guard isThere else {
            throw JobError(
                code: .storage, place: url + name,
                message: "The service refuses to make it because it is there, or is being made, and it is not there.",
                advice: "Try again. If it stays so, the service does not know conditional writes as S3 has them.",
                mayPass: true)
        }
        return false
    }

    /// Whether a conditional write was done.
    private func isWritten(_ name: String, _ body: () async throws(S3Error) -> Void) async throws(JobError) -> Bool {
        try await asked(name) { () async throws(S3Error) in
            do throws(S3Error) {
                try await body()
                return true
            } catch {
                // Gone: what was to be replaced.
                if error.code == .preconditionFailed || error.code == .noSuchKey { return false }
                throw error
            }
        }
    }

    private func asked<Value>(
        _ name: String, _ body: () async throws(S3Error) -> Value
    ) async throws(JobError) -> Value {
        do throws(S3Error) { return try await body() } catch {
            if error.code == .cancelled {
                throw JobError(
                    code: .cancelled, place: url + name, message: "The task was cancelled.", advice: "Nothing is wrong."
                )
            }
            let facts = [
                error.serviceCode, error.status.map { "HTTP \($0)" }, error.requestID.map { "request ID \($0)" },
            ]
            .compactMap(\.self).joined(separator: ", ")
            throw JobError(
                code: .storage, place: url + name,
                message: "\(error.message)\(facts.isEmpty ? "" : " (\(facts))").", advice: error.advice,
                mayPass: error.mayPass)
        }
    }
}
