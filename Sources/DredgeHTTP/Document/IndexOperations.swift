#if Server
    internal import DredgeService
    internal import HTTPTypes

    extension Operation {
        /// What is indexed into a collection.
        static let index: [Operation] = [
            start(
                "/v2/collections/{collection}/index/s3", "indexBucket", "Index a bucket", [],
                "Lists the bucket, reads what is new or changed, and stores its text in chunks. Answers at once: the "
                    + "job tells how it goes.", isOfMany: true),
            start(
                "/v2/collections/{collection}/index/s3/directory", "indexDirectory", "Index a directory of a bucket",
                [
                    .always(
                        "directory_path", .string(1...2_048),
                        "A path in the bucket, or s3://BUCKET/PATH, with everything below it. Whole segments count: "
                            + "a is not a-old.")
                ], "", isOfMany: true),
            start(
                "/v2/collections/{collection}/index/s3/file", "indexFile", "Index one object",
                [.always("file_uri", .string(1...2_048), "s3://BUCKET/KEY, the key as it is, without escapes.")], "",
                isOfMany: false),
        ]

        private static func start(
            _ path: String, _ id: String, _ summary: String, _ own: [Schema.Member], _ description: String,
            isOfMany: Bool
        ) -> Operation {
            Operation(
                tag: .index, method: .post, path: path, id: id, summary: summary, description: description,
                headers: [
                    .maybe(
                        "Idempotency-Key", .string(1...ServiceLimits.idempotencyKeyLengthMax),
                        "The same key with the same body answers the same job for 24 hours; with another body it is "
                            + "refused with 409.")
                ],
                body: .request(
                    [.always("bucket_name", .string(1...2_048), "A bucket's name, or an access point's ARN.")] + own
                        + common + (isOfMany ? ofMany : [])),
                answers: [.json(.named("JobStarted"), "The job was accepted.")],
                refusals: [400, 404, 409, 413, 422])
        }

        private static let common: [Schema.Member] = [
            .always(
                "processing_type", .words(["basic", "auto"]),
                "Both read text as it is. advanced (optical character recognition) is refused with 422."),
            .maybe("auth", .named("RoleAuth"), "The role to assume. Give either this or an access key."),
            .maybe("aws_access_key_id", .string(1...128), "An access key. It is in memory only, as long as the job."),
            .maybe("aws_secret_access_key", .string(1...128), "Its secret."),
            .maybe("aws_session_token", .string(1...16_384), "The session token of temporary credentials."),
            .maybe("bucket_region", .string(1...64), "The bucket's region. By default it is found out."),
            .maybe(
                "skip_existing", .boolean(default: true),
                "Leave objects alone whose present version is in the collection."),
            .maybe(
                "overwrite_existing", .boolean(default: false),
                "Read every object again. Needs skip_existing to be false."),
            .maybe("custom_metadata", .named("CustomMetadata"), "Attached to every chunk that the job stores."),
            .maybe(
                "endpoint", .string(1...2_048),
                "Another S3 service, out of the list of this server's operator."),
            .maybe("mask_pii", .never, "true is refused: this server masks nothing."),
        ]

        private static let ofMany: [Schema.Member] = [
            .maybe("max_files", .integer(1...Int(Int32.max)), "Stop behind so many objects, in order of their keys."),
            .maybe(
                "include", .list(.string(1...1_024), countMax: ServiceLimits.patternCountMax),
                "Globs; an object must match one of them. One without a slash matches at any depth."),
            .maybe(
                "exclude", .list(.string(1...1_024), countMax: ServiceLimits.patternCountMax),
                "Globs; an object may match none of them. One without a slash matches at any depth."),
        ]
    }
#endif
