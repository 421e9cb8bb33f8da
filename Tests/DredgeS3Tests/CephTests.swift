import DredgeAWS
import DredgeBase
import DredgeIAM
import DredgeTransfer
import Foundation
import TestServers
import Testing

@testable import DredgeS3

/// Against Ceph's gateway, which checks the signature of every kind of key.
@Suite(.timeLimit(.minutes(30)), .serialized) struct CephTests {
    /// Every kind of key that has broken some client.
    static let oddKeys: [String] =
        [
            "plain", "with space", " leading and trailing ", "a+b", "100%", "a%2Fb", "%2F", "%", "%zz", "..", "../up",
            "a/../b", "./dot", ".", "a//b", "//", "/leading", "trailing/", "=&", "k=v&w=x", "~!*()'", "line\nfeed",
            "tab\tkey", "carriage\rreturn", "bell\u{7}", "😀", "e\u{301}", "\u{E9}", "漢字/かな", "?query", "#fragment",
            "semi;colon", "comma,", "colon:", "at@", "dollar$", "back\\slash", "\"quotes\"", "<xml>&amp;", "[brackets]",
            "{braces}", "pipe|", "caret^", "`tick", "?versioning", "?list-type=2", "con/aux/nul", "-dash", "_under",
            String(repeating: "x", count: 1_024), String(repeating: "é", count: 512),
            String(repeating: "deep/", count: 200) + "leaf",
        ]

    private let loop: TransferLoop
    private let gateway: CephGateway
    private let owner: CephGateway.User

    init() async throws {
        loop = try TransferLoop()
        gateway = try await CephGateway.shared()
        owner = try await gateway.makeUser("owner")
    }

    private func credentials(_ user: CephGateway.User) -> BaseSource {
        CredentialSources.fixed(
            Credentials(accessKeyID: user.accessKeyID, secretAccessKey: user.secretAccessKey))
    }

    private func client(
        _ bucket: String, credentials source: (any CredentialSource)? = nil, keysPerPage: Int = 1_000
    ) -> S3Client {
        var limits = S3Limits()
        limits.listKeyCountMax = keysPerPage
        // What every request says must not break its signature.
        return S3Client(
            settings: .init(
                bucket: bucket, endpointURL: gateway.endpointURL, expectedBucketOwner: "123456789012",
                requestPayer: true),
            credentials: source ?? credentials(owner), transfer: loop,
            environment: [:], limits: limits)
    }

    /// A bucket of the owner, with these objects.
    private func makeBucket(_ name: String, objects: [(key: ObjectKey, body: [UInt8])]) async throws -> String {
        let bucket = "\(name)-\(UUID().uuidString.prefix(8).lowercased())"
        let rules = try EndpointRules(
            settings: .init(bucket: bucket, endpointURL: gateway.endpointURL), environment: [:])
        let endpoint = rules.endpoint(region: "us-east-1")
        try await put(endpoint.url(key: ObjectKey("")), [])
        for chunk in stride(from: 0, to: objects.count, by: 16) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (key, body) in objects[chunk..<min(chunk + 16, objects.count)] {
                    group.addTask { try await put(endpoint.url(key: key), body) }
                }
                try await group.waitForAll()
            }
        }
        return bucket
    }

    private func put(_ url: String, _ body: [UInt8]) async throws {
        var request = HTTPRequest(method: .put, url: url, body: body)
        SigV4Signer(region: "us-east-1", service: "s3").sign(
            &request, credentials: Credentials(accessKeyID: owner.accessKeyID, secretAccessKey: owner.secretAccessKey),
            date: Date(), unsignedPayload: false)
        let answer = try await loop.perform(request, into: BufferPool(byteLimit: 64 << 10).buffer(byteCount: 16 << 10))
        guard answer.status == 200 else {
            throw ServerProblem(
                description: "PUT answered \(answer.status): \(String(decoding: answer.errorBody, as: UTF8.self))")
        }
    }

    private func list(_ client: S3Client, prefix: String = "") async throws -> (objects: [ListedObject], pageCount: Int)
    {
        var objects: [ListedObject] = []
        var pageCount = 0
        var token: String?
        repeat {
            let page = try await client.listPage(prefix: ObjectKey(prefix), continuationToken: token)
            objects += page.objects
            pageCount += 1
            token = page.continuationToken
        } while token != nil
        return (objects, pageCount)
    }

    @Test func `oddly named keys are listed over several pages and read back byte for byte`() async throws {
        let objects = Self.oddKeys.map { (key: ObjectKey($0), body: Array("content of \($0)".utf8)) }
        let bucket = try await makeBucket("odd", objects: objects)
        // The gateway's own tool says what the keys are: had we encoded them wrongly twice, it would show here.
        let stored = Set(try await gateway.storedKeys(bucket: bucket).map { ObjectKey($0) })
        let expected = Set(objects.map(\.key))
        #expect(stored.subtracting(expected).isEmpty)
        #expect(expected.subtracting(stored).isEmpty)

        let client = client(bucket, keysPerPage: 7)
        let (listed, pageCount) = try await list(client)
        #expect(Set(listed.map(\.key)) == Set(objects.map(\.key)))
        #expect(listed.count == objects.count)
        #expect(pageCount == (objects.count + 6) / 7)
        let contents = Dictionary(uniqueKeysWithValues: objects.map { ($0.key, $0.body) })
        let pool = BufferPool(byteLimit: 1 << 20)
        for entry in listed {
            let body = try await pool.buffer(byteCount: 4_096)
            let head = try await client.getObject(
                entry.key, range: 0..<entry.size, ifMatch: entry.eTag, into: body)
            #expect(Array(body.bytes) == contents[entry.key], "\(entry.key)")
            #expect(head.size == entry.size)
            let now = try await client.headObject(entry.key).object
            #expect(now.eTag == entry.eTag, "\(entry.key)")
        }
        for prefix in ["a%", "a+", "=", " ", "😀", "a//", "?", "line\n"] {
            let expected = Self.oddKeys.filter { $0.utf8.starts(with: prefix.utf8) }.count
            #expect(try await list(client, prefix: prefix).objects.count == expected, "prefix \(prefix)")
        }
        for after in [" leading and trailing ", "a+b", "😀"] {
            let page = try await self.client(bucket).listPage(prefix: ObjectKey(""), startAfter: ObjectKey(after))
            #expect(
                Set(page.objects.map(\.key)) == Set(objects.map(\.key).filter { ObjectKey(after) < $0 }),
                "after \(after)")
        }
    }

    @Test func `a listing of more than a page of 1,000 is whole and in order`() async throws {
        let objects = (0..<2_100).map { (key: ObjectKey("dir \($0 % 7)/\($0)"), body: [UInt8(1)]) }
        let bucket = try await makeBucket("long", objects: objects)
        let (listed, pageCount) = try await list(client(bucket))
        #expect(pageCount == 3)
        #expect(listed.map(\.key) == objects.map(\.key).sorted())
    }

    @Test func `ranges and versions are what they are asked for (I5)`() async throws {
        let bytes = patternedBytes(count: 300_000)
        let key = ObjectKey("a b/ü+.txt")
        let bucket = try await makeBucket("range", objects: [(key, bytes), (ObjectKey("empty"), [])])
        let client = client(bucket)
        let eTag = try await client.headObject(key).object.eTag
        let pool = BufferPool(byteLimit: 4 << 20)
        for range in [0..<1, 0..<300_000, 1..<2, 65_535..<65_537, 299_999..<300_000, 100_000..<250_000]
            as [Range<UInt64>]
        {
            let body = try await pool.buffer(byteCount: range.count)
            let head = try await client.getObject(key, range: range, ifMatch: eTag, into: body)
            #expect(Array(body.bytes) == Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
            #expect(head.size == 300_000 && head.eTag == eTag)
        }
        let body = try await pool.buffer(byteCount: 100)
        let other = await #expect(throws: S3Error.self) {
            try await client.getObject(
                key, range: 0..<100, ifMatch: ETag("00000000000000000000000000000000"), into: body)
        }
        #expect(other?.code == .preconditionFailed)
        let past = await #expect(throws: S3Error.self) {
            try await client.getObject(key, range: 300_000..<300_100, ifMatch: eTag, into: body)
        }
        #expect(past?.code == .invalidRange)
        let gone = await #expect(throws: S3Error.self) {
            try await client.getObject(ObjectKey("gone"), range: 0..<100, ifMatch: nil, into: body)
        }
        #expect(gone?.code == .noSuchKey)
        let empty = try await client.getObject(ObjectKey("empty"), range: 0..<0, ifMatch: nil, into: body)
        #expect(empty.size == 0)
        #expect(body.count == 0)
    }

    @Test func `an assumed role reads, and is refused what its policy does not allow`() async throws {
        let bytes = Array("of the customer".utf8)
        let objects = [(ObjectKey("open/a+b c"), bytes), (ObjectKey("shut/d"), bytes)]
        let bucket = try await makeBucket("role", objects: objects)
        let vendor = try await gateway.makeUser("vendor")
        let policy = """
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:ListBucket"],\
            "Resource":["arn:aws:s3:::\(bucket)"]},{"Effect":"Allow","Action":["s3:GetObject"],\
            "Resource":["arn:aws:s3:::\(bucket)/open/*"]}]}
            """
        let role = try await gateway.makeRole("reader", trusting: vendor, policy: policy)
        func source(_ user: CephGateway.User) -> any CredentialSource {
            CredentialSources.assumeRole(
                [RoleHop(roleARN: role)],
                access: STSAccess(
                    base: credentials(user), defaultSessionName: "dredge-test", region: "us-east-1",
                    endpointURL: gateway.endpointURL, environment: [:], transfer: loop))
        }
        let client = client(bucket, credentials: source(vendor))
        let listed = try await list(client).objects
        #expect(listed.map(\.key) == objects.map(\.0))
        let body = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: bytes.count)
        _ = try await client.getObject(
            objects[0].0, range: 0..<UInt64(bytes.count), ifMatch: listed[0].eTag, into: body)
        #expect(Array(body.bytes) == bytes)
        body.truncate(to: 0)
        let denied = await #expect(throws: S3Error.self) {
            try await client.getObject(objects[1].0, range: 0..<UInt64(bytes.count), ifMatch: nil, into: body)
        }
        #expect(denied?.code == .accessDenied)
        #expect(denied?.isFatalForSource == false)

        let stranger = try await gateway.makeUser("stranger")
        let refused = await #expect(throws: S3Error.self) {
            try await self.client(bucket, credentials: source(stranger)).listPage(prefix: ObjectKey(""))
        }
        #expect(refused?.code == .credentials)
        #expect(refused?.cause?.code == .accessDenied)
        #expect(refused?.isFatalForSource == true)
    }

    /// The role may read everything; the session reads its source. (This gateway takes `${*}`, which means `*`, for
    /// what it says, and a blank for none, so that no prefix here has one.)
    @Test(arguments: ["open/", "open/a+b", "open/é", "open/日本"])
    func `a narrowed session reads its source and nothing beside it`(prefix: String) async throws {
        let bytes = Array("of the customer".utf8)
        let inside = ObjectKey("\(prefix)d")
        let outside = [ObjectKey("shut/d"), ObjectKey("open"), ObjectKey("open.d")]
        let bucket = try await makeBucket("narrow", objects: ([inside] + outside).map { ($0, bytes) })
        let other = try await makeBucket("other", objects: [(inside, bytes)])
        let vendor = try await gateway.makeUser("vendor")
        let everything = #"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#
        let role = try await gateway.makeRole("reader", trusting: vendor, policy: everything)
        let warnings = Warnings()
        func source(_ scope: SourceScope?) -> any CredentialSource {
            CredentialSources.assumeRole(
                [RoleHop(roleARN: role)],
                access: STSAccess(
                    base: credentials(vendor), defaultSessionName: "dredge-test", region: "us-east-1",
                    endpointURL: gateway.endpointURL, environment: [:], transfer: loop,
                    onWarning: { warnings.append($0) }), narrowing: scope?.narrowing)
        }
        func problem(_ client: S3Client, _ key: ObjectKey) async throws -> S3Error.Code? {
            let body = try await BufferPool(byteLimit: 1 << 20).buffer(byteCount: bytes.count)
            do {
                _ = try await client.getObject(key, range: 0..<UInt64(bytes.count), ifMatch: nil, into: body)
                return nil
            } catch {
                return error.code
            }
        }
        func listProblem(_ client: S3Client, _ prefix: String) async -> S3Error.Code? {
            do {
                _ = try await client.listPage(prefix: ObjectKey(prefix))
                return nil
            } catch {
                return error.code
            }
        }
        let wide = source(nil)
        for key in [inside] + outside { #expect(try await problem(client(bucket, credentials: wide), key) == nil) }
        let narrowed = source(SourceScope(bucket: bucket, prefix: prefix))
        let client = client(bucket, credentials: narrowed)
        #expect(await listProblem(client, prefix) == nil)
        #expect(try await problem(client, inside) == nil)
        for key in outside { #expect(try await problem(client, key) == .accessDenied, "\(key)") }
        for prefix in ["", "shut/", "open"] { #expect(await listProblem(client, prefix) == .accessDenied, "\(prefix)") }
        #expect(try await problem(self.client(other, credentials: narrowed), inside) == .accessDenied)
        #expect(warnings.all == [])
    }

    @Test func `requests that aren't signed right are refused`() async throws {
        let bucket = try await makeBucket("signed", objects: [(ObjectKey("a"), [1])])
        let wrong = CredentialSources.fixed(
            Credentials(accessKeyID: owner.accessKeyID, secretAccessKey: "wrong"))
        // Who doesn't sign belongs to no tenant, and has to name it.
        let named: [(String, any CredentialSource)] = [
            (bucket, wrong), ("\(CephGateway.account):\(bucket)", CredentialSources.anonymous()),
        ]
        for (bucket, source) in named {
            let error = await #expect(throws: S3Error.self) {
                try await client(bucket, credentials: source).listPage(prefix: ObjectKey(""))
            }
            #expect(error?.status == 403)
            #expect(error?.isFatalForSource == true)
        }
        let missing = await #expect(throws: S3Error.self) {
            try await client("no-such-bucket").listPage(prefix: ObjectKey(""))
        }
        #expect(missing?.code == .noSuchBucket)
    }
}
