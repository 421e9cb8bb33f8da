extension RoleHop {
    /// Throws for the first value that STS would refuse (limits: STS API reference, AssumeRole).
    func validate(sessionName: String, step: String) throws(AWSError) {
        func require(_ condition: Bool, _ message: String, _ advice: String) throws(AWSError) {
            guard condition else {
                throw AWSError(code: .invalidParameter, step: step, message: message, advice: advice)
            }
        }
        try require(
            RoleARN(roleARN) != nil, "'\(roleARN.printable)' is not the ARN of a role",
            "Use arn:aws:iam::123456789012:role/Name, as the IAM console shows it; the ARN of an assumed session "
                + "(arn:aws:sts::…:assumed-role/…) is something else.")
        if let externalID {
            try require(
                (2...1224).contains(externalID.unicodeScalars.count) && externalID.consists(of: "_+=,.@:/-"),
                "the external ID has a length or a character that AWS doesn't accept",
                "It has 2 to 1,224 characters out of A-Z a-z 0-9 _ + = , . @ : / -. Leave it away if the role needs none."
            )
        }
        try require(
            (2...64).contains(sessionName.unicodeScalars.count) && sessionName.consists(of: "_+=,.@-"),
            "'\(sessionName.printable)' can't be the name of a session",
            "It has 2 to 64 characters out of A-Z a-z 0-9 _ + = , . @ -.")
        if let duration {
            try require(
                (AWSLimits.durationMin...AWSLimits.durationMax).contains(duration)
                    && duration.components.attoseconds == 0,
                "the duration of \(duration) is outside of what AWS accepts", "It is 900 to 43,200 whole seconds.")
        }
        if let sessionPolicy {
            let scalars = sessionPolicy.unicodeScalars
            try require(
                (1...2048).contains(scalars.count)
                    && scalars.allSatisfy { (0x20...0xFF).contains($0.value) || [0x09, 0x0A, 0x0D].contains($0.value) },
                "the session policy is empty, longer than 2,048 characters, or has a character above U+00FF",
                "Shorten it: remove blanks, and use wildcards instead of long lists.")
        }
        if let sourceIdentity {
            try require(
                (2...64).contains(sourceIdentity.unicodeScalars.count) && sourceIdentity.consists(of: "_+=,.@-")
                    && !sourceIdentity.lowercased().hasPrefix("aws:"),
                "'\(sourceIdentity.printable)' can't be a source identity",
                "It has 2 to 64 characters out of A-Z a-z 0-9 _ + = , . @ -, and doesn't begin with aws:.")
        }
        try require(
            tags.count <= AWSLimits.tagCountMax, "a session with \(tags.count) tags",
            "At most \(AWSLimits.tagCountMax) are allowed.")
        for (key, value) in tags {
            try require(
                (1...128).contains(key.unicodeScalars.count) && value.unicodeScalars.count <= 256,
                "the session tag '\(key.printable)' has a key or a value of a wrong length",
                "A key has 1 to 128 characters, a value at most 256.")
            try require(
                !key.lowercased().hasPrefix("aws:"), "the session tag '\(key.printable)' begins with aws:",
                "AWS keeps that prefix for itself.")
        }
    }

    /// Name and value of each parameter, in the order of the API reference. `isChained`: a role's session signs this call.
    func parameters(sessionName: String, isChained: Bool) -> [(name: String, value: String)] {
        var parameters = [
            ("Action", "AssumeRole"), ("Version", "2011-06-15"), ("RoleArn", roleARN), ("RoleSessionName", sessionName),
        ]
        if let duration {
            let allowed = isChained ? min(duration, AWSLimits.chainedDurationMax) : duration
            parameters.append(("DurationSeconds", String(allowed.components.seconds)))
        }
        if let externalID { parameters.append(("ExternalId", externalID)) }
        if let sessionPolicy { parameters.append(("Policy", sessionPolicy)) }
        if let sourceIdentity { parameters.append(("SourceIdentity", sourceIdentity)) }
        for (index, tag) in tags.sorted(by: { $0.key < $1.key }).enumerated() {
            parameters.append(("Tags.member.\(index + 1).Key", tag.key))
            parameters.append(("Tags.member.\(index + 1).Value", tag.value))
        }
        return parameters
    }
}

extension String {
    /// Whether there are only ASCII letters, digits and characters of `others`.
    func consists(of others: StaticString) -> Bool {
        others.withUTF8Buffer { others in
            utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: others.contains(byte)
                }
            }
        }
    }
}
