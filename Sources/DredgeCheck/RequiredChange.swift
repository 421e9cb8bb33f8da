/// What to change, and who can.
public struct RequiredChange: Sendable, Hashable, Codable {
    /// Who must do it.
    public var who: ResponsibleParty
    /// What to do, in the imperative.
    public var what: String
    /// To be pasted where `what` says.
    public var document: PasteDocument?

    init(_ who: ResponsibleParty, _ what: String, _ document: PasteDocument? = nil) {
        self.who = who
        self.what = what
        self.document = document
    }
}

/// A policy in JSON that works as it stands.
public struct PasteDocument: Sendable, Hashable, Codable {
    /// What it is and where it belongs, as `Trust policy of the role customer-read`.
    public var title: String
    /// The document, indented.
    public var json: String
}
