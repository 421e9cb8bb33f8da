#if Server
    internal import DredgeService
    internal import HTTPTypes

    extension Operation {
        /// Collections that follow a bucket.
        static let syncs: [Operation] = [
            Operation(
                tag: .syncs, method: .post, path: "/v2/collections/{collection}/sync/s3", id: "createSync",
                summary: "Follow a bucket", description: "Indexes it at once, and again in each interval.",
                body: .request(required + changeable),
                answers: [.json(.named("Sync"), "The sync.", status: 201)],
                refusals: [403, 404, 409, 413, 422]),
            Operation(
                tag: .syncs, method: .put, path: "/v2/collections/{collection}/sync/s3", id: "putSync",
                summary: "Follow a bucket, or change how it is followed",
                description: "The sync of the same bucket and prefix is changed; without one, it is made.",
                body: .request(required + changeable),
                answers: [
                    .json(.named("Sync"), "It was changed."), .json(.named("Sync"), "It was made.", status: 201),
                ], refusals: [403, 404, 409, 413, 422]),
            Operation(
                tag: .syncs, method: .get, path: "/v2/collections/{collection}/sync/s3", id: "listCollectionSyncs",
                summary: "The syncs of a collection", query: status + page(),
                answers: [.json(.named("SyncPage"), "A page of syncs.")], refusals: [404, 422]),
            Operation(
                tag: .syncs, method: .patch, path: "/v2/collections/{collection}/sync/s3", id: "updateCollectionSync",
                summary: "Change the sync of a collection", query: named,
                body: .request(changeable + changes), answers: [.json(.named("Sync"), "The sync.")],
                refusals: [403, 404, 409, 413, 422]),
            Operation(
                tag: .syncs, method: .delete, path: "/v2/collections/{collection}/sync/s3", id: "deleteCollectionSync",
                summary: "End the sync of a collection", description: "Its documents stay.", query: named,
                answers: [.json(.named("Done"), "It has ended.")], refusals: [404, 409]),
            Operation(
                tag: .syncs, method: .get, path: "/v2/syncs", id: "listSyncs", summary: "List syncs",
                query: [.maybe("collection", .string, "Only those of the collection of this name.")] + status + page(),
                answers: [.json(.named("SyncPage"), "A page of syncs.")], refusals: [404, 422]),
            Operation(
                tag: .syncs, method: .get, path: "/v2/syncs/{sync}", id: "getSync", summary: "A sync",
                answers: [.json(.named("Sync"), "The sync.")], refusals: [404]),
            Operation(
                tag: .syncs, method: .patch, path: "/v2/syncs/{sync}", id: "updateSync", summary: "Change a sync",
                body: .request(changeable + changes), answers: [.json(.named("Sync"), "The sync.")],
                refusals: [403, 404, 409, 413, 422]),
            Operation(
                tag: .syncs, method: .delete, path: "/v2/syncs/{sync}", id: "deleteSync", summary: "End a sync",
                description: "Its documents stay.", answers: [.json(.named("Done"), "It has ended.")],
                refusals: [404, 409]),
            Operation(
                tag: .syncs, method: .post, path: "/v2/syncs/{sync}/reconcile", id: "reconcileSync",
                summary: "Run a sync now",
                body: .request([
                    .maybe(
                        "confirm_deletions", .boolean(default: false),
                        "Also remove the documents whose removal was withheld, since it looked like a mistake.")
                ]), isBodyRequired: false,
                answers: [
                    .json(
                        .object(
                            [
                                .always("sync_id", .string), .always("job_id", .string),
                                .always("status", .words(["pending"])),
                            ]
                                + ["added", "modified", "removed", "unchanged", "deleted_documents"].map {
                                    .always($0, .count.orNull, "Null: the job's result has it.")
                                }), "The job.")
                ], refusals: [403, 404, 409, 413, 422]),
        ]

        private static let status: [Schema.Member] = [
            .maybe("status", .words(["active", "paused"]), "Only syncs of this status.")
        ]

        private static let named: [Schema.Member] = [
            .maybe("sync_id", .string, "Which one, where the collection has several.")
        ]

        private static let required: [Schema.Member] = [
            .always("bucket", .string(1...2_048), "A bucket's name, or an access point's ARN."),
            .always("auth", .named("RoleAuth"), "The role. An access key is refused: it could not be kept."),
            .always("processing_type", .words(["basic", "auto"])),
            .maybe("storage_type", .words(["s3"])),
        ]

        private static let changeable: [Schema.Member] = [
            .maybe("region", .string(1...64), "The bucket's region. By default it is found out."),
            .maybe("prefix", .string(0...1_024), "Only keys that begin with it."),
            .maybe(
                "include_patterns", .list(.string(1...1_024), countMax: ServiceLimits.patternCountMax),
                "Globs. One without a slash matches at any depth."),
            .maybe(
                "exclude_patterns", .list(.string(1...1_024), countMax: ServiceLimits.patternCountMax),
                "Globs. One without a slash matches at any depth."),
            .maybe(
                "deletion_policy", .words(["mirror", "archive", "ignore"]),
                "What becomes of documents that the bucket no longer has. mirror: they go, unless that looks like a "
                    + "mistake. archive: they stay, and show it. ignore: they stay."),
            .maybe("custom_metadata", .named("CustomMetadata"), "Of what is indexed from now on."),
            .maybe(
                "sync_interval_minutes", .integer(ServiceLimits.syncIntervalMinutes),
                "Minutes from one run to the next. By default it runs when it is asked to."),
        ]

        private static let changes: [Schema.Member] = [
            .maybe("auth", .named("RoleAuth"), "Another role."),
            .maybe("status", .words(["active", "paused"])),
        ]
    }

    extension Schema {
        static let syncs: [String: Schema] = [
            "Sync": .object([
                .always("sync_id", .string), .always("collection_name", .string),
                .always("storage_type", .words(["s3"])), .always("bucket", .string), .always("prefix", .string),
                .always("region", .string.orNull), .always("auth_method", .words(["assume_role"])),
                .always("role_arn", .string), .always("status", .words(["active", "paused"])),
                .always("sync_state", .words(["backfilling", "syncing", "idle", "error"])),
                .always("include_patterns", .list(.string)), .always("exclude_patterns", .list(.string)),
                .always("deletion_policy", .words(["mirror", "archive", "ignore"])),
                .always("custom_metadata", .anyObject), .always("sync_interval_minutes", .count.orNull),
                .always("last_backfill_job_id", .string.orNull), .always("last_job_id", .string.orNull),
                .always("last_sync_at", .time.orNull), .always("next_sync_at", .time.orNull),
                .always("last_sync_error", .string.orNull), .always("last_sync_warnings", .list(.string)),
                .always("created_at", .time), .always("updated_at", .time), .always("deactivated_at", .time.orNull),
            ]),
            "SyncPage": page("syncs", .named("Sync")),
        ]
    }
#endif
