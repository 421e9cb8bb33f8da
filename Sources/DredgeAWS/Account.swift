/// AWS accounts.
package enum Account {
    /// Whether `text` can be an account's ID: twelve digits ("View AWS account identifiers", AWS Account Management).
    package static func isID(_ text: some StringProtocol) -> Bool {
        text.utf8.count == 12
            && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
