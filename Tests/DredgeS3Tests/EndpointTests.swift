import DredgeAWS
import Testing

@testable import DredgeS3

@Suite struct EndpointTests {
    private func url(
        _ settings: S3ClientSettings, _ environment: [String: String] = [:], key: String = "k"
    ) throws -> String {
        let rules = try EndpointRules(settings: settings, environment: environment)
        return try rules.endpoint(region: rules.firstRegion(settings: settings))
            .url(key: ObjectKey(key))
    }

    @Test(arguments: [
        ("with.dots", "https://s3.us-east-1.amazonaws.com/with.dots/k"),
        ("Upper", "https://s3.us-east-1.amazonaws.com/Upper/k"),
        ("under_score", "https://s3.us-east-1.amazonaws.com/under_score/k"),
        ("ab", "https://s3.us-east-1.amazonaws.com/ab/k"),
        ("-dash", "https://s3.us-east-1.amazonaws.com/-dash/k"),
        ("tenant:bucket", "https://s3.us-east-1.amazonaws.com/tenant%3Abucket/k"),
    ])
    func `a bucket that no host name or certificate carries stands in the path`(bucket: String, expected: String) throws
    {
        #expect(try url(.init(bucket: bucket)) == expected)
        if bucket != "with.dots" {
            #expect(try url(.init(bucket: bucket, pathStyle: false)) == expected)
        }
    }

