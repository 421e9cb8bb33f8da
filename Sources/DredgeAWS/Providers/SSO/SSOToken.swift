import DredgeBase

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The token that `aws sso login` has left. Read anew each time, so that a login in the meantime counts.
struct SSOToken {
    let login: SSOLogin
    let context: ProviderContext

    func read() throws(AWSError) -> String {
        let what = "the SSO login of the profile '\(login.profile.printable)'"
        guard let home = context.variable("HOME") else {
            throw .provider("\(what) can't be looked for: HOME isn't set", advice: "Set it to the home directory.")
        }
        let path = "\(home)/.aws/sso/cache/\(SHA1.hex(login.cacheName)).json"
        var bytes: [UInt8]?
        do throws(FileAccess.Problem) {
            bytes = try context.files.contents(path, AWSLimits.tokenFileByteCountMax)
        } catch {
            guard case .unreadable(let reason) = error else {
                throw .provider("\(what) in \(path.printable) is too large for one", advice: login.advice)
            }
            throw .provider("\(what) in \(path.printable) can't be read: \(reason)", advice: login.advice)
        }
        guard var bytes else {
            throw .provider("\(what) is not there (\(path.printable))", advice: login.advice)
        }
        let document = try CredentialDocument(&bytes, place: path.printable)
        guard let token = try document.secret("accessToken"), token.byteCount > 0, token.isVisibleASCII,
            let end = try document.moment("expiresAt")
        else {
            throw .provider(
                .malformedAnswer, "\(what) in \(path.printable) has no usable accessToken and expiresAt",
                advice: login.advice)
        }
        guard end > context.time.now() else {
            throw .provider(
                .expiredBaseCredentials, "\(what) ended at \(Timestamp.iso8601(end))", advice: login.advice)
        }
        return token.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}
