import DredgeAWS
import DredgeS3
public import DredgeStore
import DredgeTransfer

/// What a run would do, by the listing of this moment.
public struct RunPlan: Sendable, Codable {
    /// One for each source, in their order.
    public var sources: [SourcePlan]
}

/// What a run would do with one source. `toRead`, `unchanged` and `skipped` add up to `listed`.
public struct SourcePlan: Sendable, Codable {
    /// The source's name.
    public var source: String
    /// The bucket.
    public var bucket: String
    /// The prefix that was listed.
    public var prefix: String
    /// The region that the bucket turned out to be in.
    public var region: String
    /// Objects that the service listed.
    public var listed = ObjectCount()
    /// Not in the store, or there with another ETag or size.
    public var toRead = ObjectCount()
    /// In the store as they are.
    public var unchanged = ObjectCount()
    /// Would not be read.
    public var skipped = ObjectCount()
    /// Skipped objects by reason.
    public var skippedReasons: [String: Int] = [:]
    /// In the store, and no longer listed: would be taken out.
    public var removedCount = 0
}

extension Indexer {
    /// Lists the sources and compares with what `store` holds (nil: nothing). Reads no object and writes nothing.
    ///
    /// Costs a request per 1,000 objects, and memory for a page. Throws the first source's error.
    public func plan(_ sources: [Source], against store: ChunkStore?) async throws(RunError) -> RunPlan {
        if let store { _ = try check(sources, against: store) }
        let transfer: TransferLoop
        do throws(TransferError) {
            transfer = try TransferLoop()
        } catch {
            throw RunError(code: .machine, step: "start the transfer loop", message: error.message, advice: "")
        }
        var plan = RunPlan(sources: [])
        do throws(RunError) {
            for source in sources {
                let open = try OpenSource(
                    source, runID: "plan", base: base, environment: environment, transfer: transfer, onThrottle: {})
                plan.sources.append(try await self.plan(open, against: store))
            }
        } catch {
            await transfer.shutDown()
            throw error
        }
        await transfer.shutDown()
        return plan
    }

    /// Walks the listing and the store side by side: both are in the order of the keys' bytes.
    private func plan(_ open: OpenSource, against store: ChunkStore?) async throws(RunError) -> SourcePlan {
        let source = open.source
        var plan = SourcePlan(source: source.name, bucket: source.bucket, prefix: source.prefix, region: "")
        var stored = store?.objects(prefix: Array(source.prefix.utf8), bucket: source.bucket, source: source.name)
            .makeAsyncIterator()
        var token: String?
        do {
            var held = try await stored?.next()
            repeat {
                let page = try await open.client.listPage(prefix: ObjectKey(source.prefix), continuationToken: token)
                for object in page.objects {
                    while let known = held, known.key.lexicographicallyPrecedes(object.key.bytes) {
                        plan.removedCount += 1
                        held = try await stored?.next()
                    }
                    var known: StoredObject?
                    if held?.key == object.key.bytes {
                        known = held
                        held = try await stored?.next()
                    }
                    plan.add(object, known: known, skipReason: open.filter.skipReason(object))
                }
                token = page.continuationToken
            } while token != nil
            while held != nil {
                plan.removedCount += 1
                held = try await stored?.next()
            }
        } catch let error as S3Error {
            throw RunError(error, source: source.name, step: "list s3://\(source.bucket)/\(source.prefix)")
        } catch let error as StoreError {
            throw RunError(error)
        } catch {
            throw RunError(code: .service, source: source.name, step: "plan", message: "\(error)", advice: "")
        }
        plan.region = open.client.region
        return plan
    }
}

extension SourcePlan {
    fileprivate mutating func add(_ object: ListedObject, known: StoredObject?, skipReason: SkipReason?) {
        listed.add(object.size)
        if let content = known?.content, content.isSame(as: object), skipReason?.keepsContent ?? true {
            unchanged.add(object.size)
        } else if let skipReason {
            skip(object, skipReason.rawValue)
        } else if let known, known.state == .skipped, let reason = known.reason, known.size == object.size,
            sameETag(known.eTag, object.eTag), !SkipReason.ofListing.contains(where: { $0.rawValue == reason })
        {
            skip(object, reason)
        } else {
            toRead.add(object.size)
        }
    }

    private mutating func skip(_ object: ListedObject, _ reason: String) {
        skipped.add(object.size)
        skippedReasons[reason, default: 0] += 1
    }
}

extension ObjectCount {
    fileprivate mutating func add(_ size: UInt64) {
        objects += 1
        bytes += size
    }
}

extension StoredObject.Content {
    fileprivate func isSame(as object: ListedObject) -> Bool { size == object.size && sameETag(eTag, object.eTag) }
}

/// ETags are compared without their quotes, which some services leave out of listings.
private func sameETag(_ a: String, _ b: String) -> Bool {
    func bare(_ eTag: String) -> Substring { eTag.hasPrefix("\"") ? eTag.dropFirst().dropLast() : eTag[...] }
    return bare(a).utf8.elementsEqual(bare(b).utf8)
}
