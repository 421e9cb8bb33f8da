/// What a profile says of SSO, with its `sso-session`.
struct SSOLogin {
    let profile: String
    let account: String
    let role: String
    let region: String
    /// The name of the sso-session, or the start URL in the older form: what the token is cached under.
    let cacheName: String
    /// Whether it can be renewed: those of an sso-session, as the AWS CLI has it.
    let isRenewable: Bool

    /// nil: the profile asks for no role of SSO.
    init?(profile: String, _ files: ProfileFiles) throws(AWSError) {
        func own(_ name: String) -> String? { files.value(name, profile: profile)?.text }
        guard own("sso_account_id") != nil || own("sso_role_name") != nil else { return nil }
        let sessionName = own("sso_session")
        let session = try Self.session(of: profile, files)
        var missing: [String] = []
        func value(_ name: String) throws(AWSError) -> String {
            let ofSession = session[name].flatMap { $0.text.isEmpty ? nil : $0.text }
            if let mine = own(name), let ofSession, mine != ofSession {
                throw .provider(
                    .malformedConfigFile,
                    "\(name) of the \(files.place(profile)) differs from that of its sso-session",
                    advice: "Leave it away in the profile.")
            }
            if let found = ofSession ?? own(name) { return found }
            missing.append(name)
            return ""
        }
        (account, role) = (try value("sso_account_id"), try value("sso_role_name"))
        let startURL: String
        (region, startURL) = (try value("sso_region"), try value("sso_start_url"))
        guard missing.isEmpty else { throw Self.incomplete(profile, files, missing) }
        self.profile = profile
        cacheName = sessionName ?? startURL
        isRenewable = sessionName != nil
    }

    /// What is wrong with a profile that has something of SSO, and not what a role of it takes; nil: it has nothing of
    /// it.
    static func halfProblem(_ profile: String, _ files: ProfileFiles) -> AWSError? {
        guard
            files.value("sso_session", profile: profile) != nil || files.value("sso_start_url", profile: profile) != nil
        else { return nil }
        do throws(AWSError) {
            _ = try session(of: profile, files)
            return incomplete(profile, files, ["sso_account_id", "sso_role_name"])
        } catch {
            return error
        }
    }

    /// The settings of the profile's sso-session; empty: it names none.
    private static func session(
        of profile: String, _ files: ProfileFiles
    ) throws(AWSError) -> [String: ProfileFile.Setting] {
        guard let named = files.value("sso_session", profile: profile) else { return [:] }
        guard let found = files.config?.ssoSessions[named.text] else {
            throw .provider(
                .malformedConfigFile,
                "the profile '\(profile.printable)' names the sso_session '\(named.text.printable)' (\(named.place)), "
                    + "which isn't there",
                advice:
                    "Add the section [sso-session \(named.text.printable)] to "
                    + "\(files.configPath?.printable ?? "the config file") (aws configure sso-session)."
            )
        }
        return found
    }

    /// - Parameter missing: settings that stand nowhere; those of the login itself belong to the sso-session, if the
    ///   profile names one.
    private static func incomplete(_ profile: String, _ files: ProfileFiles, _ missing: [String]) -> AWSError {
        let session = files.value("sso_session", profile: profile)?.text
        let ofSession = session == nil ? [] : missing.filter { ["sso_region", "sso_start_url"].contains($0) }
        let own = missing.filter { !ofSession.contains($0) }.joined(separator: ", ")
        var parts = own.isEmpty ? [] : ["it has no \(own)"]
        if !ofSession.isEmpty {
            parts.append(
                "[sso-session \(session?.printable ?? "")] in \(files.configPath?.printable ?? "the config file") has "
                    + "no \(ofSession.joined(separator: ", "))")
        }
        return .provider(
            .malformedConfigFile,
            "the \(files.place(profile)) asks for SSO, but \(parts.joined(separator: ", and "))",
            advice: "Write it again with aws configure sso --profile \(profile.printable).")
    }

    /// For the beginning of a sentence.
    var name: String { "the SSO login of the profile '\(profile.printable)'" }

    var advice: String { "Log in again: aws sso login --profile \(profile.printable)" }

    /// Where `service`, the portal or what renews logins, is asked, without a slash at the end (the endpoint rules of
    /// botocore's `sso` and `sso-oidc`).
    func endpoint(of service: AWSService, _ settings: EndpointSettings) throws(AWSError) -> String {
        guard Region.isName(region) else {
            throw .provider(
                .malformedConfigFile, "sso_region of the profile '\(profile.printable)' is not the name of a region",
                advice: "Use a name such as eu-central-1.")
        }
        do throws(EndpointProblem) {
            let custom = try settings.endpoint(of: service)
            let variants = try settings.variants(fips: nil, dualStack: nil)
            try variants.check(beside: custom)
            if let custom { return custom.text }
            let partition = Partition.ofRegion(region)
            // GovCloud's ordinary endpoints are the validated ones.
            let isFIPSName = variants.fips && !(partition.name == "aws-us-gov" && !variants.dualStack)
            let name = (service == .sso ? "portal.sso" : "oidc") + (isFIPSName ? "-fips" : "")
            return
                "https://\(name).\(region).\(variants.dualStack ? partition.dualStackDNSSuffix : partition.dnsSuffix)"
        } catch {
            throw .provider(.invalidParameter, error.message, advice: error.advice)
        }
    }
}
