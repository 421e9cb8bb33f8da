/// Lines of Prometheus's text format (https://prometheus.io/docs/instrumenting/exposition_formats/).
package struct MetricsText {
    /// The `Content-Type` of an answer with such a text.
    package static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    /// The lines so far.
    package private(set) var text = ""
    private var names: Set<String> = []

    /// No lines.
    package init() {}

    /// What goes up and down. All samples of a name follow each other.
    package mutating func gauge(
        _ name: String, _ help: String, _ value: some CustomStringConvertible, _ labels: [String: String] = [:]
    ) {
        begin(name, "gauge", help)
        sample(name, value, labels)
    }

    /// What only grows. All samples of a name follow each other.
    package mutating func counter(
        _ name: String, _ help: String, _ value: some CustomStringConvertible, _ labels: [String: String] = [:]
    ) {
        begin(name, "counter", help)
        sample(name, value, labels)
    }

    /// Once for each name, before its first sample. `help`: a line of text without backslashes.
    package mutating func begin(_ name: String, _ type: String, _ help: String) {
        guard names.insert(name).inserted else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    /// A line of its own. `value`: as Swift writes numbers, which Prometheus reads.
    package mutating func sample(
        _ name: String, _ value: some CustomStringConvertible, _ labels: [String: String]
    ) {
        let list = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }
        text += "\(name)\(list.isEmpty ? "" : "{\(list.joined(separator: ","))}") \(value)\n"
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
