/// The names of regions.
package enum Region {
    /// Whether `text` can be a region. A region becomes part of a host name, so what an answer says is not taken
    /// unseen.
    package static func isName(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
            }
    }

    /// What is wrong with a region that a person names, as the end of a sentence that begins with it; nil: nothing.
    ///
    /// The SDKs take `aws-global` and `fips-us-east-1` for regions, too; neither can be signed for.
    package static func complaint(_ text: String) -> String? {
        guard isName(text) else { return "is not a region's code, which looks like us-east-1" }
        if text.hasPrefix("aws-"), text.hasSuffix("-global") {
            return "names an endpoint, not a region, whose code looks like us-east-1"
        }
        let region = text.hasPrefix("fips-") ? text.dropFirst(5) : text.hasSuffix("-fips") ? text.dropLast(5) : nil
        return region.map { "names a FIPS endpoint, not a region; write \($0), and use_fips: true" }
    }
}
