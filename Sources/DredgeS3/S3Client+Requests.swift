import DredgeAWS
public import DredgeBase
public import DredgeTransfer

extension S3Client {
    /// A page of at most `keyCountMax` objects in key order, 1,000 at the most. `startAfter` begins behind a key; a
    /// token goes on from a page.
    ///
    /// An answer has at most `S3Limits.listAnswerByteCountMax` bytes. Where clients share room for listings, each
    /// attempt waits for its part of it, and the page holds that on.
    public func listPage(
        prefix: ObjectKey, continuationToken: String? = nil, startAfter: ObjectKey? = nil, keyCountMax: Int? = nil
    ) async throws(S3Error) -> ListPage {
        var limits = limits
        if let keyCountMax { limits.listKeyCountMax = min(keyCountMax, limits.listKeyCountMax) }
        return try await run(
            ListExchange(
                bucket: settings.bucket, prefix: prefix, continuationToken: continuationToken, startAfter: startAfter,
                limits: limits, room: .list(listBuffers))
        ).answer
    }

    /// Asks for one key under `prefix`: whether the bucket, the credentials and the way to them work now. Throws what
    /// is wrong at the first attempt that fails; only what needs no waiting is put right before: a region, a clock,
    /// credentials that are over.
    public func probe(prefix: ObjectKey) async throws(S3Error) {
        var limits = limits
        limits.listKeyCountMax = 1
        var policy = settings.retry
        policy.attemptCountMax = 1
        _ = try await run(
            ListExchange(
                bucket: settings.bucket, prefix: prefix, continuationToken: nil, startAfter: nil, limits: limits,
                room: headRoom), policy: policy)
    }

    /// Appends the bytes `range` of the version `eTag` to `body`, which has room for all of them. Retries, and resumes
    /// at the byte where an answer broke, at the same version.
    ///
    /// Either all bytes of the range are there, of one version, or an error is thrown; `body` then holds an unspecified
    /// part.
    /// - Parameters:
    ///   - range: in bytes from the start of the object, not past its end. May be empty only at 0, for an empty object.
    ///   - eTag: sent as `If-Match`. nil, or empty: whatever version is there, one version for all attempts.
    public func getObject(
        _ key: ObjectKey, range: Range<UInt64>, ifMatch eTag: ETag?, into body: OwnedBuffer
    ) async throws(S3Error) -> ObjectHead {
        precondition(!range.isEmpty || range.lowerBound == 0, "an empty range is for empty objects")
        precondition(range.count <= body.capacity - body.count, "the buffer has no room for the range")
        var (head, attemptCount) = try await run(
            GetExchange(bucket: settings.bucket, key: key, range: range, ifMatch: eTag, body: body))
        head.attemptCount = attemptCount
        return head
    }

    /// The object as it is now, with how it is encrypted and whether it is in an archive.
    public func headObject(_ key: ObjectKey) async throws(S3Error) -> ObjectFacts {
        try await headObject(key, asksForChecksum: false)
    }

    /// Likewise, with its checksum where S3 keeps one of the whole object. S3 gives none of the whole with a range, and
    /// all our GETs ask for one. Of an object that a KMS key encrypts this needs `kms:Decrypt`, as a GET does.
    package func headObject(_ key: ObjectKey, asksForChecksum: Bool) async throws(S3Error) -> ObjectFacts {
        try await run(
            HeadExchange(
                bucket: settings.bucket, key: key, asksForChecksum: asksForChecksum, room: headRoom)
        ).answer
    }

    /// What the bucket tells of itself to who may list it. Whoever may not gets an error that names its region all the
    /// same.
    public func headBucket() async throws(S3Error) -> BucketFacts {
        try await run(HeadBucketExchange(bucket: settings.bucket, room: headRoom)).answer
    }

    /// The requests to the bucket that are under way, over this client's transfer loop; nil: none is.
    public func openRequests() async -> OpenRequests? {
        guard let endpoint = (try? locator.get())?.target.endpoint else { return nil }
        let prefix = endpoint.url(key: ObjectKey([]))
        guard let open = await transfer.openTransfers(under: prefix) else { return nil }
        let path = Array(open.firstURL.utf8.dropFirst(prefix.utf8.count))
        let key = path.isEmpty ? nil : ObjectKey(path.withUnsafeBytes { URIEncoding.decode($0) } ?? path)
        return OpenRequests(count: open.count, firstKey: key, firstBegan: open.firstBegan)
    }

    /// HEAD has no body; this is more than the room that a wrong one needs, than a listing of one key takes, which has
    /// its name three times at the most, and than the answer to a write has.
    static let headBufferByteCount = 16 << 10
    var headRoom: BodyRoom { .pool(headPool, byteCount: Self.headBufferByteCount) }
}
