#if Server
    internal import DredgeService
    internal import HTTPTypes
    internal import Hummingbird

    /// `/v2/collections`: collections, their documents, and what is indexed into them.
    struct CollectionRoutes: Sendable {
        let service: IndexService

        func add(to group: RouterGroup<APIContext>) {
            group.get { request, context in
                let page = try request.page()
                let (collections, total) = try await service.collections.list(
                    limit: page.limit, offset: page.offset, for: context.requireCaller())
                return JSONResponse(
                    .object([
                        "collections": .array(collections.map(\.json)), "total_count": .integer(total),
                        "limit": .integer(page.limit), "offset": .integer(page.offset),
                    ]))
            }
            group.get(":collection") { _, context in
                let collection = try await service.collections.get(
                    context.segment("collection"), for: context.requireCaller())
                return JSONResponse(collection.json)
            }
            group.put(":collection", use: put)
            group.delete(":collection") { _, context in
                try await service.collections.delete(
                    context.segment("collection"), for: context.requireCaller())
                return JSONResponse(["success": true, "message": "The collection was deleted."])
            }
            addDocuments(to: group.group(":collection/documents"))
            for (path, kind) in [
                ("s3", IndexRequest.Kind.bucket), ("s3/file", .file), ("s3/directory", .directory),
            ] {
                group.post(RouterPath(":collection/index/\(path)")) { request, context in
                    try await index(kind, request, context)
                }
            }
        }

        private func put(_ request: Request, _ context: APIContext) async throws -> JSONResponse {
            let body = try await request.optionalJSON(context)
            let (collection, isNew) = try await service.collections.put(
                context.segment("collection"), body, for: context.requireCaller())
            return JSONResponse(
                .object([
                    "collection_name": .string(collection.name), "collection_id": .string(collection.id),
                    "status": .string(isNew ? "created" : "exists"),
                    "message": .string(isNew ? "The collection was made." : "The collection was there already."),
                ]), status: isNew ? .created : .ok)
        }

        private func addDocuments(to group: RouterGroup<APIContext>) {
            group.get { request, context in
                let page = try request.page()
                return JSONResponse(
                    try await service.documents.list(
                        context.segment("collection"), limit: page.limit, offset: page.offset,
                        for: context.requireCaller()))
            }
            group.delete { _, context in
                let count = try await service.documents.deleteAll(
                    context.segment("collection"), for: context.requireCaller())
                return JSONResponse(
                    .object([
                        "success": true, "message": "All documents were deleted.",
                        "documents_deleted": .integer(count),
                    ]))
            }
            group.get(":document") { _, context in
                JSONResponse(
                    try await service.documents.get(
                        context.segment("collection"), context.segment("document"),
                        for: context.requireCaller()))
            }
            group.get(":document/chunks") { request, context in
                let page = try request.page(max: ServiceLimits.chunkPageCountMax)
                return JSONResponse(
                    try await service.documents.chunks(
                        context.segment("collection"), context.segment("document"),
                        limit: page.limit, offset: page.offset, for: context.requireCaller()))
            }
            group.delete(":document") { _, context in
                try await service.documents.delete(
                    context.segment("collection"), context.segment("document"),
                    for: context.requireCaller())
                return JSONResponse(["success": true, "message": "The document was deleted."])
            }
        }

        private func index(
            _ kind: IndexRequest.Kind, _ request: Request, _ context: APIContext
        ) async throws -> JSONResponse {
            let key = HTTPField.Name("Idempotency-Key").flatMap { request.headers[$0] }
            let id = try await service.jobs.submit(
                kind, try await request.json(context), into: context.segment("collection"),
                idempotencyKey: key, for: context.requireCaller())
            return JSONResponse(.object(["job_id": .string(id), "status": "pending"]))
        }
    }

    extension CollectionRecord {
        var json: JSON {
            .object([
                "collection_id": .string(id), "collection_name": .string(name), "created_at": .string(createdAt),
                "environment": .string(environment.rawValue), "is_active": true, "metadata": metadata,
                "document_count": .integer(documentCount),
                "description": .optional(description),
            ])
        }
    }
#endif
