#if Server
    internal import DredgeService

    extension Schema {
        /// The document's named schemas.
        static let named: [String: Schema] = requests.merging(jobs) { $1 }.merging(collections) { $1 }
            .merging(search) { $1 }.merging(syncs) { $1 }.merging(webhooks) { $1 }.merging(integration) { $1 }.merging(
                errors
            ) { $1 }

        private static let requests: [String: Schema] = [
            "CollectionName": .string(matching: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"),
            "RoleAuth": .request([
                .always("type", .words(["assume_role"])),
                .always("role_arn", .roleARN, "A role that is registered to the organization."),
                .always("external_id", .string(1...1_224), "The organization's external ID."),
            ]),
            "CustomMetadata": Schema(json: [
                "type": "object", "maxProperties": .integer(ServiceLimits.metadataFieldCountMax),
                "additionalProperties": [
                    "anyOf": [
                        ["type": "string", "maxLength": .integer(ServiceLimits.metadataTextLengthMax)],
                        ["type": "number"], ["type": "boolean"],
                        [
                            "type": "array", "maxItems": .integer(ServiceLimits.metadataListCountMax),
                            "items": ["type": "string", "maxLength": .integer(ServiceLimits.metadataTextLengthMax)],
                        ],
                    ]
                ],
            ]),
            "Done": .object([.always("success", .boolean), .always("message", .string)]),
        ]

        private static let errors: [String: Schema] = [
            "Refusal": .object([
                .always("detail", .string, "What happened, and what to change."),
                .maybe("error_code", .string, "The kind of refusal, for programs."),
            ]),
            "FieldProblems": .object([
                .always(
                    "detail",
                    .list(
                        .object([
                            .always("loc", .list(.string), "body, query or path, then names."),
                            .always("msg", .string), .always("type", .string),
                        ])), "Everything that is wrong with the request.")
            ]),
        ]

        private static let jobs: [String: Schema] = [
            "JobErrorCode": .words(JobErrorCode.allCases.map { ($0.rawValue, $0.meaning) }),
            "FileErrorCode": .words(FileErrorCode.allCases.map { ($0.rawValue, $0.meaning) }),
            "JobStatus": .words(JobStatus.names),
            "JobStarted": .object([.always("job_id", .string), .always("status", .words(["pending"]))]),
            "JobCancelled": .object([
                .always("job_id", .string), .always("status", .named("JobStatus")), .always("message", .string),
                .always("cancelled_at", .time.orNull),
            ]),
            "JobRolledBack": .object([
                .always("job_id", .string), .always("status", .words(["rolled_back"])),
                .always("rolled_back_at", .time),
                .always("files_removed", .list(.string), "The first \(ServiceLimits.pageCountMax) of them."),
                .always("message", .string),
            ]),
            "JobPage": page(
                "jobs",
                .object(
                    jobMembers + [
                        .always("files_total", .count), .always("files_indexed", .count),
                        .always("files_failed", .count), .always("error_code", .string.orNull),
                        .always("error", .string.orNull),
                    ])),
            "Job": .object(
                jobMembers + [
                    .always("progress", .named("Progress")), .always("progress_message", .string),
                    .always("files", .list(.named("JobFile"))),
                    .always(
                        "files_page",
                        .object([
                            .always("limit", .count), .always("next_cursor", .string.orNull),
                            .always("total_estimated", .count),
                        ])),
                    .always("result", .named("JobResult").orNull, "Null until the job has ended."),
                    .always("error_code", .named("JobErrorCode").orNull, "What the whole job failed of."),
                    .always("error_message", .string.orNull, "What to change."),
                    .always("cancelled_by", .string.orNull, "The ID of the key that did it."),
                    .always("cancelled_at", .time.orNull), .always("rolled_back_at", .time.orNull),
                    .always("billing", .anyObject.orNull, "Null: this server bills nothing."),
                ]),
            "Progress": .object(
                [
                    .always(
                        "current_stage", .words(["scanning", "chunking", "finalizing", "cancelled"]),
                        "scanning while the bucket is listed."), .always("stage_description", .string),
                    .always("files_total", .count, "Listed so far."),
                    .always("files_processed", .count, "Indexed."),
                ] + counts + [.always("elapsed_seconds", .number)]),
            "JobResult": .object(
                [.always("files_indexed", .count)] + counts + [
                    .always("files_removed", .count, "Documents that a sync removed: the bucket no longer has them."),
                    .always("files_archived", .count, "Documents that a sync keeps, and marks."),
                    .always("removals_withheld", .count, "Documents that stay since their removal looked a mistake."),
                    .always("duration_seconds", .number), .always("warnings", .list(.string)),
                ]),
            "JobFile": .object([
                .always("uri", .string),
                .always("status", .words(["queued", "completed", "failed", "skipped", "cancelled"])),
                .always("stage", .words(["scanning", "chunking", "finalizing", "cancelled"]), "How far it came."),
                .always("progress_message", .string),
                .always("updated_at", .time, "When its job ended, or last noted where it stands."),
                .always("document_id", .string.orNull), .always("chunk_count", .count),
                .always("error_code", .named("FileErrorCode").orNull, "Why it was skipped or failed."),
                .always("error_message", .string.orNull, "What to change."),
            ]),
        ]

        private static let counts: [Member] = [
            .always("files_failed", .count), .always("files_skipped", .count, "Unchanged, or no text."),
            .always("chunks_processed", .count), .always("tokens_used", .count, "Tokens of the chunks."),
        ]

        private static let jobMembers: [Member] = [
            .always("job_id", .string), .always("collection_name", .string),
            .always("job_type", .words(["index_s3", "index_s3_file", "index_s3_directory"])),
            .always("status", .named("JobStatus")), .always("environment", .named("Environment")),
            .always("source", .words(["api", "sync"]), "Who asked for it."), .always("sync_id", .string.orNull),
            .always("created_at", .time), .always("updated_at", .time), .always("started_at", .time.orNull),
            .always("completed_at", .time.orNull),
        ]

        private static let collections: [String: Schema] = [
            "Environment": .words(APIEnvironment.allCases.map(\.rawValue)),
            "Collection": .object([
                .always("collection_id", .string), .always("collection_name", .string),
                .always("environment", .named("Environment")), .always("created_at", .time),
                .always("is_active", .boolean), .always("description", .string.orNull),
                .always("metadata", .anyObject),
                .always("document_count", .count, "When a job last ended, or documents were deleted."),
            ]),
            "CollectionPage": page("collections", .named("Collection")),
            "CollectionPut": .object([
                .always("collection_name", .string), .always("collection_id", .string),
                .always("status", .words(["created", "exists"])), .always("message", .string),
            ]),
            "DocumentPage": page(
                "documents",
                .object([
                    .always("file_id", .string, "The same as document_id."), .always("document_id", .string),
                    .always("filename", .string, "The key's last part."), .always("uri", .string),
                    .always("content_type", .string), .always("chunk_count", .count), .always("token_count", .count),
                    .always("archived", .boolean, "A sync keeps it though the bucket no longer has it."),
                    .always("created_at", .time.orNull, "Null until the job has ended."),
                    .always("indexed_at", .time.orNull),
                ]), [.always("collection_name", .string)]),
            "Document": .object([
                .always("document_id", .string), .always("collection_name", .string), .always("chunk_count", .count),
                .always("token_count", .count),
                .always(
                    "metadata",
                    .object([
                        .always("filename", .string), .always("file_type", .string),
                        .always("file_size", .count, "Bytes of the object."), .always("mime_type", .string),
                        .always("uri", .string), .always("etag", .string.orNull),
                        .always("version_id", .string.orNull), .always("last_modified", .time.orNull),
                        .always("archived", .boolean), .always("custom_metadata", .anyObject),
                    ])), .always("chunks", .list(.named("Chunk"))),
            ]),
            "Chunk": .object(chunkMembers),
            "ChunkPage": page(
                "chunks", .named("Chunk"),
                [
                    .always("document_id", .string),
                    .always(
                        "next_offset", .count.orNull,
                        "Where the next page begins: this one may end before its limit. Null: it is the last."),
                ]),
        ]

        private static let chunkMembers: [Member] = [
            .always("chunk_index", .count, "From 0, in the document."), .always("content", .string),
            .always("byte_offset", .count, "Where the chunk begins in the document's text, in bytes of UTF-8."),
            .always("byte_length", .count), .always("token_count", .count),
        ]

        private static let search: [String: Schema] = [
            "QueryAnswer": .object([
                .always("success", .boolean), .always("query", .string),
                .always(
                    "search_results",
                    .list(
                        .object(
                            chunkMembers + chunkOrigin + [
                                .always("score", .number, "BM25; higher is better."), .always("filename", .string),
                            ])), "The best first."),
                .always("total_results", .count), .always("top_k", .count), .always("execution_time_ms", .number),
                .always("request_id", .string), .always("warnings", .list(.string)),
            ]),
            "Changes": .object([
                .always("collection_name", .string), .always("limit", .count),
                .always("removed", .list(.object([.always("document_id", .string)]))),
                .always("added", .list(.object(chunkMembers + chunkOrigin))),
                .always("since", .count), .always("sequence", .count, "The since of the next call."),
                .always("next_cursor", .string.orNull, "Null on the last page."),
            ]),
        ]

        private static let chunkOrigin: [Member] = [
            .always("document_id", .string), .always("uri", .string),
            .always("etag", .string, "Of the object that the chunk was read from."),
            .always("metadata", .anyObject, "The job's custom_metadata."),
        ]

        private static let integration: [String: Schema] = [
            "Integration": .object([
                .always("external_id", .string), .always("status", .words(["pending", "active"])),
                .always("previous_external_id_valid_until", .time.orNull, "After a rotation with an overlap."),
                .always("principal_arn", .string.orNull, "What the roles are to trust."),
                .always("trust_policy", .anyObject.orNull, "The role's trust policy, ready to paste."),
                .always("permission_policy", .anyObject.orNull, "The role's permissions; put in the bucket's name."),
                .always("roles", .list(.named("Role"))),
            ]),
            "Role": .object([
                .always("role_arn", .string), .always("status", .named("RoleStatus")),
                .always("verified_at", .time.orNull), .always("check", .anyObject.orNull, "The last verification."),
            ]),
            "RoleStatus": .words(["pending", "active", "failed", "access_revoked"]),
            "RoleVerdict": .object([
                .always("role_arn", .string), .always("status", .named("RoleStatus")),
                .always("check", .anyObject, "A verdict per step, and what to change."),
            ]),
        ]

        /// A page of a list.
        static func page(_ name: String, _ entry: Schema, _ more: [Member] = []) -> Schema {
            .object(
                [
                    .always(name, .list(entry)), .always("total_count", .count), .always("limit", .count),
                    .always("offset", .count),
                ] + more)
        }
    }
#endif
