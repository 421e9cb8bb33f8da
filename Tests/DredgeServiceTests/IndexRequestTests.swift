import DredgeAWS
import ServiceBench
import Testing

@testable import DredgeService

/// What a request for a job may say.
@Suite struct IndexRequestTests {
    private static let role: JSON = [
        "type": "assume_role", "role_arn": "arn:aws:iam::123456789012:role/Read", "external_id": "x",
    ]
    private static let endpoint = "https://s3.example"

    private func parse(
        _ kind: IndexRequest.Kind = .bucket, _ more: [String: JSON] = [:], without names: [String] = []
    ) throws -> (IndexRequest, RequestKeys?) {
        guard case .object(let members) = ServiceBench.body(more) else { throw ServiceError.invalid([]) }
        return try IndexRequest.parse(
            kind, .object(members.filter { !names.contains($0.key) }),
            allowedEndpoints: [AllowedEndpoint(Self.endpoint)])
    }

    private func problems(
        _ kind: IndexRequest.Kind = .bucket, _ more: [String: JSON] = [:], without names: [String] = []
    ) -> [String] {
        do {
            _ = try parse(kind, more, without: names)
            return []
        } catch ServiceError.invalid(let problems) {
            return problems.map { "\($0.location.dropFirst().joined(separator: ".")) \($0.type)" }
        } catch ServiceError.refused(let refusal) {
            return [refusal.code]
        } catch {
            return ["\(error)"]
        }
    }

    @Test func `what is not said has its default`() throws {
        let (request, keys) = try parse()
        #expect(request.skipsExisting && request.fileCountMax == nil && request.metadata.isEmpty)
        #expect(request.include.isEmpty && request.exclude.isEmpty && request.endpoint == nil)
        #expect(request.roleARN == nil && keys != nil)
    }

    private static let keyFields = ["aws_access_key_id", "aws_secret_access_key"]

