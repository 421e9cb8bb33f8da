import DredgeTransfer
import Foundation
import Synchronization
import Testing

@testable import DredgeAWS

/// Files, programs, endpoints and a clock that providers of base credentials find in a test.
///
/// Every secret of a test has `CANARY` in it, and every error that is asked for here is searched for that.
final class ProviderWorld: Sendable {
    static let canary = "CANARY"
    static let home = "/home/me"
    static let configPath = "/home/me/.aws/config"
    static let credentialsPath = "/home/me/.aws/credentials"
    static let role = "arn:aws:iam::123456789012:role/Reader"

    private struct State {
        var environment: [String: String] = [:]
        var files: [String: Result<String, FileAccess.Problem>] = [:]
        var answer: @Sendable (HTTPRequest) -> ScriptedTransport.Step = { _ in .failure(.couldNotConnect) }
        var process: @Sendable ([String], [String: String]) -> Result<String, ProcessRunner.Problem> = { _, _ in
            .failure(.notFound)
        }
        var requests: [HTTPRequest] = []
        var warnings: [String] = []
        var reads: [String] = []
        var writeProblem: FileAccess.Problem?
    }
    private let state: Mutex<State>
    /// 2027-01-15T08:00:00Z
    let clock = ManualClock()

    init(
        config: String? = nil, credentials: String? = nil, files: [String: String] = [:],
        environment: [String: String] = [:]
    ) {
        var state = State()
        state.environment = environment.merging(["HOME": Self.home]) { named, _ in named }
        state.files = files.mapValues { .success($0) }
        if let config { state.files[Self.configPath] = .success(config) }
        if let credentials { state.files[Self.credentialsPath] = .success(credentials) }
        self.state = Mutex(state)
    }

    /// What was asked, in order.
    var requests: [HTTPRequest] { state.withLock { $0.requests } }
    var warnings: [String] { state.withLock { $0.warnings } }
    /// The paths of the files that were read, in order.
    var reads: [String] { state.withLock { $0.reads } }

    func setVariable(_ name: String, _ value: String?) { state.withLock { $0.environment[name] = value } }
    func setFile(_ path: String, _ content: Result<String, FileAccess.Problem>?) {
        state.withLock { $0.files[path] = content }
    }
    /// The text of a file as it is now.
    func file(_ path: String) -> String? { state.withLock { try? $0.files[path]?.get() } }
    /// From now on no file can be written.
    func forbidWriting() { state.withLock { $0.writeProblem = .unreadable("Read-only file system") } }
    func onRequest(_ answer: @escaping @Sendable (HTTPRequest) -> ScriptedTransport.Step) {
        state.withLock { $0.answer = answer }
    }
    func onProcess(
        _ process: @escaping @Sendable ([String], [String: String]) -> Result<String, ProcessRunner.Problem>
    ) {
        state.withLock { $0.process = process }
    }

    var context: ProviderContext {
        ProviderContext(
            environment: state.withLock { $0.environment },
            files: FileAccess(
                contents: { (path, byteCountMax) throws(FileAccess.Problem) in
                    let content = self.state.withLock { state in
                        state.reads.append(path)
                        return state.files[path]
                    }
                    guard let bytes = try content?.get().utf8 else { return nil }
                    guard bytes.count <= byteCountMax else { throw .tooLarge }
                    return Array(bytes)
                },
                replace: { (path, bytes) throws(FileAccess.Problem) in
                    let problem = self.state.withLock { state in
                        if state.writeProblem == nil {
                            state.files[path] = .success(String(decoding: bytes, as: UTF8.self))
                        }
                        return state.writeProblem
                    }
                    if let problem { throw problem }
                }),
            processes: ProcessRunner { (words, environment) async throws(ProcessRunner.Problem) in
                Array(try self.state.withLock { $0.process }(words, environment).get().utf8)
            },
            http: Transport(world: self), time: clock.source(), defaultSessionName: "dredge-test",
            onWarning: { warning in self.state.withLock { $0.warnings.append(warning) } })
    }

    private struct Transport: CredentialTransport {
        let world: ProviderWorld

        func send(_ request: HTTPRequest) async throws(TransferError) -> CredentialAnswer {
            let answer = world.state.withLock { state in
                state.requests.append(request)
                return state.answer
            }
            return try answer(request).answer()
        }
    }

    func chain(profile: String? = nil) -> DefaultChain { DefaultChain(profile: profile, context: context) }

    func resolved(profile: String? = nil) async throws -> ResolvedCredentials {
        try await chain(profile: profile).resolved()
    }

    /// The access key that is found.
    func id(profile: String? = nil) async throws -> String {
        try await resolved(profile: profile).credentials.accessKeyID
    }

    /// The error of a look-up, which repeats no secret and says what to do.
    func failure(
        profile: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> AWSError {
        let chain = chain(profile: profile)
        let error = try #require(
            await #expect(throws: AWSError.self, sourceLocation: sourceLocation) { _ = try await chain.resolved() },
            sourceLocation: sourceLocation)
        var text = "\(error) \(error.localizedDescription) \(error.providers) \(warnings)"
        dump(error, to: &text)
        dump(chain, to: &text)
        #expect(!text.contains(Self.canary), sourceLocation: sourceLocation)
        #expect(!error.advice.isEmpty, sourceLocation: sourceLocation)
        return error
    }

    /// A profile's keys, as lines.
    static func keys(_ id: String) -> String {
        "aws_access_key_id = \(id)\naws_secret_access_key = \(canary)/secret/of/\(id)\n"
    }

    /// The keys in the environment.
    static let environmentKeys = [
        "AWS_ACCESS_KEY_ID": "ENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "\(canary)/secret/of/the/environment",
    ]
}

extension ScriptedTransport.Step {
    /// A container's or an instance's answer.
    static func keys(_ id: String, expiration: String = "2027-01-15T14:00:00Z") -> Self {
        .answer(200, credentialJSON(id, expiration: expiration))
    }
}

/// Credentials as containers and instances have them.
func credentialJSON(_ id: String, expiration: String = "2027-01-15T14:00:00Z") -> String {
    """
    {"Code":"Success","LastUpdated":"2027-01-15T07:00:00Z","Type":"AWS-HMAC","AccessKeyId":"\(id)",\
    "SecretAccessKey":"\(ProviderWorld.canary)/secret/of/\(id)","Token":"\(ProviderWorld.canary)/token/of/\(id)",\
    "Expiration":"\(expiration)"}
    """
}

extension HTTPRequest {
    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }

    /// The fields of a form.
    var form: [String: String] {
        Dictionary(
            uniqueKeysWithValues: String(decoding: body ?? [], as: UTF8.self).split(separator: "&").map { pair in
                let parts = pair.split(separator: "=", omittingEmptySubsequences: false).map {
                    Array($0.utf8).withUnsafeBytes {
                        String(decoding: URIEncoding.decode($0, plusIsSpace: true) ?? [], as: UTF8.self)
                    }
                }
                return (parts[0], parts[1])
            })
    }
}

/// Counts from 1.
final class Counter: Sendable {
    private let count = Mutex(0)
    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
