import DredgeS3

/// Why an object failed, as stores and reports keep it: a code of a closed list, perhaps with more behind a colon.
package enum FailReason {
    /// With words in the place of the code, for a person; what is no code of the list stays as it is.
    package static func words(_ reason: String) -> String {
        let code = String(reason.prefix { $0 != ":" })
        guard let words = S3Error.Code(rawValue: code)?.words ?? ListedObject.Flaw.Code(rawValue: code)?.words else {
            return reason
        }
        return words + reason.dropFirst(code.count)
    }
}
