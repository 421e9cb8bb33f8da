import Dredge
import DredgeCheck
import DredgeConfig

/// A check's report for people: a block of text for each source, in words that need no knowledge of STS or IAM.
enum CheckText {
    /// The marks that a terminal can show.
    struct Style {
        var passed: String
        var warned: String
        var failed: String
        var skipped: String
        var ellipsis: String
        var columnCount = 100
        /// Whether marks have colours (ECMA-48, Select Graphic Rendition).
        var isColoured = false

        static let unicode = Style(passed: "✓", warned: "!", failed: "✗", skipped: "·", ellipsis: "…")
        static let ascii = Style(passed: "ok", warned: "! ", failed: "X ", skipped: "- ", ellipsis: "...")

        /// By the locale, as programs of the C library take it.
        static func ofTerminal(_ environment: [String: String]) -> Style {
            let locale =
                ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }?.lowercased()
                ?? ""
            return locale.contains("utf-8") || locale.contains("utf8") ? unicode : ascii
        }

        /// How the mark of a step is shown; nil: as the text around it.
        fileprivate func colour(_ verdict: CheckVerdict) -> Int? {
            guard isColoured else { return nil }
            return switch verdict {
            case .passed: 32  // green
            case .warned: 33  // yellow
            case .failed: 31  // red
            case .skipped: 2  // faint
            }
        }

        func mark(_ verdict: CheckVerdict) -> String {
            switch verdict {
            case .passed: passed
            case .warned: warned
            case .failed: failed
            case .skipped: skipped
            }
        }
    }

    /// The block of a source.
    static func text(_ check: SourceCheck, style: Style) -> String {
        var page = Page(columnCount: style.columnCount, ellipsis: style.ellipsis)
        page.line("Source \(Quoting.quoted(check.source)): s3://\(check.bucket)/\(check.prefix)")
        page.line("")
        var skipped: [String] = []
        for step in check.steps {
            // All steps that were not reached share one line.
            if step.isUnreached {
                skipped.append(step.title)
                continue
            }
            writeUnreached(&skipped, style, to: &page)
            write(step, style, to: &page)
        }
        writeUnreached(&skipped, style, to: &page)
        for step in check.steps where !step.causes.isEmpty { writeCauses(of: step, to: &page) }
        for finding in check.findings { write(finding, to: &page) }
        page.line("")
        page.line(conclusion(check), indent: 2, colour: style.colour(check.verdict))
        return page.text
    }

    /// The last line of a check of several sources.
    static func conclusion(_ report: CheckReport) -> String {
        let failed = report.sources.filter { $0.verdict == .failed }.map { Quoting.quoted($0.source) }
        let count = report.sources.count
        if count == 1 { return "" }
        if failed.isEmpty { return "All \(count) sources can be read.\n" }
        return "\(failed.count) of \(count) sources can't be read: \(failed.joined(separator: ", ")).\n"
    }

    private static func conclusion(_ check: SourceCheck) -> String {
        switch check.verdict {
        case .failed where check.steps.contains { $0.verdict == .failed }: "Result: this source can't be read."
        case .failed: "Result: this source can be read, but a run refuses it (require_external_id: true)."
        case .warned: "Result: nothing keeps a run from this source, but see above."
        case .passed, .skipped: "Result: this source can be read."
        }
    }

    private static func write(_ step: CheckStep, _ style: Style, to page: inout Page) {
        page.line(
            "\(style.mark(step.verdict)) \(step.title)", indent: 2, hanging: style.passed.count + 1,
            colour: style.colour(step.verdict))
        for fact in step.facts { page.line(fact, indent: 6) }
        guard let answer = step.answer else { return }
        var facts: [String] = []
        if let code = answer.code { facts.append(code) }
        if let status = answer.status { facts.append("HTTP \(status)") }
        page.line("AWS says: \(answer.message) (\(facts.joined(separator: ", ")))", indent: 6, hanging: 2)
        if let requestID = answer.requestID { page.line("Request ID: \(requestID)", indent: 6) }
    }

    private static func writeUnreached(_ titles: inout [String], _ style: Style, to page: inout Page) {
        guard !titles.isEmpty else { return }
        page.line(
            "\(style.skipped) Not reached: \(titles.joined(separator: "; "))", indent: 2,
            hanging: style.skipped.count + 1, colour: style.colour(.skipped))
        titles = []
    }

    private static func writeCauses(of step: CheckStep, to page: inout Page) {
        for (index, cause) in step.causes.enumerated() {
            page.line("")
            if index == 1 {
                page.line("If it isn't that, the next likely ones:", indent: 2)
                page.line("")
            }
            let heading =
                index > 0
                ? "\(index + 1)."
                : step.verdict == .warned ? "To think about:" : cause.isCertain ? "Cause:" : "Likely cause:"
            page.line("\(heading) \(cause.summary)", indent: 2, hanging: index > 0 ? 3 : 2)
            page.line("Why: \(cause.evidence)", indent: 5, hanging: 2)
            write(cause.change, indent: 5, to: &page)
        }
        if let trail = step.trail {
            page.line("")
            page.line("To see more: \(trail)", indent: 2, hanging: 2)
        }
    }

    private static func write(_ finding: SecurityFinding, to page: inout Page) {
        page.line("")
        page.line("SECURITY: \(finding.message)", indent: 2, hanging: 2)
        write(finding.change, indent: 5, to: &page)
    }

    private static func write(_ change: RequiredChange, indent: Int, to page: inout Page) {
        page.line("Who can change it: \(who(change.who))", indent: indent, hanging: 2)
        page.line("What to change: \(change.what)", indent: indent, hanging: 2)
        guard let document = change.document else { return }
        page.document(document, indent: indent)
    }

    private static func who(_ party: ResponsibleParty) -> String {
        let account = party.account.map { "account \($0)" }
        return switch party.role {
        case .you: "you."
        case .callerAccount: "whoever administers \(account ?? "the account of your credentials") (yours)."
        case .roleAccount: "whoever administers \(account ?? "the role's account"), which has the role."
        case .bucketOwner: "the bucket's owner\(account.map { " (\($0))" } ?? "")."
        case .keyOwner: "whoever administers the key\(account.map { " (\($0))" } ?? "")."
        case .service: "nobody but who runs the service."
        case .organization: "the administrators of the AWS organization\(account.map { " of \($0)" } ?? "")."
        }
    }
}

