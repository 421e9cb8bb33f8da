import DredgeAWS
import DredgeBase
import DredgeS3
import DredgeTransfer
import Foundation
import TestServers
import Testing

/// Writes against moto: signatures and policies are checked by code that is not ours. It judges `If-None-Match` of
/// every write and `If-Match` of a PUT, not that of a completed upload.
@Suite(.timeLimit(.minutes(30)), .serialized) struct MotoWriteTests {
    private let key = ObjectKey("dir/object")

    private func with(
        _ scenario: MotoScenario?, _ body: (MotoServer, TransferLoop, MotoScenario.Outcome?) async throws -> Void
    ) async throws {
        let server = try await MotoServer()
        defer { server.stop() }
        let outcome: MotoScenario.Outcome? = if let scenario { try await server.apply(scenario) } else { nil }
        let loop = try TransferLoop()
        do {
            try await body(server, loop, outcome)
        } catch {
            await loop.shutDown()
            throw error
        }
        await loop.shutDown()
    }

    private func client(
        _ server: MotoServer, _ loop: TransferLoop, _ credentials: any CredentialSource, limits: S3Limits = .init()
    ) -> S3Client {
        S3Client(
            settings: .init(bucket: "acme", endpointURL: server.endpointURL), credentials: credentials, transfer: loop,
            environment: [:], limits: limits)
    }

    private func failure(_ work: () async throws(S3Error) -> Void) async -> S3Error? {
        do throws(S3Error) { try await work() } catch { return error }
        return nil
    }

    @Test func `who may write does so under a condition, and who may not is told what to allow`() async throws {
        let objects = "arn:aws:s3:::acme/*"
        let scenario = MotoScenario(
            users: [
                .init(
                    "writer",
                    policy: MotoScenario.policy(
                        #"{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":["arn:aws:s3:::acme"]},"#
                            + #"{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["\#(objects)"]}"#
                    )),
                .init("reader", policy: MotoScenario.allow(["s3:GetObject", "s3:ListBucket"], on: ["*"])),
            ], buckets: [.init("acme")])
        try await with(scenario) { server, loop, outcome in
            func source(_ name: String) throws -> any CredentialSource {
                let key = try #require(outcome?.accessKeys[name])
                return CredentialSources.fixed(Credentials(accessKeyID: key.id, secretAccessKey: key.secret))
            }
            let writer = client(server, loop, try source("writer"))
            #expect(try await writer.read(key, byteCountMax: 100) == nil)
            let first = try await writer.put(key, [1, 2, 3], if: .absent)
            #expect(first.date != nil)
            let again = await failure { () throws(S3Error) in _ = try await writer.put(key, [4], if: .absent) }
            #expect(again?.code == .preconditionFailed)
            let second = try await writer.put(key, [5], if: .matches(first.eTag))
            let late = await failure { () throws(S3Error) in
                _ = try await writer.put(key, [6], if: .matches(first.eTag))
            }
            #expect(late?.code == .preconditionFailed)
            let read = try #require(try await writer.read(key, byteCountMax: 100))
            #expect(read.bytes == [5] && read.eTag == second.eTag && read.date != nil)
            let empty = ObjectKey("empty")
            let eTag = try await writer.put(empty, [], if: .none).eTag
            let nothing = try #require(try await writer.read(empty, byteCountMax: 100))
            #expect(nothing.bytes.isEmpty && nothing.eTag == eTag)

            let reader = client(server, loop, try source("reader"))
            let denied = await failure { () throws(S3Error) in _ = try await reader.put(key, [7], if: .none) }
            #expect(denied?.code == .accessDenied)
            #expect(denied?.advice.contains("s3:PutObject on arn:aws:s3:::acme/dir/object") == true, "\(denied as Any)")
            let secret = try #require(outcome?.accessKeys["reader"]?.secret)
            #expect(denied.map { "\($0)".contains(secret) } == false)
        }
    }

    /// Without its authorization, which takes upload IDs with a slash for wrongly signed.
    @Test func `a file comes back as it went up in parts, and its condition is judged at the end`() async throws {
        let directory = try TestDirectory()
        defer { directory.remove() }
        let bytes = patternedBytes(count: 12 << 20)
        let path = try directory.file("up", bytes)
        try await with(nil) { server, loop, _ in
            let made = try await loop.perform(
                HTTPRequest(method: .put, url: "\(server.endpointURL)/acme"),
                into: BufferPool(byteLimit: 64 << 10).buffer(byteCount: 16 << 10))
            #expect(made.status == 200)
            var limits = S3Limits()
            limits.uploadPartByteCountMin = 5 << 20
            let client = client(
                server, loop, CredentialSources.fixed(Credentials(accessKeyID: "AK", secretAccessKey: "s")),
                limits: limits)
            let eTag = try await client.upload(file: path, to: key, if: .absent)
            #expect(eTag.value.hasSuffix("-3"))
            let down = directory.path("down")
            let got = try await client.download(key, to: down)
            #expect(got.byteCount == UInt64(bytes.count) && got.eTag == eTag)
            #expect(FileManager.default.contentsEqual(atPath: path, andPath: down))
            let again = await failure { () throws(S3Error) in
                _ = try await client.upload(file: path, to: key, if: .absent)
            }
            #expect(again?.code == .preconditionFailed && again?.attemptCount == 1)
            let uploads = try await BufferPool(byteLimit: 128 << 10).buffer(byteCount: 64 << 10)
            _ = try await loop.perform(HTTPRequest(url: "\(server.endpointURL)/acme?uploads="), into: uploads)
            let left = String(decoding: uploads.bytes, as: UTF8.self)
            #expect(left.contains("ListMultipartUploadsResult") && !left.contains("<UploadId>"), "\(left)")
        }
    }
}
