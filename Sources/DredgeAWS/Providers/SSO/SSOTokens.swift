import DredgeBase
import DredgeTransfer
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The logins that `aws sso login` has left, renewed as the AWS CLI does it: from a quarter of an hour before their end
/// on, with the refresh token that lies beside them (botocore's `SSOTokenProvider`; CreateToken in the IAM Identity
/// Center OIDC API Reference). Files are read anew each time, so that a login in the meantime counts.
final class SSOTokens: Sendable {
    private let context: ProviderContext
    /// Renewed ones that no file would take, by the file's path.
    private let kept = Mutex<[String: SSOToken]>([:])

    init(_ context: ProviderContext) { self.context = context }

    /// Lets go what no file would take.
    func forget() { kept.withLock { $0 = [:] } }

    /// A login that is good now.
    func token(of login: SSOLogin, settings: EndpointSettings) async throws(AWSError) -> SSOToken {
        let path = try path(of: login)
        let token = try newest(of: login, path)
        let now = context.time.now()
        guard token.end.timeIntervalSince(now) < AWSLimits.ssoRenewalWindow else { return token }
        guard login.isRenewable, let renewal = token.renewal, renewal.end > now else {
            return try token.valid(for: login, now: now)
        }
        do throws(AWSError) {
            let renewed = try await SSORenewal(login: login, token: token, context: context, settings: settings)
                .token(renewal)
            keep(renewed, in: path, insteadOf: token, login)
            return renewed
        } catch {
            if error.code == .cancelled { throw error }
            // Another program may have renewed it with the same refresh token, which is good only once.
            if let other = try? SSOToken(of: login, at: path, context.files), other.accessToken != token.accessToken,
                other.end > now
            {
                return other
            }
            guard token.end > now else { throw Self.ended(token, login, because: error) }
            context.onWarning(
                "\(login.name) could not be renewed: \(error.message). It is used until it ends at "
                    + Timestamp.iso8601(token.end))
            return token
        }
    }

    private func path(of login: SSOLogin) throws(AWSError) -> String {
        guard let home = context.variable("HOME") else {
            throw .provider(
                "\(login.name) can't be looked for: HOME isn't set", advice: "Set it to the home directory.")
        }
        return "\(home)/.aws/sso/cache/\(SHA1.hex(login.cacheName)).json"
    }

    private func newest(of login: SSOLogin, _ path: String) throws(AWSError) -> SSOToken {
        let kept = kept.withLock { $0[path] }
        do throws(AWSError) {
            let token = try SSOToken(of: login, at: path, context.files)
            guard let kept, kept.end > token.end else { return token }
            return kept
        } catch {
            guard let kept else { throw error }
            return kept
        }
    }

    /// Leaves the file alone where another program has written it meanwhile: what is there is as new.
    private func keep(_ token: SSOToken, in path: String, insteadOf old: SSOToken, _ login: SSOLogin) {
        kept.withLock { $0[path] = token }
        guard let current = try? SSOToken(of: login, at: path, context.files), current.accessToken == old.accessToken
        else { return }
        var json = token.document.json
        defer { json.withUnsafeMutableBytes { SecretBytes.wipe($0) } }
        do throws(FileAccess.Problem) {
            try context.files.replace(path, json)
            kept.withLock { $0[path] = nil }
        } catch {
            guard case .unreadable(let reason) = error else { return }
            context.onWarning(
                "\(login.name) was renewed, but can't be written to \(path.printable): \(reason). It is kept in memory")
        }
    }

    private static func ended(_ token: SSOToken, _ login: SSOLogin, because error: AWSError) -> AWSError {
        var failure = error
        failure.message =
            "\(login.name) ended at \(Timestamp.iso8601(token.end)), and could not be renewed: \(error.message)"
        return failure
    }
}
