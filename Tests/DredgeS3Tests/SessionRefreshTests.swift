import DredgeAWS
import DredgeTransfer
import Foundation
import Synchronization
import TestServers
import Testing

@testable import DredgeS3

/// I9 under load: sessions of seconds, and as many requests in flight as a run has.
@Suite(.timeLimit(.minutes(30)), .serialized) struct SessionRefreshTests {
    typealias Fault = ScriptedS3Server.Fault

    /// What a session's requests look like from outside: whose credentials were given, each once.
    private final class Observed: CredentialSource {
        private let source: any CredentialSource
        private let seen = Mutex<Set<String>>([])
        var sessionCount: Int { seen.withLock { $0.count } }

        init(_ source: any CredentialSource) { self.source = source }

        func credentials() async throws(AWSError) -> Credentials? {
            let credentials = try await source.credentials()
            if let credentials { seen.withLock { _ = $0.insert(credentials.accessKeyID) } }
            return credentials
        }

        func refused(_ credentials: Credentials) async { await source.refused(credentials) }

        func close() { source.close() }
    }

    /// What STS does at the refreshes, the first session left alone.
    enum Disturbance: String, CaseIterable {
        case none, failures, throttling, noSessions, hanging

        var faults: [Fault] {
            switch self {
            case .none: []
            case .failures: [.error(on: .assumeRole, 500, "InternalFailure").times(4, afterSkipping: 1)]
            case .throttling: [.error(on: .assumeRole, 400, "Throttling").times(2, afterSkipping: 1)]
            case .noSessions:
                [
                    .partialSession().times(1, afterSkipping: 1), .expiredSession().times(1, afterSkipping: 1),
                    .raw(on: .assumeRole, "<html>").times(1, afterSkipping: 1),
                ]
            case .hanging: [.hang(on: .assumeRole).times(1, afterSkipping: 1)]
            }
        }
    }

    @Test(arguments: Disturbance.allCases)
    func `128 requests in flight never meet an expiry`(disturbance: Disturbance) async throws {
        var scenario = ScriptedS3Server.Scenario(
            objects: [.init("a", body: Array("hello".utf8))], faults: disturbance.faults)
        // Short, but long beside what a busy machine may keep a task from running.
        scenario.sts = .init(sessionSeconds: 12)
        let server = try await ScriptedS3Server(scenario)
        defer { server.stop() }
        var limits = TransferLimits()
        limits.connectionCountMax = 128 + 4
        let transfer = try TransferLoop(limits: limits)
        let credentials = Observed(
            CredentialSources.assumeRole(
                [RoleHop(roleARN: "arn:aws:iam::123456789012:role/R")],
                access: STSAccess(
                    base: CredentialSources.fixed(
                        Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret")),
                    defaultSessionName: "test", endpointURL: server.endpointURL, environment: [:], transfer: transfer)))
        let client = S3Client(
            settings: .init(bucket: "bucket", endpointURL: server.endpointURL), credentials: credentials,
            transfer: transfer, environment: [:])
        let pool = BufferPool(byteLimit: 1 << 20)
        let failures = await withTaskGroup(of: S3Error?.self) { group in
            for _ in 0..<128 {
                group.addTask {
                    do {
                        while credentials.sessionCount < 3 {
                            let body = try await pool.buffer(byteCount: 5)
                            _ = try await client.getObject(ObjectKey("a"), range: 0..<5, ifMatch: nil, into: body)
                        }
                        return nil
                    } catch {
                        return error as? S3Error
                    }
                }
            }
            return await group.reduce(into: [S3Error]()) { if let error = $1 { $0.append(error) } }
        }
        #expect(Set(failures.map(\.description)) == [])
        try expectFresh(server.requests())
        credentials.close()
        await transfer.shutDown()
    }

    /// Nothing was signed with a session that was over, and STS was asked once for each session, not before its time.
    private func expectFresh(_ requests: [ScriptedS3Server.LoggedRequest]) throws {
        let reads = requests.filter { $0.action == .get }
        #expect(reads.count > 128)
        let format = Date.ParseStrategy(
            format: """
                \(year: .padded(4))\(month: .twoDigits)\(day: .twoDigits)T\
                \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased))\
                \(minute: .twoDigits)\(second: .twoDigits)Z
                """,
            timeZone: .gmt)
        for read in reads {
            let signedAt = try Date(#require(read.headers["x-amz-date"]), strategy: format)
            #expect(signedAt.timeIntervalSince1970 < (try #require(read.expiration)))
        }
        let calls = requests.filter { $0.action == .assumeRole }
        let given = calls.filter { $0.expiration != nil && $0.fault == nil }
        let used = Set(reads.compactMap { $0.headers["x-amz-security-token"] })
        #expect(given.count <= used.count + 1, "the last may have come too late to be used")
        for (before, call) in zip(given, given.dropFirst()) {
            let end = try #require(before.expiration)
            #expect(call.time >= end - (end - before.time) / 4, "in the last quarter of the session before")
        }
    }
}
