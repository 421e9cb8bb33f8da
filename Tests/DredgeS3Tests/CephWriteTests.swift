import DredgeAWS
import DredgeBase
import DredgeTransfer
import Foundation
import TestServers
import Testing

@testable import DredgeS3

/// Writes against Ceph's gateway, which checks the signature and the digest of all bytes. Version 16 judges
/// `If-None-Match` of a PUT; an ETag in quotes, as S3 gives it, is none that it knows; and a completed upload replaces
/// what is there whatever its condition says. So these are tested elsewhere.
@Suite(.timeLimit(.minutes(30)), .serialized) struct CephWriteTests {
    private let loop: TransferLoop
    private let gateway: CephGateway
    private let credentials: Credentials
    private let bucket = "writes-\(UUID().uuidString.prefix(8).lowercased())"

    init() async throws {
        loop = try TransferLoop()
        gateway = try await CephGateway.shared()
        let owner = try await gateway.makeUser("owner")
        credentials = Credentials(accessKeyID: owner.accessKeyID, secretAccessKey: owner.secretAccessKey)
        _ = try await ask(.put, query: [])
    }

    private func client(limits: S3Limits = .init()) -> S3Client {
        S3Client(
            settings: .init(bucket: bucket, endpointURL: gateway.endpointURL),
            credentials: CredentialSources.fixed(credentials), transfer: loop, environment: [:], limits: limits)
    }

    /// Asks the bucket for something that the client does not need.
    private func ask(_ method: HTTPRequest.Method, query: [(name: String, value: [UInt8])]) async throws -> String {
        let rules = try EndpointRules(
            settings: .init(bucket: bucket, endpointURL: gateway.endpointURL), environment: [:])
        let url = rules.endpoint(region: "us-east-1").url(key: ObjectKey(""), query: query)
        var request = HTTPRequest(method: method, url: url)
        SigV4Signer(region: "us-east-1", service: "s3").sign(
            &request, credentials: credentials, date: Date(), unsignedPayload: false)
        let body = try await BufferPool(byteLimit: 256 << 10).buffer(byteCount: 128 << 10)
        let answer = try await loop.perform(request, into: body)
        guard answer.status == 200 else {
            throw ServerProblem(description: "\(answer.status): \(String(decoding: answer.errorBody, as: UTF8.self))")
        }
        return String(decoding: body.bytes, as: UTF8.self)
    }

    private func code(_ work: () async throws(S3Error) -> Void) async -> S3Error.Code? {
        do throws(S3Error) { try await work() } catch { return error.code }
        return nil
    }

    @Test func `of those who create an object at once, one does, and another version is not replaced`() async throws {
        let client = client()
        let key = ObjectKey("a b+c/é")
        #expect(try await client.read(key, byteCountMax: 10) == nil)
        let codes = await withTaskGroup(of: (UInt8, S3Error.Code?).self) { group in
            for number in UInt8(0)..<12 {
                group.addTask {
                    (number, await code { () throws(S3Error) in _ = try await client.put(key, [number], if: .absent) })
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        let read = try #require(try await client.read(key, byteCountMax: 10))
        #expect(codes.count == 11 && codes.values.allSatisfy { $0 == .preconditionFailed })
        #expect(codes[read.bytes[0]] == nil && read.date != nil)
        let other = await code { () throws(S3Error) in _ = try await client.put(key, [99], if: .matches(ETag("other")))
        }
        #expect(other == .preconditionFailed)
        #expect(try await client.read(key, byteCountMax: 10)?.eTag == read.eTag)
    }

    @Test func `files come back as they went up, whole or in parts`() async throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        var limits = S3Limits()
        limits.uploadPartByteCountMin = 5 << 20
        limits.downloadPartByteCount = 3 << 20
        let client = client(limits: limits)
        for byteCount in [0, 1, 5 << 20, 5 << 20 + 1, 23 << 20] {
            let bytes = patternedBytes(count: byteCount)
            let (up, down) = (try directory.file("up", bytes), directory.path("down"))
            let key = ObjectKey("files/\(byteCount) +é")
            let eTag = try await client.upload(file: up, to: key, if: .none)
            let got = try await client.download(key, to: down)
            #expect(got.byteCount == UInt64(byteCount) && got.eTag == eTag)
            #expect(FileManager.default.contentsEqual(atPath: up, andPath: down))
        }
        #expect(try await !ask(.get, query: [("uploads", [])]).contains("<UploadId>"))
    }

    @Test func `an upload that is aborted leaves nothing`() async throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        var limits = S3Limits()
        // The gateway refuses to complete an upload of parts below 5 MiB.
        limits.uploadPartByteCountMin = 1 << 20
        let path = try directory.file("up", patternedBytes(count: 3 << 20))
        let client = client(limits: limits)
        let error = await #expect(throws: S3Error.self) {
            try await client.upload(file: path, to: ObjectKey("small parts"), if: .none)
        }
        #expect(error?.serviceCode == "EntityTooSmall" && error?.code == .other)
        #expect(try await !ask(.get, query: [("uploads", [])]).contains("<UploadId>"))
        #expect(try await client.read(ObjectKey("small parts"), byteCountMax: 10) == nil)
    }
}
