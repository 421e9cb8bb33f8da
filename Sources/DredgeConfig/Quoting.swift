/// Makes text of others (keys, paths, config values) fit to be shown on a terminal, on one line.
package enum Quoting {
    /// Control characters, line separators and bidirectional overrides as escapes (`\n`, `\u{1B}`), so that a key can't
    /// drive the terminal, forge a line or turn the text round. A backslash is doubled only where an escape was needed.
    package static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\\": result += "\\\\"
            case _ where isUnsafe(scalar): result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// In quotes, escaped, and cut to `characterCountMax` characters.
    package static func quoted(_ text: String, characterCountMax: Int = 80) -> String {
        let cut = text.count > characterCountMax ? text.prefix(characterCountMax) + "…" : text[...]
        return "\"\(escaped(String(cut)))\""
    }

    /// Whether it could drive a terminal, forge a line or turn text round.
    package static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: true
        // Format characters that turn text round (https://www.unicode.org/reports/tr9/, "Trojan Source"); other ones,
        // such as the joiner in emoji, are part of ordinary text.
        case .format: (0x202A...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
        default: false
        }
    }
}
