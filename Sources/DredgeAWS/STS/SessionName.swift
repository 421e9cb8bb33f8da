/// Names of role sessions, which CloudTrail and the session's ARN show: made of a template, so that they lead back to a
/// run.
public enum SessionName {
    /// The template for hops that name none.
    public static let defaultTemplate = "dredge-{run_id}"
    /// Stands for the run's ID.
    static let runID = "{run_id}"
    /// Stands for the source's name.
    static let source = "{source}"
    /// Characters of a run's ID, as far as the rules are concerned.
    private static let runIDLength = 12

    /// `template` with its placeholders filled in. What a session's name can't hold of the source's becomes `-`, and
    /// the source's name is cut where the whole would be longer than STS accepts.
    public static func filled(_ template: String, runID: String, source: String) -> String {
        let text = template.replacing(Self.runID, with: runID)
        let places = text.ranges(of: Self.source).count
        guard places > 0 else { return text }
        let fixedCount = text.unicodeScalars.count - places * Self.source.unicodeScalars.count
        let room = max(0, (RoleHopRules.sessionNameLength.upperBound - fixedCount) / places)
        let name = source.unicodeScalars.prefix(room).map {
            RoleHopRules.isSessionNameCharacter($0) ? Character($0) : "-"
        }
        return text.replacing(Self.source, with: String(name))
    }

    /// What is wrong with a template, as the end of a sentence that begins with it; nil: nothing, whatever the source
    /// is called.
    package static func complaint(_ template: String) -> String? {
        let shortest = template.replacing(runID, with: String(repeating: "0", count: runIDLength))
            .replacing(source, with: "")
        if shortest.contains("{") || shortest.contains("}") {
            return "has a placeholder that is none; there are \(runID) and \(source)"
        }
        let hasSource = template.contains(source)
        return RoleHopRules.characters(
            shortest, of: "a session name",
            length: hasSource ? 0...(RoleHopRules.sessionNameLength.upperBound - 2) : RoleHopRules.sessionNameLength,
            beside: "+=,.@-")
    }
}

extension [RoleHop] {
    /// The same hops, each with the name of its session filled in.
    public func named(runID: String, source: String) -> [RoleHop] {
        map { hop in
            var hop = hop
            hop.sessionName = SessionName.filled(
                hop.sessionName ?? SessionName.defaultTemplate, runID: runID, source: source)
            return hop
        }
    }
}
