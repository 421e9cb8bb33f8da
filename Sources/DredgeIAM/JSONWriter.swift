extension JSONValue {
    /// On one line without blanks.
    package var compactText: String {
        var text = ""
        write(to: &text, indent: nil)
        return text
    }

    /// A line for each member and element, indented by two blanks a level; no newline at the end.
    package var prettyText: String {
        var text = ""
        write(to: &text, indent: 0)
        return text
    }

    private func write(to text: inout String, indent: Int?) {
        switch content {
        case .string(let string): text += Self.quoted(string)
        case .number(let digits): text += digits
        case .boolean(let value): text += value ? "true" : "false"
        case .null: text += "null"
        case .array(let items):
            Self.write(items, between: ("[", "]"), to: &text, indent: indent) { item, text, indent in
                item.write(to: &text, indent: indent)
            }
        case .object(let members):
            Self.write(members, between: ("{", "}"), to: &text, indent: indent) { member, text, indent in
                text += Self.quoted(member.name) + (indent == nil ? ":" : ": ")
                member.value.write(to: &text, indent: indent)
            }
        }
    }

    private static func write<Item>(
        _ items: [Item], between brackets: (String, String), to text: inout String, indent: Int?,
        _ write: (Item, inout String, Int?) -> Void
    ) {
        text += brackets.0
        for (index, item) in items.enumerated() {
            if index > 0 { text += "," }
            if let indent { text += "\n" + String(repeating: " ", count: indent + 2) }
            write(item, &text, indent.map { $0 + 2 })
        }
        if let indent, !items.isEmpty { text += "\n" + String(repeating: " ", count: indent) }
        text += brackets.1
    }

    /// A string of JSON in ASCII. Other characters are escaped, since a terminal may not show them and IAM takes only
    /// U+0020 to U+00FF.
    private static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case " "..."~": text.unicodeScalars.append(scalar)
            default: for unit in UTF16.encode(scalar)! { text += "\\u" + hexadecimal(unit) }
            }
        }
        return text + "\""
    }

    private static func hexadecimal(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
