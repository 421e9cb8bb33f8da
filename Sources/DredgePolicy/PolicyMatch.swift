/// How IAM compares a text with a pattern.
enum PolicyMatch {
    /// Whether all of `text` matches: `*` is any text, with slashes, `?` any one character; `${*}`, `${?}` and `${$}`
    /// are these characters themselves.
    static func matches(_ text: String, pattern: String) -> Bool {
        let name = Array(text.unicodeScalars), pattern = parts(pattern)
        var position = 0, place = 0
        // Where to go on when what follows the last `*` doesn't fit.
        var star: (place: Int, position: Int)?
        while position < name.count {
            if place < pattern.count, pattern[place] == .anyText {
                star = (place, position)
                place += 1
            } else if place < pattern.count,
                pattern[place] == .anyScalar || pattern[place] == .scalar(name[position])
            {
                place += 1
                position += 1
            } else if let last = star {
                star = (last.place, last.position + 1)
                place = last.place + 1
                position = last.position + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == .anyText }
    }

    /// What every text that matches begins with.
    static func literalStart(of pattern: String) -> String {
        var start = ""
        for part in parts(pattern) {
            guard case .scalar(let scalar) = part, scalar != "$" || !hasVariable(pattern) else { break }
            start.unicodeScalars.append(scalar)
        }
        return start
    }

    /// Whether the pattern has a variable in it, such as `${aws:username}`, whose value only a request tells.
    static func hasVariable(_ pattern: String) -> Bool {
        ["*", "?", "$"].reduce(pattern) { $0.replacing("${\($1)}", with: "") }.contains("${")
    }

    private enum Part: Equatable {
        case anyText, anyScalar
        case scalar(Unicode.Scalar)
    }

    private static func parts(_ pattern: String) -> [Part] {
        let scalars = Array(pattern.unicodeScalars)
        var parts: [Part] = []
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            if scalar == "$", index + 3 < scalars.count, scalars[index + 1] == "{", scalars[index + 3] == "}",
                "*?$".unicodeScalars.contains(scalars[index + 2])
            {
                parts.append(.scalar(scalars[index + 2]))
                index += 4
                continue
            }
            parts.append(scalar == "*" ? .anyText : scalar == "?" ? .anyScalar : .scalar(scalar))
            index += 1
        }
        return parts
    }
}
