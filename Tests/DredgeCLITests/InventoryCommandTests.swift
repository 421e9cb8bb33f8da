import Foundation
import TestServers
import Testing

/// `plan --inventory` as a person gives it.
@Suite struct InventoryCommandTests {
    private static let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("DredgeParquetTests/Golden")

    @Test func `inventories in CSV and Parquet give the same job, to the byte`() async throws {
        let directory = try TemporaryDirectory()
        // No request is made: the endpoint answers none.
        try directory.write(
            "c.yaml",
            """
            sources:
              - name: documents
                bucket: bucket
                endpoint_url: "http://127.0.0.1:1"
                auth: anonymous
            """)
        let inventories = [
            (
                "csv", "rows.csv", "CSV",
                "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass"
            ),
            (
                "parquet", "snappy.parquet", "Parquet",
                "message s3.inventory { required binary bucket (UTF8); required binary key (UTF8); "
                    + "optional binary version_id (UTF8); optional boolean is_latest; "
                    + "optional boolean is_delete_marker; optional int64 size; "
                    + "optional int64 last_modified_date (TIMESTAMP_MILLIS); optional binary e_tag (UTF8); "
                    + "optional binary storage_class (UTF8); }"
            ),
        ]
        var jobs: [String] = []
        var contents: [[String: Data]] = []
        for (folder, file, format, schema) in inventories {
            let place = directory.url.appending(path: folder)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                at: Self.golden.appending(path: file), to: place.appending(path: file))
            try directory.write(
                "\(folder)/manifest.json",
                """
                {"sourceBucket":"bucket","fileFormat":"\(format)","fileSchema":"\(schema)",
                 "creationTimestamp":"1772323200000","files":[{"key":"inv/data/\(file)"}]}
                """)
            let outcome = try await DredgeBinary.run(
                [
                    "plan", "c.yaml", "--results", "results-\(folder)", "--shards", "5", "--inventory",
                    "\(folder)/manifest.json",
                ], environment: [:], directory: directory.url)
            #expect(outcome.status == 0, "\(outcome)")
            let job = URL(filePath: outcome.output.trimmingCharacters(in: .newlines))
            jobs.append(job.lastPathComponent)
            var files: [String: Data] = [:]
            for path in try FileManager.default.subpathsOfDirectory(atPath: job.path) {
                files[path] = try? Data(contentsOf: job.appending(path: path))
            }
            contents.append(files)
        }
        #expect(jobs[0] == jobs[1])
        #expect(contents[0] == contents[1] && contents[0].count > 5, "\(contents[0].keys)")
    }
}
