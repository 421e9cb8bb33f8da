/// Text in the patterns of a policy's resources and conditions.
public enum PolicyPattern {
    /// `text` as a pattern that matches nothing else: `*`, `?` and `$` stand for themselves (IAM User Guide, "IAM
    /// policy elements: Variables and tags", "Specifying special characters").
    public static func literal(_ text: String) -> String {
        var pattern = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "*", "?", "$": pattern += "${\(scalar)}"
            default: pattern.unicodeScalars.append(scalar)
            }
        }
        return pattern
    }
}