    @Test func `the style can be asked for`() throws {
        #expect(try url(.init(bucket: "bucket", pathStyle: true)) == "https://s3.us-east-1.amazonaws.com/bucket/k")
        #expect(
            try url(.init(bucket: "with.dots", pathStyle: false)) == "https://with.dots.s3.us-east-1.amazonaws.com/k")
        #expect(
            try url(.init(bucket: "bucket", endpointURL: "https://s3.example.com", pathStyle: false))
                == "https://bucket.s3.example.com/k")
    }

    @Test(arguments: [
        ("http://localhost:9000", "http://localhost:9000/bucket/k"),
        ("https://S3.Example.com/", "https://s3.example.com/bucket/k"),
        ("https://example.com/s3/v1/", "https://example.com/s3/v1/bucket/k"),
        ("http://[::1]:9000", "http://[::1]:9000/bucket/k"),
    ])
    func `an endpoint URL may have a port and a base path`(endpoint: String, expected: String) throws {
        #expect(try url(.init(bucket: "bucket", endpointURL: endpoint)) == expected)
    }

    @Test func `the environment's endpoints count in the order of the AWS SDKs`() throws {
        let both = ["AWS_ENDPOINT_URL_S3": "http://a:1", "AWS_ENDPOINT_URL": "http://b:2"]
        #expect(try url(.init(bucket: "bucket"), both) == "http://a:1/bucket/k")
        #expect(try url(.init(bucket: "bucket"), ["AWS_ENDPOINT_URL": "http://b:2"]) == "http://b:2/bucket/k")
        #expect(try url(.init(bucket: "bucket", endpointURL: "http://c:3"), both) == "http://c:3/bucket/k")
        let ignored = both.merging(["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]) { $1 }
        #expect(try url(.init(bucket: "bucket"), ignored) == "https://bucket.s3.us-east-1.amazonaws.com/k")
    }

    @Test func `the environment's regions count in the order of the AWS SDKs`() throws {
        func host(_ region: String) -> String { "https://bucket.s3.\(region).amazonaws.com/k" }
        let both = ["AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"]
        #expect(try url(.init(bucket: "bucket"), both) == host("eu-west-1"))
        #expect(try url(.init(bucket: "bucket"), ["AWS_DEFAULT_REGION": "eu-west-2"]) == host("eu-west-2"))
        #expect(try url(.init(bucket: "bucket", region: "eu-west-3"), both) == host("eu-west-3"))
    }

    @Test(arguments: [
        (["AWS_USE_FIPS_ENDPOINT": "true"], "https://bucket.s3-fips.us-east-1.amazonaws.com/k"),
        (["AWS_USE_DUALSTACK_ENDPOINT": "TRUE"], "https://bucket.s3.dualstack.us-east-1.amazonaws.com/k"),
        (
            ["AWS_USE_FIPS_ENDPOINT": "false", "AWS_USE_DUALSTACK_ENDPOINT": ""],
            "https://bucket.s3.us-east-1.amazonaws.com/k"
        ),
    ])
    func `the environment chooses among the variants of an endpoint, unless the settings do`(
        environment: [String: String], expected: String
    ) throws {
        #expect(try url(.init(bucket: "bucket"), environment) == expected)
        #expect(
            try url(.init(bucket: "bucket", useFIPS: false, useDualStack: false), environment)
                == "https://bucket.s3.us-east-1.amazonaws.com/k")
    }

    @Test func `the search for a bucket begins in the partition whose credentials sign`() throws {
        let settings = S3ClientSettings(bucket: "bucket", partition: "aws-cn")
        #expect(try url(settings) == "https://bucket.s3.cn-northwest-1.amazonaws.com.cn/k")
        #expect(
            try url(settings, ["AWS_REGION": "us-east-1"]) == "https://bucket.s3.cn-northwest-1.amazonaws.com.cn/k")
        #expect(try url(settings, ["AWS_REGION": "cn-north-1"]) == "https://bucket.s3.cn-north-1.amazonaws.com.cn/k")
        #expect(try url(.init(bucket: "bucket", partition: "aws")) == "https://bucket.s3.us-east-1.amazonaws.com/k")
        #expect(try url(.init(bucket: "bucket", partition: "ceph")) == "https://bucket.s3.us-east-1.amazonaws.com/k")
    }

    @Test(arguments: ["yes", "1", "truee"])
    func `a variant that is mistyped in the environment is not taken for no`(text: String) {
        for name in ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"] {
            let problem = #expect(throws: EndpointProblem.self) { try url(.init(bucket: "bucket"), [name: text]) }
            #expect(problem?.message.contains(name) == true)
        }
    }

    @Test func `an access point is addressed in the region of its ARN, whatever the environment says`() throws {
        let arn = "arn:aws:s3:eu-west-1:123456789012:accesspoint/reports"
        #expect(
            try url(.init(bucket: arn), ["AWS_REGION": "us-west-2"])
                == "https://reports-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/k")
        let problem = #expect(throws: EndpointProblem.self) { try url(.init(bucket: arn, region: "us-west-2")) }
        #expect(problem?.message.contains("eu-west-1") == true)
    }

    @Test(arguments: [
        ("acme--use1-az4--x-s3", "directory bucket"), ("point--use1-az4--xa-s3", "directory bucket"),
        ("point-abc--op-s3", "Outposts"), ("mfzwi23gnjvgw.mrap", "Multi-Region"), ("acme--table-s3", "table bucket"),
        ("arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap", "Multi-Region"),
        ("arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-01/accesspoint/x", "Outposts"),
        ("arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/x", "Object Lambda"),
        ("arn:aws:s3express:us-west-2:123456789012:bucket/acme--use1-az4--x-s3", "directory bucket"),
        ("arn:aws:s3:::acme", "write its name alone"),
        ("arn:aws:s3:us-west-2:123456789012:bucket/x", "access point's ARN"),
        ("arn:aws:s3:us-west-2:123456789012:accesspoint/abc/object/x", "more than a name"),
        ("arn:aws:s3:us-west-2:1234:accesspoint/abc", "12 digits"),
        ("arn:aws:s3:us-west-2:123456789012:accesspoint/a_b", "3 to 50"),
        ("arn:aws:s3:us-west-2.evil.org/:123456789012:accesspoint/abc", "region"),
        ("arn:aws-cn:s3:us-west-2:123456789012:accesspoint/abc", "partition"), ("arn:aws:s3", "access point's ARN"),
        ("arn:aws:iam::123456789012:role/x", "not an ARN of S3"),
    ])
    func `what is no general purpose bucket is refused by its kind`(bucket: String, word: String) {
        let problem = #expect(throws: EndpointProblem.self) { try url(.init(bucket: bucket)) }
        #expect(problem?.message.contains(word) == true, "\(problem?.message ?? "")")
    }

    @Test(arguments: [
        "localhost:9000", "s3.example.com", "ftp://example.com", "http://", "https://example.com?x=1",
        "https://user:hunter2@example.com", "https://example.com/#f", "not a url",
    ])
    func `an endpoint URL that can't be used is refused with advice`(endpoint: String) {
        let problem = #expect(throws: EndpointProblem.self) {
            try EndpointRules(settings: .init(bucket: "bucket", endpointURL: endpoint), environment: [:])
        }
        #expect(problem?.advice.isEmpty == false)
        #expect(problem?.message.contains("hunter2") != true)  // I8: a password is not repeated
    }

    @Test(arguments: ["", "a/b", "a b", "s3://bucket", "a\nb"])
    func `what can't be a bucket's name is refused`(bucket: String) {
        #expect(throws: EndpointProblem.self) {
            try EndpointRules(settings: .init(bucket: bucket), environment: [:])
        }
    }

    @Test(arguments: [
        "evil.example/#", "a b", "EU-WEST-1", "aws-global", "fips-us-east-1", "us-east-1-fips",
        String(repeating: "a", count: 64),
    ])
    func `what can't be a region never gets into a host name`(region: String) {
        let problem = #expect(throws: EndpointProblem.self) { try url(.init(bucket: "bucket", region: region)) }
        #expect(problem?.message.contains(region) == true)
    }

    @Test(arguments: [
        ("a b", "a%20b"), ("a+b", "a%2Bb"), ("100%", "100%25"), ("a%2Fb", "a%252Fb"), ("../x", "../x"),
        ("a//b", "a//b"), ("/a", "/a"), ("k=&v", "k%3D%26v"), ("~!*()'", "~%21%2A%28%29%27"), ("a\nb", "a%0Ab"),
        ("😀", "%F0%9F%98%80"), ("?#", "%3F%23"),
    ])
    func `a key's bytes stand in the path one by one`(key: String, path: String) throws {
        #expect(
            try url(.init(bucket: "bucket", pathStyle: true), key: key)
                == "https://s3.us-east-1.amazonaws.com/bucket/" + path)
    }
}
