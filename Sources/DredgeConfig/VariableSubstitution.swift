/// `${NAME}` inside a config value stands for an environment variable; `$${` stands for `${`.
///
/// The YAML parser has read the values before, so a variable's content can't change the structure of the file. A `${`
/// in a variable's content stands for itself.
enum VariableSubstitution {
    struct Outcome: Equatable {
        var text: String
        /// Whether a variable was put in. Such a text may be a secret, and must not stand in a message.
        var usesVariable = false
        /// What is wrong, in the order of the text.
        var problems: [String] = []
    }

    static func resolve(_ text: String, environment: [String: String]) -> Outcome {
        var outcome = Outcome(text: "")
        var rest = text[...]
        while let dollar = rest.firstRange(of: "${") {
            let before = rest[..<dollar.lowerBound]
            if before.hasSuffix("$") {
                outcome.text += before.dropLast() + "${"
                rest = rest[dollar.upperBound...]
                continue
            }
            outcome.text += before
            guard let close = rest[dollar.upperBound...].firstIndex(of: "}") else {
                outcome.problems.append("${ has no closing }; write $${ for a literal ${")
                return outcome
            }
            let name = String(rest[dollar.upperBound..<close])
            rest = rest[rest.index(after: close)...]
            if !isVariableName(name) {
                outcome.problems.append(
                    "what stands in ${ } is not a variable's name, which has letters, digits and _ and begins with no "
                        + "digit; write $${ for a literal ${")
            } else if let value = environment[name] {
                outcome.text += value
                outcome.usesVariable = true
            } else {
                outcome.problems.append("the environment variable \(name) is not set")
            }
        }
        outcome.text += rest
        return outcome
    }

    private static func isVariableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
