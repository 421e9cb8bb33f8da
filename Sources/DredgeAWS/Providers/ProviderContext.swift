import DredgeTransfer
import Logging

/// What providers of base credentials reach the world through. Tests have their own, and nothing else is reached.
struct ProviderContext: Sendable {
    /// The process's environment, or what stands for it.
    var environment: [String: String]
    var files: FileAccess = .system
    var processes: ProcessRunner = .system
    var http: any CredentialTransport
    var time: TimeSource = .system
    /// For roles that name none.
    var defaultSessionName = "dredge"
    /// Told what a person should know though it is no failure.
    var onWarning: @Sendable (String) -> Void = { _ in }
    /// Is told which roles are assumed, and what is tried again.
    var logger = Logger.silent

    /// A variable that isn't empty.
    func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
}

extension ProviderContext: CustomReflectable {
    /// Without children: the environment has secrets in it.
    var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// What a provider says that is no failure.
enum ProviderAnswer {
    case found(ResolvedCredentials)
    /// It was not asked for, or isn't there: the next one is asked.
    case nothing(ProviderReason)

    static func nothing(_ provider: String, _ reason: String, advice: String? = nil) -> ProviderAnswer {
        .nothing(ProviderReason(provider: provider, reason: reason, advice: advice))
    }

    static func found(_ credentials: Credentials, _ provider: String) -> ProviderAnswer {
        .found(ResolvedCredentials(credentials: credentials, provider: provider))
    }

    /// The credentials; else the reason goes to `reasons`.
    func found(orAdd reasons: inout [ProviderReason]) -> ResolvedCredentials? {
        switch self {
        case .found(let resolved): return resolved
        case .nothing(let reason):
            if !reasons.contains(reason) { reasons.append(reason) }
            return nil
        }
    }
}

extension AWSError {
    static let providerStep = "find base credentials"

    /// Whether this is of what gives the base credentials, and not of a service that they were used with.
    package var isOfProvider: Bool { step == Self.providerStep }

    /// A provider that was asked for, and has nothing.
    static func provider(
        _ code: Code, _ message: String, advice: String, status: Int? = nil
    ) -> AWSError {
        AWSError(code: code, step: providerStep, status: status, message: message, advice: advice)
    }

    /// The same with `.noCredentials`.
    static func provider(_ message: String, advice: String) -> AWSError {
        provider(.noCredentials, message, advice: advice)
    }
}
