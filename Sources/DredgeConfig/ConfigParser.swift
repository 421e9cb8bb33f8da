import Foundation
import Yams

/// The text of a config file as a tree of YAML nodes with their places.
struct ParsedConfig {
    /// nil: the file holds no value.
    var root: Node?
    /// Keys that stand a second time in their mapping, by their place.
    var repeatedKeys: [Place: RepeatedKey]

    struct Place: Hashable {
        var line: Int
        var column: Int
        init(_ mark: Mark?) {
            line = mark?.line ?? 0
            column = mark?.column ?? 0
        }
    }

    struct RepeatedKey {
        var name: String
    }
}

enum ConfigParser {
    /// Parses `text`. Throws a `ConfigError` for what is not YAML.
    static func parse(_ text: String, fileName: String) throws(ConfigError) -> ParsedConfig {
        let result = Handover()
        let isDone = DispatchSemaphore(value: 0)
        // A thread of its own, because the parser recurses (up to libyaml's 1,000 levels) and has no limit of time: it
        // compares keys with all aliases expanded.
        let thread = Thread {
            result.value = Result { () throws(ConfigError) in try compose(text, fileName: fileName) }
            isDone.signal()
        }
        thread.stackSize = 32 << 20
        thread.start()
        guard isDone.wait(timeout: .now() + ConfigLimits.parseSecondsMax) == .success, let value = result.value else {
            throw problem(
                fileName, nil,
                "the file takes more than \(Int(ConfigLimits.parseSecondsMax)) s to parse; use fewer aliases (*name)")
        }
        return try value.get()
    }

    /// Written by the parsing thread before it signals, read after the signal was seen: never at the same time.
    private final class Handover: @unchecked Sendable {
        var value: Result<ParsedConfig, ConfigError>?
    }

    private static func compose(_ text: String, fileName: String) throws(ConfigError) -> ParsedConfig {
        var text = text
        var repeatedKeys: [ParsedConfig.Place: ParsedConfig.RepeatedKey] = [:]
        while true {
            do {
                // The basic resolver leaves plain scalars as text: what is a number is decided by what is expected
                // there.
                let root = try Yams.compose(yaml: text, .basic, .default, .utf8)
                return ParsedConfig(root: root, repeatedKeys: repeatedKeys)
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                // The parser stops at a repeated key. It is masked and the text parsed again, so that the file's other
                // mistakes are found too.
                guard let name = names.first, repeatedKeys.count < ConfigLimits.duplicateKeyCountMax,
                    mask(name, at: context.mark, in: &text, index: repeatedKeys.count)
                else {
                    let list = names.map { Quoting.quoted($0) }.joined(separator: ", ")
                    throw problem(fileName, context.mark, "\(list) stands more than once in this mapping; keep one")
                }
                repeatedKeys[.init(context.mark)] = .init(name: name)
            } catch let error as YamlError {
                throw syntaxProblem(fileName, error)
            } catch {
                throw problem(fileName, nil, "cannot be parsed as YAML")
            }
        }
    }

    /// Replaces the first character of the key at `mark` by a private-use character, so that the key is no repeated
    /// one any more. All lines and columns stay as they are.
    private static func mask(_ name: String, at mark: Mark, in text: inout String, index: Int) -> Bool {
        var scalars = text.unicodeScalars
        var position = scalars.startIndex
        for _ in 1..<max(1, mark.line) {
            guard let end = scalars[position...].firstIndex(of: "\n") else { return false }
            position = scalars.index(after: end)
        }
        guard
            let start = scalars.index(position, offsetBy: mark.column - 1, limitedBy: scalars.endIndex),
            start < scalars.endIndex
        else { return false }
        var first = start
        if scalars[first] == "\"" || scalars[first] == "'" { first = scalars.index(after: first) }
        guard !name.isEmpty, scalars[first...].starts(with: name.unicodeScalars),
            let mask = Unicode.Scalar(0xE000 + index)
        else {
            return false
        }
        scalars.replaceSubrange(first...first, with: CollectionOfOne(mask))
        text = String(scalars)
        return true
    }

    private static func syntaxProblem(_ fileName: String, _ error: YamlError) -> ConfigError {
        switch error {
        case .scanner(let context, let text, let mark, _), .parser(let context, let text, let mark, _),
            .composer(let context, let text, let mark, _):
            if text == "but found another document" {
                return problem(fileName, mark, "a second YAML document begins here; write one document to a file")
            }
            let before = context.map { "\($0.text), begun at \($0.mark.line):\($0.mark.column): " } ?? ""
            return problem(fileName, mark, "not valid YAML: \(before)\(text)")
        case .reader(let text, _, _, _): return problem(fileName, nil, "not valid YAML: \(text)")
        default: return problem(fileName, nil, "cannot be parsed as YAML")
        }
    }

    private static func problem(_ fileName: String, _ mark: Mark?, _ message: String) -> ConfigError {
        ConfigError(problems: [
            ConfigProblem(
                fileName: fileName, line: mark?.line ?? 0, column: mark?.column ?? 0, keyPath: "", message: message)
        ])
    }
}
