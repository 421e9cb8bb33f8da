#if Server
    internal import DredgeService
    internal import Hummingbird

    /// A collection's documents.
    extension Console {
        private static let chunkPageCount = 20

        func addDocuments(to group: RouterGroup<APIContext>) {
            let documents: RouterPath = "collections/:collection/documents"
            get("\(documents)/delete", group) { visit in .page(try await deletionOfAllPage(visit, ConsoleForm())) }
            post("\(documents)/delete", group) { visit in
                let name = try visit.parameters.require("collection")
                do {
                    let count = try await service.documents.deleteAll(name, for: visit.caller)
                    return .seeOther(
                        "/console/collections/\(name)",
                        notice: count == 1 ? "The document was deleted." : "All \(count) documents were deleted.")
                } catch let error as ServiceError {
                    return .page(try await deletionOfAllPage(visit, try ConsoleForm(visit.form, error, fields: [:])))
                }
            }
            get("\(documents)/:document", group) { visit in .page(try await documentPage(visit)) }
            get("\(documents)/:document/delete", group) { visit in
                .page(try await documentDeletionPage(visit, ConsoleForm()))
            }
            post("\(documents)/:document/delete", group) { visit in
                let name = try visit.parameters.require("collection")
                do {
                    try await service.documents.delete(
                        name, visit.parameters.require("document"), for: visit.caller)
                    return .seeOther("/console/collections/\(name)", notice: "The document was deleted.")
                } catch let error as ServiceError {
                    return .page(
                        try await documentDeletionPage(visit, try ConsoleForm(visit.form, error, fields: [:])))
                }
            }
        }

        private func documentPage(_ visit: Visit) async throws -> ConsolePage {
            let collection = try await collection(visit)
            let id = try visit.parameters.require("document")
            let offset = visit.query.offset
            let document = try await service.documents.get(collection.name, id, for: visit.caller)
            let page = try await service.documents.chunks(
                collection.name, id, limit: Self.chunkPageCount, offset: offset, for: visit.caller)
            let metadata = document["metadata"] ?? .null
            let path = "\(Self.path(of: collection))/documents/\(id)"
            let chunks = page.list("chunks").map { chunk -> HTML in
                let index = chunk.count("chunk_index")
                return """
                    <article class="chunk" id="chunk-\(index)" aria-labelledby="chunk-\(index)-title">
                    <header><h3 id="chunk-\(index)-title">Chunk \(HTML.count(index))</h3>
                    <p>\(Self.byteRange(chunk)) · \(HTML.count(chunk.count("token_count"), "token", "tokens"))</p>
                    </header>
                    <pre tabindex="0">\(chunk.text("content"))</pre></article>
                    """
            }
            let total = page.count("total_count")
            return ConsolePage(metadata.text("filename"), .collections, above: Self.above(collection)) {
                """
                \(HTML.facts([
                    ("Object", "<code>\(metadata.text("uri"))</code>"),
                    ("Size", .bytes(metadata.count("file_size"))),
                    ("Chunks", .count(document.count("chunk_count"))),
                    ("Tokens", .count(document.count("token_count"))),
                    ("ETag", Self.code(metadata.text("etag"))), ("Version", Self.code(metadata.text("version_id"))),
                    ("Last changed", .time(metadata["last_modified"]?.stringValue)),
                    ("Metadata", Self.code(metadata["custom_metadata"].map { $0 == [:] ? "" : $0.text } ?? "")),
                ]))
                <p class="actions"><a class="quiet" href="\(path)/delete">Delete the document</a></p>
                <section aria-labelledby="chunks"><h2 id="chunks">Chunks</h2>
                \(chunks)
                \(HTML.pager("\(path)?", offset: offset, limit: Self.chunkPageCount, total: total))</section>
                """
            }
        }

        static func code(_ text: String) -> HTML { text.isEmpty ? .empty : "<code>\(text)</code>" }

        private func documentDeletionPage(_ visit: Visit, _ form: ConsoleForm) async throws -> ConsolePage {
            let collection = try await collection(visit)
            let id = try visit.parameters.require("document")
            let document = try await service.documents.get(collection.name, id, for: visit.caller)
            let path = "\(Self.path(of: collection))/documents/\(id)"
            let metadata = document["metadata"] ?? .null
            return .confirmation(
                "Delete the document", .collections,
                above: Self.above(collection) + [(metadata.text("filename"), path)], action: "\(path)/delete",
                button: "Delete the document", visit, form: form,
                text: """
                    The chunks of <b>\(metadata.text("uri"))</b> are deleted. The object in your bucket stays: the \
                    next job that lists it indexes it again. This can't be undone.
                    """)
        }

        private func deletionOfAllPage(_ visit: Visit, _ form: ConsoleForm) async throws -> ConsolePage {
            let collection = try await collection(visit)
            return .confirmation(
                "Delete all documents", .collections, above: Self.above(collection),
                action: "\(Self.path(of: collection))/documents/delete", button: "Delete all documents", visit,
                form: form,
                text: """
                    All chunks of <b>\(collection.name)</b> are deleted; the collection stays. What lies in your \
                    buckets stays, too. This can't be undone.
                    """)
        }
    }
#endif
