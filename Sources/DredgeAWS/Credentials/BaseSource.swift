import Synchronization

/// Base credentials: looked up once, kept until they are refused, then looked up again, since a file may have new ones.
final class BaseSource: CredentialSource {
    private enum Held {
        case nothing
        case found(Credentials)
        case closed
    }

    private let base: BaseCredentials
    private let environment: [String: String]
    private let held = Mutex(Held.nothing)

    init(_ base: BaseCredentials, environment: [String: String]) {
        self.base = base
        self.environment = environment
    }

    func credentials() async throws(AWSError) -> Credentials? { try resolved() }

    func refused(_ credentials: Credentials) async { forget(credentials) }

    func close() { held.withLock { $0 = .closed } }

    /// Reads small files the first time; doesn't wait for anything else.
    func resolved() throws(AWSError) -> Credentials {
        switch held.withLock({ $0 }) {
        case .found(let credentials): return credentials
        case .closed:
            throw AWSError(
                code: .cancelled, step: "find base credentials", message: "they were let go",
                advice: "Nothing is wrong: the run has ended.")
        case .nothing: break
        }
        let credentials: Credentials
        switch base {
        case .fixed(let fixed): credentials = fixed
        case .defaultChain(let profile):
            credentials = try DefaultChain(profile: profile, environment: environment).credentials()
        }
        held.withLock { if case .nothing = $0 { $0 = .found(credentials) } }
        return credentials
    }

    func forget(_ credentials: Credentials) {
        held.withLock { held in
            if case .found(let known) = held, known.isIdentical(to: credentials) { held = .nothing }
        }
    }
}

extension BaseSource: CustomReflectable {
    /// Without children: the environment has secrets in it.
    var customMirror: Mirror { Mirror(self, children: [:]) }
}
