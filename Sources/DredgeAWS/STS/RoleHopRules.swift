/// What STS accepts as parameters of AssumeRole (STS API reference), for hops, config files and flags alike.
///
/// Each rule returns nil where the value is right, else what is wrong and what would be right, as the end of a sentence
/// that begins with the value.
package enum RoleHopRules {
    package static let externalIDLength = 2...1224
    /// Also of a source identity.
    package static let sessionNameLength = 2...64
    package static let sessionPolicyLengthMax = 2048
    package static let tagKeyLength = 1...128
    package static let tagValueLengthMax = 256

    package static func externalID(_ text: String) -> String? {
        // What copying brings along is named, since it is hard to see.
        let slip: String? =
            if text.contains(where: \.isWhitespace) {
                "a space or a line's end"
            } else if text.contains(where: { "\"'`“”‘’„".contains($0) }) { "a quotation mark of its own" } else { nil }
        if let slip {
            return
                "has \(slip), which no external ID can have: it is \(externalIDLength.lowerBound) to "
                + "\(externalIDLength.upperBound) letters, digits and characters of _+=,.@:/-"
        }
        return characters(text, of: "an external ID", length: externalIDLength, beside: "+=,.@:/-")
    }

    /// Of a name whose placeholders are filled in.
    package static func sessionName(_ text: String) -> String? {
        characters(text, of: "a session name", length: sessionNameLength, beside: "+=,.@-")
    }

    package static func sourceIdentity(_ text: String) -> String? {
        if text.lowercased().hasPrefix("aws:") { return "begins with aws:, which AWS keeps for itself" }
        return characters(text, of: "a source identity", length: sessionNameLength, beside: "+=,.@-")
    }

    package static func duration(_ duration: Duration) -> String? {
        (AWSLimits.durationMin...AWSLimits.durationMax).contains(duration) && duration.components.attoseconds == 0
            ? nil : "is outside of what AWS accepts: 900 to 43,200 whole seconds"
    }

    /// Of a policy in JSON, as a text: whether it is a policy is STS's to say.
    package static func sessionPolicy(_ text: String) -> String? {
        if !(1...sessionPolicyLengthMax).contains(text.unicodeScalars.count) {
            return
                "is empty or longer than the \(sessionPolicyLengthMax) characters that STS takes; remove "
                + "blanks, and use "
                + "wildcards instead of long lists"
        }
        return text.unicodeScalars.allSatisfy { isPolicyCharacter($0) || [0x09, 0x0A, 0x0D].contains($0.value) }
            ? nil : "has a character that a session policy can't hold: below U+0020 or above U+00FF"
    }

    package static func tagKey(_ text: String) -> String? {
        guard tagKeyLength.contains(text.unicodeScalars.count) else {
            return "is not a tag's key: 1 to \(tagKeyLength.upperBound) characters"
        }
        return text.lowercased().hasPrefix("aws:") ? "begins with aws:, which AWS keeps for itself" : nil
    }

    package static func tagValue(_ text: String) -> String? {
        text.unicodeScalars.count <= tagValueLengthMax
            ? nil : "is longer than the \(tagValueLengthMax) characters of a tag's value"
    }

    /// Of a transitive key beside the tags of its hop.
    package static func transitiveTagKey(_ key: String, among tags: some Collection<String>) -> String? {
        tags.contains(key) ? nil : "is not the key of one of the hop's tags; only those can be transitive"
    }

    static func isSessionNameCharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && isAllowed(UInt8(scalar.value), beside: "+=,.@-")
    }

    /// Of a session policy.
    package static func isPolicyCharacter(_ scalar: Unicode.Scalar) -> Bool { (0x20...0xFF).contains(scalar.value) }

    static func characters(
        _ text: String, of what: String, length: ClosedRange<Int>, beside: StaticString
    ) -> String? {
        length.contains(text.unicodeScalars.count) && text.utf8.allSatisfy { isAllowed($0, beside: beside) }
            ? nil
            : "is not \(what): \(length.lowerBound) to \(length.upperBound) letters, digits and characters "
                + "of _\(beside)"
    }

    /// `\w` and some more.
    private static func isAllowed(_ byte: UInt8, beside others: StaticString) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: others.withUTF8Buffer { $0.contains(byte) }
        }
    }
}
