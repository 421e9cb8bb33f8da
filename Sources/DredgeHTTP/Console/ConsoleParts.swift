#if Server
    internal import DredgeService
    internal import Foundation

    // What several pages show.

    extension HTML {
        /// A table; on narrow screens each row stands as a block, with the columns' names before the values.
        /// - Parameter columns: a name with `#` before it is that of numbers.
        static func table(_ caption: String, _ columns: [String], _ rows: [[HTML]]) -> HTML {
            let names = columns.map { $0.hasPrefix("#") ? String($0.dropFirst()) : $0 }
            let head = zip(columns, names).map { column, name -> HTML in
                "<th role=\"columnheader\" scope=\"col\"\(kind(column))>\(name)</th>"
            }
            let body = rows.map { row -> HTML in
                let cells = zip(row, zip(columns, names)).map { cell, column -> HTML in
                    "<td role=\"cell\" data-label=\"\(column.1)\"\(kind(column.0))>\(cell)</td>"
                }
                return "<tr role=\"row\">\(cells)</tr>"
            }
            return """
                <table role="table"><caption class="hidden">\(caption)</caption>
                <thead role="rowgroup"><tr role="row">\(head)</tr></thead>
                <tbody role="rowgroup">\(body)</tbody></table>
                """
        }

        private static func kind(_ column: String) -> HTML { column.hasPrefix("#") ? " class=\"number\"" : .empty }

        /// Names and values.
        static func facts(_ facts: [(String, HTML)]) -> HTML {
            let items = facts.filter { $0.1 != .empty }.map { name, value -> HTML in
                "<div><dt>\(name)</dt><dd>\(value)</dd></div>"
            }
            return "<dl class=\"facts\">\(items)</dl>"
        }

        /// A text to copy: with a button where there are scripts, by selecting it elsewhere.
        static func copyable(_ text: String, id: String, label: String) -> HTML {
            """
            <figure class="copy"><figcaption>\(label)\(copyButton(id, label))</figcaption>
            <pre id="\(id)" tabindex="0" aria-label="\(label)">\(text)</pre></figure>
            """
        }

        /// Shown by the script.
        static func copyButton(_ id: String, _ label: String) -> HTML {
            """
            <button type="button" class="small" data-copy="\(id)" aria-label="Copy: \(label)" hidden>Copy</button>
            """
        }

        /// What the script replaces when it has changed, on a page that is live.
        static func part(_ id: String, _ content: HTML) -> HTML { "<div id=\"\(id)\" data-part>\(content)</div>" }

        /// Which entries a page shows, and where the others are.
        /// - Parameter path: with a query that ends with `?` or `&`.
        static func pager(_ path: String, offset: Int, limit: Int, total: Int) -> HTML {
            guard total > 0 else { return .empty }
            let end = min(offset + limit, total)
            let before: HTML =
                offset > 0
                ? "<a rel=\"prev\" href=\"\(path)offset=\(max(0, offset - limit))\">Previous</a>" : .empty
            let after: HTML = end < total ? "<a rel=\"next\" href=\"\(path)offset=\(end)\">Next</a>" : .empty
            let range: HTML =
                offset < total && (offset > 0 || end < total)
                ? "\(count(offset + 1))–\(count(end)) of \(count(total))" : "\(count(total)) in all"
            return "<nav class=\"pager\" aria-label=\"Pages\"><span>\(range)</span>\(before)\(after)</nav>"
        }

        /// A status in a colour of its own, and in words.
        static func badge(_ status: String) -> HTML {
            let kind: HTML =
                switch status {
                case "completed", "active", "passed": "good"
                case "failed", "access_revoked": "bad"
                case "completed_with_failures", "warned": "warn"
                case "running": "busy"
                default: "calm"
                }
            return "<span class=\"badge \(kind)\">\(status.replacing("_", with: " "))</span>"
        }

        /// A moment in ISO 8601, for a person.
        static func time(_ text: String?) -> HTML {
            guard let text else { return .empty }
            let readable = text.prefix(19).replacing("T", with: " ")
            return "<time datetime=\"\(text)\">\(String(readable)) UTC</time>"
        }

        /// A number with its thousands apart.
        static func count(_ number: Int) -> HTML {
            var digits = String(number.magnitude)
            var groups: [String] = []
            while digits.count > 3 {
                groups.insert(String(digits.suffix(3)), at: 0)
                digits.removeLast(3)
            }
            return .text((number < 0 ? "−" : "") + ([digits] + groups).joined(separator: ","))
        }

        /// The number with its word.
        static func count(_ number: Int, _ one: String, _ many: String) -> HTML {
            "\(count(number)) \(number == 1 ? one : many)"
        }

        /// Bytes, as `1.5 MiB`.
        static func bytes(_ number: Int) -> HTML {
            var (value, unit) = (Double(number), 0)
            let units = ["bytes", "KiB", "MiB", "GiB", "TiB"]
            while value >= 1_024, unit < units.count - 1 { (value, unit) = (value / 1_024, unit + 1) }
            if unit == 0 { return count(number, "byte", "bytes") }
            return .text(String(format: "%.1f %@", value, units[unit]))
        }

        /// A time span, as `2 min 5 s`.
        static func duration(_ seconds: Double) -> HTML {
            let whole = Int(seconds)
            return switch whole {
            case ..<10: .text(String(format: "%.1f s", seconds))
            case ..<60: "\(whole) s"
            case ..<3_600: "\(whole / 60) min \(whole % 60) s"
            default: "\(whole / 3_600) h \(whole % 3_600 / 60) min"
            }
        }
    }

    extension JSON {
        var list: [JSON] { if case .array(let items) = self { items } else { [] } }
        func list(_ name: String) -> [JSON] { self[name]?.list ?? [] }
        /// Empty: there is none.
        func text(_ name: String) -> String { self[name]?.stringValue ?? "" }
        func count(_ name: String) -> Int { if case .integer(let number)? = self[name] { number } else { 0 } }
        func number(_ name: String) -> Double {
            switch self[name] {
            case .number(let number)?: number
            case .integer(let number)?: Double(number)
            default: 0
            }
        }
        func isTrue(_ name: String) -> Bool { self[name] == .bool(true) }
    }
#endif
