extension RoleHop {
    /// Throws for the first value that STS would refuse. `sessionName`: with its placeholders filled in.
    func validate(sessionName: String, step: String) throws(AWSError) {
        func require(_ complaint: String?, of value: String) throws(AWSError) {
            guard let complaint else { return }
            throw AWSError(
                code: .invalidParameter, step: step, message: "\(value) \(complaint)",
                advice: "Correct it: nothing was sent.")
        }
        guard RoleARN(roleARN) != nil else {
            throw AWSError(
                code: .invalidParameter, step: step, message: "'\(roleARN.printable)' is not the ARN of a role",
                advice:
                    "Use arn:aws:iam::123456789012:role/Name, as the IAM console shows it; the ARN of an "
                    + "assumed session "
                    + "(arn:aws:sts::…:assumed-role/…) is something else.")
        }
        if let externalID {
            try require(RoleHopRules.externalID(externalID), of: "the external ID '\(externalID.printable)'")
        }
        try require(RoleHopRules.sessionName(sessionName), of: "'\(sessionName.printable)'")
        if let duration { try require(RoleHopRules.duration(duration), of: "a duration of \(duration)") }
        if case .document(let document) = sessionPolicy {
            try require(RoleHopRules.sessionPolicy(document), of: "the session policy")
        }
        if let sourceIdentity {
            try require(RoleHopRules.sourceIdentity(sourceIdentity), of: "'\(sourceIdentity.printable)'")
        }
        if tags.count > AWSLimits.tagCountMax {
            try require("are too many; STS takes \(AWSLimits.tagCountMax)", of: "\(tags.count) session tags")
        }
        for (key, value) in tags.sorted(by: { $0.key < $1.key }) {
            try require(RoleHopRules.tagKey(key), of: "the session tag '\(key.printable)'")
            try require(RoleHopRules.tagValue(value), of: "the value of the session tag '\(key.printable)'")
        }
        for key in transitiveTagKeys {
            try require(
                RoleHopRules.transitiveTagKey(key, among: tags.keys), of: "the transitive tag key '\(key.printable)'")
        }
    }

    /// Name and value of each parameter, in the order of the API reference.
    /// - Parameters:
    ///   - durationMax: nil: as long as the hop wants.
    ///   - policy: the session policy, in JSON.
    func parameters(
        sessionName: String, durationMax: Duration?, policy: String?
    ) -> [(name: String, value: String)] {
        var parameters = [
            ("Action", "AssumeRole"), ("Version", "2011-06-15"), ("RoleArn", roleARN), ("RoleSessionName", sessionName),
        ]
        if let duration {
            let seconds = min(duration, durationMax ?? duration).components.seconds
            parameters.append(("DurationSeconds", String(seconds)))
        }
        if let externalID { parameters.append(("ExternalId", externalID)) }
        if let policy { parameters.append(("Policy", policy)) }
        if let sourceIdentity { parameters.append(("SourceIdentity", sourceIdentity)) }
        for (index, tag) in tags.sorted(by: { $0.key < $1.key }).enumerated() {
            parameters.append(("Tags.member.\(index + 1).Key", tag.key))
            parameters.append(("Tags.member.\(index + 1).Value", tag.value))
        }
        for (index, key) in transitiveTagKeys.enumerated() {
            parameters.append(("TransitiveTagKeys.member.\(index + 1)", key))
        }
        return parameters
    }
}
