package import DredgeLedger
package import DredgeS3

extension Engine {
    /// Lists a source, or reads `inventory` in its place, and hands each page to `body`: in any order, and a key may
    /// come more than once where the service repeats itself. `entries` say of each object what the source's filters
    /// make of it.
    /// - Returns: whether nothing can have been left out, and whether a key may have come twice.
    package func list(
        _ source: Source, inventory: Inventory? = nil, named name: String,
        _ body: ([ListedObject], [ListingEntry]) async throws(RunError) -> Void
    ) async throws(RunError) -> (isTrusted: Bool, mayRepeat: Bool) {
        let open = try await verified(source, inventory: inventory, named: name)
        defer { open.close() }
        let isTrusted: Bool
        var mayRepeat = false
        do {
            isTrusted = try await ListingPages(open).read { page in
                if page.mayRepeat { mayRepeat = true }
                do throws(RunError) { try await body(page.objects, page.entries) } catch { throw error }
            }
        } catch let error as RunError {
            throw error
        } catch {
            throw .cancelled
        }
        if let failure = open.failure { throw failure }
        return (isTrusted, mayRepeat)
    }

    /// Asks for each of these keys of a source what a listing would say of it, some at once, and hands that to `body`.
    /// Costs a HEAD for each.
    /// - Returns: the keys of which there is no object.
    package func look(
        at keys: [ObjectKey], of source: Source, named name: String,
        _ body: ([ListedObject], [ListingEntry]) async throws(RunError) -> Void
    ) async throws(RunError) -> [ObjectKey] {
        let open = try await verified(source, named: name)
        defer { open.close() }
        var missing: [ObjectKey] = []
        var rest = keys[...]
        while !rest.isEmpty {
            let some = rest.prefix(Limits.headCountInFlight)
            rest = rest.dropFirst(some.count)
            let answers: [(key: ObjectKey, object: ListedObject?)]
            do {
                answers = try await withThrowingTaskGroup { group in
                    for key in some { group.addTask { (key, try await open.look(at: key)) } }
                    var answers: [(key: ObjectKey, object: ListedObject?)] = []
                    for try await answer in group { answers.append(answer) }
                    return answers
                }
            } catch let error as RunError {
                throw error
            } catch {
                throw .cancelled
            }
            missing += answers.filter { $0.object == nil }.map(\.key)
            let objects = answers.compactMap(\.object)
            try await body(objects, objects.map(open.filter.entry))
        }
        return missing.sorted()
    }

    private func verified(
        _ source: Source, inventory: Inventory? = nil, named name: String
    ) async throws(RunError) -> OpenSource {
        let open = try open(source, for: name, inventory: inventory) { [self] in tell($0, of: source) }
        await open.verify()
        guard let failure = open.failure else { return open }
        open.close()
        throw failure
    }
}

extension OpenSource {
    /// What the service says of one key; nil: there is no such object. Waits while the source fails as a whole.
    fileprivate func look(at key: ObjectKey) async throws -> ListedObject? {
        var roundCount = 0
        while true {
            let failure: S3Error
            do throws(S3Error) { return try await service.head(key).object } catch { failure = error }
            if failure.code == .noSuchKey || failure.status == 404, try await isNotListed(key) { return nil }
            if failure.code == .cancelled { throw CancellationError() }
            roundCount += 1
            let verdict = try await judge(failure)
            if verdict == .again || verdict == .object && failure.mayPass, roundCount < Limits.listRoundCount {
                continue
            }
            throw self.failure ?? RunError(failure, source: source.name, step: "ask for \(url)")
        }
    }

    /// Whether the listing has no such key: a 404 without S3's signs alone says little.
    private func isNotListed(_ key: ObjectKey) async throws -> Bool {
        let page = try await service.list(prefix: key, continuationToken: nil, startAfter: nil)
        return page.objects.first { $0.isNamed }?.key != key
    }
}
