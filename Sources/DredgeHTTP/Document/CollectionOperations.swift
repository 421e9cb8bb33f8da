#if Server
    internal import DredgeService
    internal import HTTPTypes

    extension Operation {
        /// What is asked of collections and their documents.
        static let collections: [Operation] = [
            Operation(
                tag: .collections, method: .get, path: "/v2/collections", id: "listCollections",
                summary: "List collections, in order of their names", query: page(),
                answers: [.json(.named("CollectionPage"), "A page of collections.")], refusals: [422]),
            Operation(
                tag: .collections, method: .get, path: "/v2/collections/{collection}", id: "getCollection",
                summary: "A collection", answers: [.json(.named("Collection"), "The collection.")], refusals: [404]),
            Operation(
                tag: .collections, method: .put, path: "/v2/collections/{collection}", id: "putCollection",
                summary: "Make a collection",
                body: .request([
                    .maybe("description", .string(0...ServiceLimits.collectionTextByteCountMax), "In your words."),
                    .maybe("metadata", .anyObject, "Your own."),
                ]), isBodyRequired: false,
                answers: [
                    .json(.named("CollectionPut"), "It was there already, and stays as it is."),
                    .json(.named("CollectionPut"), "It was made.", status: 201),
                ], refusals: [409, 413, 422]),
            Operation(
                tag: .collections, method: .delete, path: "/v2/collections/{collection}", id: "deleteCollection",
                summary: "Delete a collection with all its documents",
                description: "Refused with 409 while a job of the collection has not ended.",
                answers: [.json(.named("Done"), "It is gone.")], refusals: [404, 409]),
            Operation(
                tag: .documents, method: .get, path: "/v2/collections/{collection}/documents", id: "listDocuments",
                summary: "List documents, in order of their first indexing", query: page(),
                answers: [.json(.named("DocumentPage"), "A page of documents.")], refusals: [404, 422]),
            Operation(
                tag: .documents, method: .delete, path: "/v2/collections/{collection}/documents",
                id: "deleteDocuments", summary: "Delete all documents",
                description: "The collection stays. Refused with 409 while a job writes to it.",
                answers: [
                    .json(
                        .object([
                            .always("success", .boolean), .always("message", .string),
                            .always("documents_deleted", .count),
                        ]), "How many there were.")
                ], refusals: [404, 409]),
            Operation(
                tag: .documents, method: .get, path: "/v2/collections/{collection}/documents/{document}",
                id: "getDocument", summary: "A document with its first \(ServiceLimits.chunkPageCountMax) chunks",
                description: "Fewer of long ones. The other chunks are at …/chunks.",
                answers: [.json(.named("Document"), "The document.")], refusals: [404]),
            Operation(
                tag: .documents, method: .get, path: "/v2/collections/{collection}/documents/{document}/chunks",
                id: "listChunks", summary: "A document's chunks, in order",
                description: "A page ends behind \(ServiceLimits.chunkPageByteCountMax) bytes of text, too.",
                query: page(max: ServiceLimits.chunkPageCountMax),
                answers: [.json(.named("ChunkPage"), "A page of chunks.")], refusals: [404, 422]),
            Operation(
                tag: .documents, method: .delete, path: "/v2/collections/{collection}/documents/{document}",
                id: "deleteDocument", summary: "Delete a document",
                description: "Nothing of its text or key is in the collection's file afterwards. Refused with 409 "
                    + "while a job writes to the collection.",
                answers: [.json(.named("Done"), "It is gone.")], refusals: [404, 409]),
        ]

        /// What is asked of the chunks of a collection.
        static let search: [Operation] = [
            Operation(
                tag: .search, method: .post, path: "/v2/collections/{collection}/query", id: "query",
                summary: "Find chunks by their words",
                description: "The order is that of BM25. There is no inference: it is refused with 501.",
                body: .request([
                    .always("query", .string(1...ServiceLimits.bodyByteCountMax), "Words."),
                    .maybe("top_k", .integer(1...100, default: 10), "Results."),
                    .maybe(
                        "metadata_filter", .anyObject,
                        "Conditions on custom_metadata: a value, or an object of operators ($eq $ne $gt $gte $lt $lte "
                            + "$in $nin); $and and $or take lists of such objects."),
                    .maybe("inference", .boolean(default: false), "true is refused with 501."),
                    .maybe("stream", .never, "true is refused: only inference is streamed."),
                    .maybe("rerank", .boolean(default: false), "true has no effect but a warning."),
                    .maybe("include_bbox", .boolean(default: false), "true has no effect but a warning."),
                    .maybe("search_results", .boolean(default: true), "Has no effect: they are always there."),
                    .maybe("custom_prompt", .string, "Has no effect but a warning: it is for inference."),
                ]), answers: [.json(.named("QueryAnswer"), "The best chunks.")],
                refusals: [404, 413, 422, 501, 503]),
            Operation(
                tag: .search, method: .get, path: "/v2/collections/{collection}/changes", id: "listChanges",
                summary: "What has become of the chunks since a job ended",
                description: "For a copy that follows, such as a vector index. Drop the chunks of the documents in "
                    + "`removed`, put in those in `added`, go on with `next_cursor` until it is null, and keep "
                    + "`sequence` for the next call's `since`.",
                query: [
                    .maybe("since", .string, "A job's ID, or the sequence of an earlier answer. By default: 0."),
                    .maybe("cursor", .string, "next_cursor of the page before, for the same since."),
                    .maybe("limit", .integer(1...ServiceLimits.changePageCountMax, default: 100), "Entries of a page."),
                ], answers: [.json(.named("Changes"), "A page of changes.")], refusals: [404, 409, 422, 503]),
        ]
    }
#endif
