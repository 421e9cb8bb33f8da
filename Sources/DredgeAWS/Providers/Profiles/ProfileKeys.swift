/// Keys that stand in a profile of one of the shared files.
struct ProfileKeys {
    let profile: String

    func answer(in file: ProfileFile?, path: String?) throws(AWSError) -> ProviderAnswer {
        guard let path else { return .nothing("shared files", "HOME isn't set, and no file is named") }
        guard let file else { return .nothing(path.printable, "doesn't exist") }
        guard let settings = file.profiles[profile] else {
            return .nothing(path.printable, "has no profile '\(profile.printable)'")
        }
        func value(_ name: String) -> String? { settings[name].flatMap { $0.text.isEmpty ? nil : $0.text } }
        guard let id = value("aws_access_key_id") else {
            return .nothing(path.printable, "the profile '\(profile.printable)' has no aws_access_key_id")
        }
        let place = "profile '\(profile.printable)' in \(path.printable)"
        guard let secret = value("aws_secret_access_key") else {
            throw .provider(
                "the \(place) has an aws_access_key_id, but no aws_secret_access_key", advice: "Give both, or none.")
        }
        let token = value("aws_session_token") ?? value("aws_security_token")
        return .found(
            try Credentials(
                checkedID: id, secretAccessKey: .copying(secret), sessionToken: token.map { .copying($0) },
                place: "the \(place)"), place)
    }
}
