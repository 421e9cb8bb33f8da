import DredgeBase

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A login as the AWS CLI keeps it in its cache.
struct SSOToken: Sendable {
    /// All of the file, also what is unknown here.
    let document: CredentialDocument
    /// Bears what the login may do.
    let accessToken: SecretBytes
    let end: Date

    /// What a login of an `sso-session` is renewed with.
    struct Renewal: Sendable {
        var clientID: SecretBytes
        var clientSecret: SecretBytes
        var refreshToken: SecretBytes
        /// When the client's registration ends.
        var end: Date
    }

    /// nil: the file has not all that it takes.
    var renewal: Renewal? {
        guard let id = try? document.secret("clientId"), let secret = try? document.secret("clientSecret"),
            let token = try? document.secret("refreshToken"), let end = try? document.moment("registrationExpiresAt")
        else { return nil }
        return Renewal(clientID: id, clientSecret: secret, refreshToken: token, end: end)
    }

    /// Reads the file at `path`.
    init(of login: SSOLogin, at path: String, _ files: FileAccess) throws(AWSError) {
        let name = "\(login.name) in \(path.printable)"
        var bytes: [UInt8]?
        do throws(FileAccess.Problem) {
            bytes = try files.contents(path, AWSLimits.tokenFileByteCountMax)
        } catch {
            guard case .unreadable(let reason) = error else {
                throw .provider("\(name) is too large for one", advice: login.advice)
            }
            throw .provider("\(name) can't be read: \(reason)", advice: login.advice)
        }
        guard var bytes else {
            throw .provider("\(login.name) is not there (\(path.printable))", advice: login.advice)
        }
        let document: CredentialDocument
        do throws(AWSError) {
            document = try CredentialDocument(&bytes, place: path.printable)
        } catch {
            // No service has answered: the file is broken.
            var error = error
            error.advice = login.advice
            throw error
        }
        try self.init(document, name: name, advice: login.advice)
    }

    init(_ document: CredentialDocument, name: String, advice: String) throws(AWSError) {
        guard let token = try document.secret("accessToken"), token.byteCount > 0, token.isVisibleASCII,
            let end = try document.moment("expiresAt")
        else {
            throw .provider(.malformedAnswer, "\(name) has no usable accessToken and expiresAt", advice: advice)
        }
        self.document = document
        accessToken = token
        self.end = end
    }

    /// The login, which must not be over.
    func valid(for login: SSOLogin, now: Date) throws(AWSError) -> SSOToken {
        guard end > now else {
            throw .provider(
                .expiredBaseCredentials, "\(login.name) ended at \(Timestamp.iso8601(end))", advice: login.advice)
        }
        return self
    }
}
