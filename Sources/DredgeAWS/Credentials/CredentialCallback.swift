import DredgeBase

/// Credentials that the program itself gets, for example from a vault or a broker of its own.
///
/// `credentials` is called when something is signed first, again ahead of the expiration of what it gave (as a role's
/// session is refreshed), and after the service refused that. Whoever uses the value calls it once at a time; where
/// several sources have it, each of them calls it.
///
/// What it throws ends the look-up: ahead of the expiration it is called again a little later, while the credentials
/// that are held are good; without such the source fails, with the error's own text.
public struct CredentialCallback: Sendable {
    /// Who gives the credentials, for messages: `the vault`.
    public let name: String
    let credentials: @Sendable () async throws -> Credentials

    /// - Parameters:
    ///   - name: who gives the credentials, for messages: `the vault`.
    ///   - credentials: gets them. It may throw; the text of its error is shown and logged, so it may hold no secret.
    public init(_ name: String, credentials: @escaping @Sendable () async throws -> Credentials) {
        self.name = name
        self.credentials = credentials
    }

    /// Credentials that are good now.
    func call(at clock: ServiceClock) async throws(AWSError) -> Credentials {
        let step = "get credentials from \(name)"
        let given: Credentials
        do {
            given = try await credentials()
        } catch is CancellationError {
            throw .cancelled(step)
        } catch let error as AWSError {
            throw error
        } catch {
            throw AWSError(
                code: .serviceFailure, step: step,
                message: "it said: \("\(error)".printable)",
                advice: "The program that runs Dredge gets these credentials itself: look there.")
        }
        guard given.expiration.map({ $0 > clock.now }) ?? true else {
            throw AWSError(
                code: .expiredBaseCredentials, step: step,
                message: "what it gave ended at \(given.expiration.map { Timestamp.iso8601($0) } ?? "")",
                advice: "The program that runs Dredge gets these credentials itself: have it ask for new ones.")
        }
        return given
    }
}

extension CredentialCallback: CustomReflectable {
    /// Without children: what the closure holds may be secret.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
