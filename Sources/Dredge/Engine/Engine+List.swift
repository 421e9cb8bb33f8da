package import DredgeLedger
package import DredgeS3

extension Engine {
    /// Lists a source, or reads `inventory` in its place, and hands each page to `body`: in any order, and a key may
    /// come more than once where the service repeats itself. `entries` say of each object what the source's filters
    /// make of it.
    /// - Returns: whether nothing can have been left out.
    package func list(
        _ source: Source, inventory: Inventory? = nil, named name: String,
        _ body: ([ListedObject], [ListingEntry]) async throws(RunError) -> Void
    ) async throws(RunError) -> Bool {
        let open = try open(source, for: name, inventory: inventory) { [self] in tell($0, of: source) }
        defer { open.close() }
        await open.verify()
        if let failure = open.failure { throw failure }
        let isTrusted: Bool
        do {
            isTrusted = try await ListingPages(open).read { page in
                do throws(RunError) { try await body(page.objects, page.entries) } catch { throw error }
            }
        } catch let error as RunError {
            throw error
        } catch {
            throw .cancelled
        }
        if let failure = open.failure { throw failure }
        return isTrusted
    }
}
