/// What a profile says of SSO, with its `sso-session`.
struct SSOLogin {
    let profile: String
    let account: String
    let role: String
    let region: String
    /// The name of the sso-session, or the start URL in the older form: what the token is cached under.
    let cacheName: String

    /// nil: the profile asks for no role of SSO.
    init?(profile: String, _ files: ProfileFiles) throws(AWSError) {
        func own(_ name: String) -> String? { files.value(name, profile: profile)?.text }
        guard own("sso_account_id") != nil || own("sso_role_name") != nil else { return nil }
        let sessionName = own("sso_session")
        var session: [String: ProfileFile.Setting] = [:]
        if let sessionName {
            guard let found = files.config?.ssoSessions[sessionName] else {
                throw .provider(
                    .malformedConfigFile,
                    "the profile '\(profile.printable)' names the sso_session '\(sessionName.printable)', "
                        + "which isn't there",
                    advice:
                        "Add the section [sso-session \(sessionName.printable)] to the config file (aws configure "
                        + "sso-session)."
                )
            }
            session = found
        }
        var missing: [String] = []
        func value(_ name: String) throws(AWSError) -> String {
            let ofSession = session[name].flatMap { $0.text.isEmpty ? nil : $0.text }
            if let mine = own(name), let ofSession, mine != ofSession {
                throw .provider(
                    .malformedConfigFile,
                    "\(name) of the profile '\(profile.printable)' differs from that of its sso-session",
                    advice: "Leave it away in the profile.")
            }
            if let found = ofSession ?? own(name) { return found }
            missing.append(name)
            return ""
        }
        (account, role) = (try value("sso_account_id"), try value("sso_role_name"))
        let startURL: String
        (region, startURL) = (try value("sso_region"), try value("sso_start_url"))
        guard missing.isEmpty else {
            throw .provider(
                .malformedConfigFile,
                "the profile '\(profile.printable)' asks for SSO, but has no \(missing.joined(separator: ", "))",
                advice: "Write it again with aws configure sso --profile \(profile.printable).")
        }
        self.profile = profile
        cacheName = sessionName ?? startURL
    }

    var advice: String { "Log in again: aws sso login --profile \(profile.printable)" }
}
