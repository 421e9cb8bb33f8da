/// What the session of a chain's last role is narrowed to, where its policy is `.narrowed`.
public struct SessionNarrowing: Sendable {
    /// The session policy in JSON, as it may be sent to STS, for a role of `partition`; nil: there is none so short.
    /// `decrypts` is false for services that know nothing of KMS and refuse what they don't know (Ceph's gateway).
    let document: @Sendable (_ partition: String, _ decrypts: Bool) -> String?

    /// Narrows to what `document` says. It is asked again for each call of STS, and must say the same each time.
    public init(_ document: @escaping @Sendable (_ partition: String, _ decrypts: Bool) -> String?) {
        self.document = document
    }
}