    @Test func `a request has a role or keys, not both and not neither`() throws {
        #expect(problems(without: Self.keyFields) == ["auth missing"])
        #expect(problems(.bucket, ["auth": Self.role]) == ["auth value_error"])
        #expect(problems(.bucket, ["auth": .null]) == [])
        #expect(problems(without: ["aws_secret_access_key"]) == ["aws_secret_access_key missing"])
        #expect(problems(without: ["aws_access_key_id"]) == ["aws_access_key_id missing"])
        #expect(
            problems(.bucket, ["aws_session_token": "t"], without: Self.keyFields) == ["aws_access_key_id missing"])
        let (request, keys) = try parse(.bucket, ["auth": Self.role], without: Self.keyFields)
        #expect(request.externalID == "x" && keys == nil)
    }

    @Test(
        arguments: [
            (["type": "assume_role"], ["auth.role_arn missing", "auth.external_id missing"]),
            (["type": "web", "role_arn": "arn:aws:iam::123456789012:role/R", "external_id": "x"], ["auth.type enum"]),
            (["type": "assume_role", "role_arn": "role", "external_id": "x"], ["auth.role_arn value_error"]),
            (
                ["type": "assume_role", "role_arn": "arn:aws:iam::123456789012:role/R", "external_id": ""],
                ["auth.external_id string_too_short"]
            ),
            (
                [
                    "type": "assume_role", "role_arn": "arn:aws:iam::123456789012:role/R", "external_id": "x",
                    "name": "y",
                ],
                ["auth.name extra_forbidden"]
            ),
            ("role", ["auth dict_type", "auth.type missing", "auth.role_arn missing", "auth.external_id missing"]),
        ] as [(JSON, [String])])
    func `what is wrong with a role is told by its field`(auth: JSON, expected: [String]) {
        let found = problems(.bucket, ["auth": auth], without: Self.keyFields)
        #expect(expected.allSatisfy { item in found.contains { $0.hasPrefix(item.split(separator: " ")[0]) } })
        #expect(found.allSatisfy { $0.hasPrefix("auth") })
        #expect(!found.isEmpty)
    }

    @Test func `to skip what is there and to overwrite it is a contradiction`() throws {
        #expect(problems(.bucket, ["overwrite_existing": true]) == ["conflicting_options"])
        #expect(problems(.bucket, ["overwrite_existing": true, "skip_existing": true]) == ["conflicting_options"])
        let (request, _) = try parse(.bucket, ["overwrite_existing": true, "skip_existing": false])
        #expect(!request.skipsExisting)
    }

    @Test(
        arguments: [
            (["processing_type": "advanced"], ["processing_type value_error"]),
            (["processing_type": "fast"], ["processing_type enum"]),
            (["processing_type": 1], ["processing_type string_type"]),
            (["processing_type": "auto"], []),
            (["mask_pii": true], ["mask_pii value_error"]),
            (["mask_pii": false], []),
            (["parsing_script": "x.js"], ["parsing_script value_error"]),
            (["bucket_name": "No Bucket"], ["bucket_name value_error"]),
            (["bucket_name": ""], ["bucket_name string_too_short"]),
            (["bucket_name": .null], ["bucket_name missing"]),
            (["max_files": 0], ["max_files value_range"]),
            (["max_files": -1], ["max_files value_range"]),
            (["max_files": "1"], ["max_files int_type"]),
            (["max_files": .number(1.5)], ["max_files int_type"]),
            (["skip_existing": "yes"], ["skip_existing bool_type"]),
            (["include": "*"], ["include list_type"]),
            (["include": ["*", 1]], ["include string_type"]),
            (["include": ["[a"]], ["include value_error"]),
            (["exclude": .array(Array(repeating: "*", count: 101))], ["exclude too_long"]),
            (["endpoint": .string(endpoint)], []),
            (["endpoint": "http://169.254.169.254"], ["endpoint value_error"]),
            (["bucket": "x", "Max_files": 1], ["Max_files extra_forbidden", "bucket extra_forbidden"]),
            (["file_uri": "s3://bucket/x"], ["file_uri extra_forbidden"]),
            (["custom_metadata": []], ["custom_metadata dict_type"]),
            (["custom_metadata": ["a": .null]], ["custom_metadata.a value_error"]),
            (["custom_metadata": ["a": ["b": 1]]], ["custom_metadata.a value_error"]),
            (["custom_metadata": ["a": [1]]], ["custom_metadata.a value_error"]),
            (["custom_metadata": ["$a": 1]], ["custom_metadata.$a value_error"]),
            (["custom_metadata": ["": 1]], ["custom_metadata. value_error"]),
            (["custom_metadata": ["a": "b", "c": 1, "d": .number(1.5), "e": true, "f": ["g", "h"]]], []),
        ] as [([String: JSON], [String])])
    func `each field is held to its type and range`(more: [String: JSON], expected: [String]) {
        #expect(problems(.bucket, more) == expected)
    }

    @Test func `everything that is wrong is told at once`() {
        let found = problems(.bucket, ["bucket_name": 1, "max_files": 0, "x": 1], without: ["processing_type"])
        #expect(
            Set(found) == [
                "bucket_name string_type", "processing_type missing", "max_files value_range", "x extra_forbidden",
            ])
    }

    @Test func `metadata is bounded`() {
        let many = Dictionary(uniqueKeysWithValues: (0...50).map { ("k\($0)", JSON.integer($0)) })
        #expect(problems(.bucket, ["custom_metadata": .object(many)]) == ["custom_metadata too_long"])
        let long = JSON.string(String(repeating: "x", count: 1_025))
        #expect(problems(.bucket, ["custom_metadata": ["a": long]]) == ["custom_metadata.a value_error"])
        #expect(problems(.bucket, ["custom_metadata": ["a": [long]]]) == ["custom_metadata.a value_error"])
        let list = JSON.array(Array(repeating: "x", count: 101))
        #expect(problems(.bucket, ["custom_metadata": ["a": list]]) == ["custom_metadata.a value_error"])
    }

    @Test(arguments: [
        ("a", "a/"), ("a/", "a/"), ("/a/b//", "a/b/"), ("s3://bucket/a/b", "a/b/"), ("a b/ü", "a b/ü/"),
        ("s3://bucket/\u{301}a", "\u{301}a/"), ("s3://bucket//a", "/a/"),
    ])
    func `a directory is whole segments`(path: String, prefix: String) throws {
        #expect(try parse(.directory, ["directory_path": .string(path)]).0.path == prefix)
    }

    @Test(arguments: ["", "/", "//", "s3://bucket", "s3://bucket/", "s3://other/a", "s3://bucket-old/a"])
    func `a directory is a part of its bucket`(path: String) {
        let found = problems(.directory, ["directory_path": .string(path)])
        #expect(!found.isEmpty && found.allSatisfy { $0.hasPrefix("directory_path") }, "\(found)")
    }

    @Test(arguments: [
        "", "x.txt", "s3://bucket", "s3://bucket/", "s3://other/x.txt", "s3://bucket2/x", "S3://bucket/x",
    ])
    func `a file is an object of its bucket`(uri: String) {
        let found = problems(.file, ["file_uri": .string(uri)])
        #expect(!found.isEmpty && found.allSatisfy { $0.hasPrefix("file_uri") }, "\(found)")
    }

    @Test func `a file's key is taken as it is`() throws {
        let (request, _) = try parse(.file, ["file_uri": "s3://bucket//a b/[1]*.txt"])
        #expect(request.path == "/a b/[1]*.txt")
        #expect(problems(.file, ["file_uri": "s3://bucket/x", "max_files": 1]) == ["max_files extra_forbidden"])
        #expect(problems(.file, ["file_uri": "s3://bucket/x", "include": ["*"]]) == ["include extra_forbidden"])
    }

    @Test func `what is kept of a request has no credentials`() async throws {
        let (request, keys) = try parse()
        #expect(keys?.credentials.accessKeyID == "AKIDEXAMPLE")
        #expect(!"\(request)".contains("AKIDEXAMPLE"))
        #expect(!"\(String(describing: keys))".contains(ServiceBench.secret))
    }
}