/// Text of several lines: lines are broken at blanks to fit, and a document is printed only the first time.
private struct Page {
    let columnCount: Int
    let ellipsis: String
    private(set) var text = ""
    private var documents: [String] = []

    init(columnCount: Int, ellipsis: String) {
        self.columnCount = columnCount
        self.ellipsis = ellipsis
    }

    /// Gives the word that begins there a colour.
    private mutating func paint(from start: Int, _ colour: Int?) {
        guard let colour else { return }
        let begin = text.utf8.index(text.startIndex, offsetBy: start)
        let end = text[begin...].firstIndex { $0 == " " || $0 == "\n" } ?? text.endIndex
        text.replaceSubrange(begin..<end, with: "\u{1B}[\(colour)m\(text[begin..<end])\u{1B}[0m")
    }

    /// Writes `line` with all but its first line indented by `hanging` more.
    /// - Parameter colour: of its first word; nil: none.
    mutating func line(_ line: String, indent: Int = 0, hanging: Int = 0, colour: Int? = nil) {
        let start = text.utf8.count
        defer { paint(from: start + indent, colour) }
        var current = String(repeating: " ", count: indent)
        let next = String(repeating: " ", count: indent + hanging)
        var isEmpty = true
        for word in Quoting.escaped(line).replacing("…", with: ellipsis).split(
            separator: " ", omittingEmptySubsequences: false)
        {
            if !isEmpty, current.count + 1 + word.count > columnCount {
                text += current + "\n"
                current = next + word
            } else {
                current += (isEmpty ? "" : " ") + word
            }
            isEmpty = false
        }
        text += (line.isEmpty ? "" : current) + "\n"
    }

    /// As it is, so that it can be pasted.
    mutating func document(_ document: PasteDocument, indent: Int) {
        guard !documents.contains(document.json) else {
            return line("(The policy is the one above.)", indent: indent)
        }
        documents.append(document.json)
        line("")
        line("\(document.title):", indent: indent)
        let margin = String(repeating: " ", count: indent + 2)
        for row in document.json.split(separator: "\n") { text += "\(margin)\(row)\n" }
    }
}
