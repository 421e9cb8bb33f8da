import Testing

@testable import DredgeS3

@Suite struct EndpointTests {
    private func url(
        _ settings: S3ClientSettings, _ environment: [String: String] = [:], key: String = "k"
    ) throws -> String {
        let region = EndpointRules.firstRegion(settings: settings, environment: environment)
        return try EndpointRules(settings: settings, environment: environment).endpoint(region: region)
            .url(key: ObjectKey(key))
    }

    @Test(arguments: [
        ("us-east-1", "https://bucket.s3.us-east-1.amazonaws.com/k"),
        ("eu-central-1", "https://bucket.s3.eu-central-1.amazonaws.com/k"),
        ("cn-north-1", "https://bucket.s3.cn-north-1.amazonaws.com.cn/k"),
        ("us-gov-west-1", "https://bucket.s3.us-gov-west-1.amazonaws.com/k"),
    ])
    func `AWS is addressed by the region's own host`(region: String, expected: String) throws {
        #expect(try url(.init(bucket: "bucket", region: region)) == expected)
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

    @Test func `the environment's regions count in the order of the AWS SDKs`() {
        let both = ["AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"]
        #expect(EndpointRules.firstRegion(settings: .init(bucket: "b"), environment: both) == "eu-west-1")
        #expect(
            EndpointRules.firstRegion(settings: .init(bucket: "b"), environment: ["AWS_DEFAULT_REGION": "eu-west-2"])
                == "eu-west-2")
        #expect(
            EndpointRules.firstRegion(settings: .init(bucket: "b", region: "eu-west-3"), environment: both)
                == "eu-west-3")
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

    @Test(arguments: ["evil.example/#", "", "a b", "EU-WEST-1", String(repeating: "a", count: 64)])
    func `what can't be a region never gets into a host name`(region: String) {
        #expect(!EndpointRules.isRegion(region))
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
