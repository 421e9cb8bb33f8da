#if Server
    internal import DredgeService
    internal import HTTPTypes
    internal import Hummingbird

    /// The API's document as a page to read, without scripts.
    enum APIPage {
        /// Made once: it is the same for everybody.
        static let markup = document.markup

        private static var document: HTML {
            let tags = Operation.Tag.allCases
            let links = tags.map { tag -> HTML in "<li><a href=\"#\(anchor(tag.rawValue))\">\(tag.rawValue)</a></li>" }
            return """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                <title>API reference – Dredge</title>
                <link rel="icon" type="image/svg+xml" href="\(ConsoleAssets.icon.path)">
                <link rel="stylesheet" href="\(ConsoleAssets.style.path)">
                </head>
                <body>
                <a class="skip" href="#main">Skip to the content</a>
                <header class="top"><a class="brand" href="/console">Dredge</a>
                <nav aria-label="Reference"><ul>\(links)</ul></nav></header>
                <main id="main" tabindex="-1">
                <h1>API reference</h1>
                <p>Each request has the header <code>Authorization: Bearer KEY</code>, where not stated otherwise.
                Bodies are JSON, of at most \(HTML.bytes(ServiceLimits.bodyByteCountMax)). A field that is not listed is
                refused. The same for programs: <a href="/openapi.json">openapi.json</a>.</p>
                \(tags.map(section))
                <h2 id="refusals">Refusals</h2>
                <p>A refusal has <code>detail</code>, a text, and mostly <code>error_code</code>, for programs. With
                422, <code>detail</code> is a list of <code>loc</code>, <code>msg</code> and <code>type</code>:
                everything that is wrong with the request.</p>
                \(HTML.table("Refusals", ["Status", "Means"], refusals))
                <h2 id="job-codes">What a job fails of</h2>
                \(codes("Codes of jobs", JobErrorCode.allCases.map { ($0.rawValue, $0.meaning) }))
                <h2 id="file-codes">Why a file is skipped or fails</h2>
                \(codes("Codes of files", FileErrorCode.allCases.map { ($0.rawValue, $0.meaning) }))
                </main>
                </body>
                </html>

                """
        }

        private static var refusals: [[HTML]] {
            APIDocument.refusals.sorted { $0.key < $1.key }.map { ["\($0.key)", .text($0.value)] }
        }

        private static func codes(_ title: String, _ codes: [(String, String)]) -> HTML {
            .table(title, ["Code", "Means"], codes.map { code, meaning in ["<code>\(code)</code>", .text(meaning)] })
        }

        private static func section(_ tag: Operation.Tag) -> HTML {
            let operations = APIDocument.operations.filter { $0.tag == tag }.map(article)
            return "<h2 id=\"\(anchor(tag.rawValue))\">\(tag.rawValue)</h2>\(operations)"
        }

        private static func article(_ operation: Operation) -> HTML {
            let key: HTML = operation.needsKey ? .empty : "<p>No key is needed.</p>"
            let about: HTML = operation.description.isEmpty ? .empty : "<p>\(operation.description)</p>"
            let parameters = (operation.query + operation.headers).map { row($0.name, $0.json, $0.isRequired) }
            let refusals = operation.refusals.sorted().map(String.init).joined(separator: ", ")
            let refused: HTML =
                refusals.isEmpty ? .empty : "<p>May be <a href=\"#refusals\">refused</a> with \(refusals).</p>"
            return """
                <article id="\(operation.id)">
                <h3><code>\(operation.method.rawValue) \(operation.path)</code></h3>
                <p><strong>\(operation.summary).</strong></p>\(about)\(key)
                \(table("Parameters", parameters))
                \(operation.body.map { table("Body", rows($0.json)) } ?? .empty)
                \(operation.answers.map(answer))
                \(refused)
                </article>
                """
        }

        private static func answer(_ answer: Operation.Answer) -> HTML {
            guard let schema = answer.schema else {
                return "<p>\(answer.status), <code>\(answer.mediaType)</code>: \(answer.description)</p>"
            }
            return """
                <p>\(answer.status): \(answer.description)</p>
                \(table("Answer", rows(schema.json)))
                """
        }

        private static func table(_ title: String, _ rows: [[HTML]]) -> HTML {
            rows.isEmpty
                ? .empty : "<h4>\(title)</h4>\(HTML.table(title, ["Field", "Type", "Meaning"], rows))"
        }

        // MARK: Schemas

        /// A row for each member, those of members and of items included; what is required comes first.
        private static func rows(_ schema: JSON, _ path: String = "", depth: Int = 0) -> [[HTML]] {
            let schema = resolved(schema)
            guard depth < 4, case .object(let members)? = schema["properties"] else { return [] }
            let required = Set(schema.list("required").compactMap(\.stringValue))
            let names = members.keys.sorted {
                (required.contains($0) ? 0 : 1, $0) < (required.contains($1) ? 0 : 1, $1)
            }
            return names.flatMap { name -> [[HTML]] in
                let member = members[name] ?? .null
                let own = row(path + name, member, required.contains(name))
                let inner = resolved(member)
                if let items = inner["items"] { return [own] + rows(items, "\(path)\(name)[].", depth: depth + 1) }
                return [own] + rows(inner, "\(path)\(name).", depth: depth + 1)
            }
        }

        private static func row(_ name: String, _ schema: JSON, _ isRequired: Bool) -> [HTML] {
            [
                "<code>\(name)</code>", .text(type(schema) + (isRequired ? "" : ", optional")),
                .text(schema.text("description")),
            ]
        }

        /// The schema that is named, or that may be null.
        private static func resolved(_ schema: JSON) -> JSON {
            if let first = schema["anyOf"]?.list.first, schema["anyOf"]?.list.last == ["type": "null"] {
                return resolved(first)
            }
            guard let name = schema["$ref"]?.stringValue?.split(separator: "/").last else { return schema }
            return Schema.named[String(name)]?.json ?? schema
        }

        private static func type(_ schema: JSON) -> String {
            let inner = resolved(schema)
            var text =
                switch inner["type"] {
                case .string(let name)?: name
                case .array(let names)?: names.compactMap(\.stringValue).filter { $0 != "null" }.joined()
                default: "any"
                }
            let words = inner.list("enum").compactMap(\.stringValue)
            if words.count > 10 { return "one of the codes below" }
            if !words.isEmpty { text = words.joined(separator: " | ") }
            if inner["enum"] == [false] { text = "false" }
            if let items = inner["items"] { text = "list of \(type(items))" }
            if case .integer(let low)? = inner["minimum"], case .integer(let high)? = inner["maximum"] {
                text += " \(low)–\(high)"
            }
            if let value = schema["default"] ?? inner["default"] { text += ", default \(value.text)" }
            return text
        }

        private static func anchor(_ title: String) -> String {
            title.lowercased().replacing(" ", with: "-")
        }
    }
#endif
