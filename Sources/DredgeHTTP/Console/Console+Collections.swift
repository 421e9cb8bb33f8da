#if Server
    internal import DredgeService
    internal import Foundation
    internal import Hummingbird

    /// Collections, and what is searched and indexed in one.
    extension Console {
        private static let pageCount = 50
        static let collectionsAbove = [(title: "Collections", path: "/console/collections")]

        /// The pages above those of a collection's parts.
        static func above(_ collection: CollectionRecord) -> [(title: String, path: String)] {
            collectionsAbove + [(collection.name, path(of: collection))]
        }

        static func path(of collection: CollectionRecord) -> String { "/console/collections/\(collection.name)" }

        /// The collection that the path names.
        func collection(_ visit: Visit) async throws -> CollectionRecord {
            try await service.collections.get(visit.parameters.require("collection"), for: visit.caller)
        }

        func addCollections(to group: RouterGroup<APIContext>) {
            get("collections", group) { visit in .page(try await collectionsPage(visit, ConsoleForm())) }
            post("collections", group) { visit in try await makeCollection(visit) }
            get("collections/:collection", group) { visit in .page(try await collectionPage(visit)) }
            get("collections/:collection/delete", group) { visit in
                .page(try await deletionPage(visit, ConsoleForm()))
            }
            post("collections/:collection/delete", group) { visit in
                let name = try visit.parameters.require("collection")
                do {
                    try await service.collections.delete(name, for: visit.caller)
                    return .seeOther("/console/collections", notice: "The collection \(name) was deleted.")
                } catch let error as ServiceError {
                    return .page(try await deletionPage(visit, try ConsoleForm(visit.form, error, fields: [:])))
                }
            }
            get("collections/:collection/search", group) { visit in .page(try await searchPage(visit)) }
            get("collections/:collection/index", group) { visit in .page(try await indexPage(visit, nil)) }
            post("collections/:collection/index", group) { visit in try await index(visit) }
        }

        private func collectionsPage(_ visit: Visit, _ form: ConsoleForm) async throws -> ConsolePage {
            let offset = visit.query.offset
            let (collections, total) = try await service.collections.list(
                limit: Self.pageCount, offset: offset, for: visit.caller)
            let rows = collections.map { collection -> [HTML] in
                [
                    "<a href=\"\(Self.path(of: collection))\">\(collection.name)</a>",
                    .text(collection.description ?? ""), .time(collection.createdAt),
                ]
            }
            let list: HTML =
                total == 0
                ? "<p class=\"empty\">No collection yet. Make the first one below, then index a bucket into it.</p>"
                : .table("Collections", ["Name", "Description", "Made"], rows)
            return ConsolePage("Collections", .collections, status: form.status) {
                """
                \(list)
                \(HTML.pager("/console/collections?", offset: offset, limit: Self.pageCount, total: total))
                <section aria-labelledby="new"><h2 id="new">A new collection</h2>
                \(form.complaint)
                <form method="post" action="/console/collections" class="narrow">\(visit.token)
                \(form.input(
                    "name", "Name",
                    hint: "Up to 63 letters, digits, <code>-</code>, <code>_</code> and <code>.</code>",
                    isRequired: true))
                \(form.input("description", "Description", hint: "Optional."))
                <p class="actions"><button class="primary">Make the collection</button></p></form></section>
                """
            }
        }

        private func makeCollection(_ visit: Visit) async throws -> ConsoleAnswer {
            let (name, description) = (visit.form.trimmed("name"), visit.form.trimmed("description"))
            do {
                let (collection, isNew) = try await service.collections.put(
                    name, description.isEmpty ? [:] : ["description": .string(description)], for: visit.caller)
                return .seeOther(
                    Self.path(of: collection),
                    notice: isNew ? "The collection was made." : "The collection was there already.")
            } catch let error as ServiceError {
                let form = try ConsoleForm(
                    visit.form, error, fields: ["collection_name": "name", "description": "description"])
                return .page(try await collectionsPage(visit, form))
            }
        }

        private func collectionPage(_ visit: Visit) async throws -> ConsolePage {
            let collection = try await collection(visit)
            let (path, offset) = (Self.path(of: collection), visit.query.offset)
            let documents = try await service.documents.list(
                collection.name, limit: Self.pageCount, offset: offset, for: visit.caller)
            let total = documents.count("total_count")
            let open = try await service.jobs.list(
                status: "running", collection: collection.name, limit: 1, offset: 0, for: visit.caller)
            let rows = documents.list("documents").map { document -> [HTML] in
                [
                    """
                    <a href="\(path)/documents/\(document.text("document_id"))">\(document.text("filename"))</a>
                    <br><small>\(document.text("uri"))</small>
                    """,
                    .count(document.count("chunk_count")), .count(document.count("token_count")),
                    .time(document["indexed_at"]?.stringValue),
                ]
            }
            let list: HTML =
                total == 0
                ? """
                <p class="empty">No document yet. <a href="\(path)/index">Index a bucket</a>; documents stand here as \
                soon as they are stored.</p>
                """
                : .table("Documents", ["Document", "#Chunks", "#Tokens", "Indexed"], rows)
            let empty: HTML =
                total == 0 ? .empty : " <a class=\"quiet\" href=\"\(path)/documents/delete\">Delete all documents</a>"
            let running: HTML =
                open.count("total_count") == 0
                ? .empty
                : """
                <p class="notice"><a href="/console/jobs?collection=\(collection.name)">A job</a> runs.</p>
                """
            return ConsolePage(collection.name, .collections, above: Self.collectionsAbove) {
                """
                <p>\(collection.description ?? "")</p>
                \(running)
                <p class="actions"><a class="button primary" href="\(path)/index">Index a bucket</a>
                <a class="button" href="\(path)/sync">Follow a bucket</a>
                <a class="button" href="/console/jobs?collection=\(collection.name)">Jobs</a>
                <a class="quiet" href="\(path)/delete">Delete the collection</a></p>
                \(Self.searchForm(path, ConsoleForm()))
                <section aria-labelledby="documents"><h2 id="documents">Documents\(empty)</h2>
                \(list)
                \(HTML.pager("\(path)?", offset: offset, limit: Self.pageCount, total: total))</section>
                """
            }
        }

        private func deletionPage(_ visit: Visit, _ form: ConsoleForm) async throws -> ConsolePage {
            let collection = try await collection(visit)
            return .confirmation(
                "Delete the collection", .collections, above: Self.above(collection),
                action: "\(Self.path(of: collection))/delete", button: "Delete the collection", visit, form: form,
                text: """
                    All chunks of <b>\(collection.name)</b> are deleted with it. What lies in your buckets stays. This \
                    can't be undone.
                    """)
        }

        // MARK: Search

        static func searchForm(_ path: String, _ form: ConsoleForm) -> HTML {
            let isFiltered = !form.values["filter"].isEmpty || form.status != .ok
            let open: HTML = isFiltered ? " open" : .empty
            return """
                <form method="get" action="\(path)/search" role="search" class="search">
                \(form.input("q", "Search this collection", type: "search"))
                <button class="primary">Search</button>
                <details\(open)><summary>More</summary>
                \(form.select(
                    "top_k", "Results, at most", [("10", "10"), ("25", "25"), ("50", "50"), ("100", "100")]))
                \(form.textArea(
                    "filter", "Filter by metadata",
                    hint: "JSON, as <code>{\"team\": \"legal\"}</code> or <code>{\"year\": {\"$gte\": 2024}}</code>."))
                </details></form>
                """
        }

        private func searchPage(_ visit: Visit) async throws -> ConsolePage {
            let collection = try await collection(visit)
            let path = Self.path(of: collection)
            let query = visit.query
            var form = ConsoleForm(query)
            var answer: JSON?
            if !query.trimmed("q").isEmpty {
                do { answer = try await search(collection.name, query, visit) } catch let error as ServiceError {
                    form = try ConsoleForm(
                        query, error,
                        fields: ["query": "q", "top_k": "top_k", "metadata_filter": "filter"])
                }
            }
            let results: HTML = answer.map { Self.results($0, path) } ?? .empty
            let title = query.trimmed("q").isEmpty ? "Search" : "Search: \(query.trimmed("q"))"
            return ConsolePage(title, .collections, above: Self.above(collection), status: form.status) {
                "\(form.complaint)\(Self.searchForm(path, form))\(results)"
            }
        }

        private func search(_ name: String, _ query: FormFields, _ visit: Visit) async throws -> JSON {
            var body: [String: JSON] = ["query": .string(query.trimmed("q"))]
            if !query["top_k"].isEmpty {
                body["top_k"] = Int(query["top_k"]).map { .integer($0) } ?? .string(query["top_k"])
            }
            if !query.trimmed("filter").isEmpty {
                guard let filter = try? JSON(parsing: Data(query["filter"].utf8)) else {
                    throw ServiceError.invalid("metadata_filter", "This is no JSON.")
                }
                body["metadata_filter"] = filter
            }
            return try await service.search.query(name, .object(body), for: visit.caller)
        }

        private static func results(_ answer: JSON, _ path: String) -> HTML {
            let warnings = answer.list("warnings").map { text -> HTML in
                "<p class=\"notice\">\(text.stringValue ?? "")</p>"
            }
            let results = answer.list("search_results").map { result -> HTML in
                let index = result.count("chunk_index")
                let link = "\(path)/documents/\(result.text("document_id"))?offset=\(index)#chunk-\(index)"
                return """
                    <li><article class="chunk"><header><h3><a href="\(link)">\(result.text("filename"))</a></h3>
                    <p><small>\(result.text("uri"))</small></p>
                    <p>Chunk \(HTML.count(index)) · \(byteRange(result)) · \
                    \(HTML.count(result.count("token_count"), "token", "tokens")) · score \
                    \(rounded(result.number("score")))</p></header>
                    <pre tabindex="0">\(result.text("content"))</pre></article></li>
                    """
            }
            let milliseconds = answer.number("execution_time_ms")
            let found: HTML =
                results.isEmpty
                ? """
                <p class="empty">No chunk has these words. Try fewer or other words. Documents are found once their \
                job has ended.</p>
                """
                : """
                <p>\(HTML.count(results.count, "result", "results")), found in \(rounded(milliseconds)) ms.</p>
                """
            return """
                <section aria-labelledby="results"><h2 id="results">Results</h2>\(warnings)\(found)
                <ol class="results">\(results)</ol></section>
                """
        }

        private static func rounded(_ number: Double) -> String {
            let hundredths = Int((number * 100).rounded())
            let rest = hundredths % 100
            return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
        }

        /// Where a chunk stands in its document.
        static func byteRange(_ chunk: JSON) -> HTML {
            let (start, length) = (chunk.count("byte_offset"), chunk.count("byte_length"))
            guard length > 0 else { return "no bytes" }
            return "bytes \(HTML.count(start))–\(HTML.count(start + length - 1)) (\(HTML.bytes(length)))"
        }
    }
#endif
