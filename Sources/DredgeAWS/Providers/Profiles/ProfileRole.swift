/// Roles that profiles name with `role_arn`, each assumed with what its `source_profile` or `credential_source` gives
/// (AWS SDKs and Tools Reference Guide, "Assume role credential provider").
struct ProfileRole {
    /// What signs the first AssumeRole.
    enum Base: Equatable {
        case profile(String)
        case environment
        case instanceMetadata
        case container
    }

    /// First hop first.
    private(set) var hops: [RoleHop] = []
    private(set) var base: Base

    /// Whether a profile asks for a role to be assumed with keys. One with a web identity is something else.
    static func isAsked(by profile: String, _ files: ProfileFiles) -> Bool {
        files.value("role_arn", profile: profile) != nil
            && files.value("web_identity_token_file", profile: profile) == nil
    }

    /// Follows the sources of `profile`, which asks for a role, down to what needs none. Sends nothing.
    init(_ profile: String, _ files: ProfileFiles) throws(AWSError) {
        base = .profile(profile)
        var visited = [profile]
        while true {
            let current = visited[visited.count - 1]
            hops.insert(try Self.hop(current, files), at: 0)
            guard let source = try Self.sourceProfile(of: current, files, base: &base) else { return }
            let hasKeys = Self.hasKeys(source.text, files)
            if visited.contains(source.text) {
                // A profile may be its own source: for its keys.
                guard source.text == current, hasKeys else {
                    throw Self.loop(visited + [source.text], at: source)
                }
            }
            guard files.has(source.text) else {
                var error = files.notFound(source.text)
                error.message += ", which source_profile in \(source.place) names"
                throw error
            }
            if hasKeys || !Self.isAsked(by: source.text, files) {
                base = .profile(source.text)
                return
            }
            guard visited.count < AWSLimits.profileCountMax else {
                throw .provider(
                    .unsupportedConfig,
                    "the profile '\(profile.printable)' has a chain of more than \(AWSLimits.profileCountMax) roles",
                    advice: "Shorten it.")
            }
            visited.append(source.text)
        }
    }

    /// The profile that `profile` names as its source; nil: a provider, which `base` gets.
    private static func sourceProfile(
        of profile: String, _ files: ProfileFiles, base: inout Base
    ) throws(AWSError) -> ProfileFiles.Value? {
        let source = files.value("source_profile", profile: profile)
        switch (source, files.value("credential_source", profile: profile)) {
        case (let source?, nil): return source
        case (nil, let named?):
            switch named.text {
            case "Environment": base = .environment
            case "Ec2InstanceMetadata": base = .instanceMetadata
            case "EcsContainer": base = .container
            default:
                throw .provider(
                    .unsupportedConfig, "credential_source in \(named.place) is '\(named.text.printable)'",
                    advice: "It can be Environment, Ec2InstanceMetadata or EcsContainer.")
            }
            return nil
        case (_?, let named?):
            throw .provider(
                .malformedConfigFile,
                "the profile '\(profile.printable)' has both source_profile and credential_source (\(named.place))",
                advice: "Leave one of them away.")
        case (nil, nil):
            throw .provider(
                .malformedConfigFile,
                "the \(files.place(profile)) has a role_arn, but neither source_profile nor credential_source",
                advice: "Name the profile whose credentials may assume the role as source_profile.")
        }
    }

    private static func hop(_ profile: String, _ files: ProfileFiles) throws(AWSError) -> RoleHop {
        if let serial = files.value("mfa_serial", profile: profile) {
            throw .provider(
                .unsupportedConfig,
                "the profile '\(profile.printable)' asks for a code of a multi-factor device (mfa_serial in "
                    + "\(serial.place)), "
                    + "and nobody is there to type it",
                advice: "Use a role that needs none, or hand over a session that has passed it: "
                    + "aws configure export-credentials --profile \(profile.printable) --format env.")
        }
        var hop = RoleHop(
            roleARN: files.value("role_arn", profile: profile)?.text ?? "",
            externalID: files.value("external_id", profile: profile)?.text,
            sessionName: files.value("role_session_name", profile: profile)?.text)
        if let duration = files.value("duration_seconds", profile: profile) {
            guard let seconds = Int(duration.text) else {
                throw .provider(
                    .malformedConfigFile, "duration_seconds in \(duration.place) is not a number",
                    advice: "It is 900 to 43200.")
            }
            hop.duration = .seconds(seconds)
        }
        return hop
    }

    private static func hasKeys(_ profile: String, _ files: ProfileFiles) -> Bool {
        ["aws_access_key_id", "aws_secret_access_key"].contains { files.value($0, profile: profile) != nil }
    }

    private static func loop(_ path: [String], at source: ProfileFiles.Value) -> AWSError {
        .provider(
            .malformedConfigFile,
            "profiles name each other as source_profile without an end: "
                + "\(path.map(\.printable).joined(separator: " → ")) "
                + "(\(source.place))",
            advice: "One of them must have keys, or a credential_source.")
    }
}
