#if Server
    internal import DredgeService
    internal import Foundation
    internal import HTTPTypes
    internal import Hummingbird

    /// One page: what stands between the console's header and the end.
    struct ConsolePage: Sendable {
        /// What the navigation leads to.
        enum Section: String, Sendable, CaseIterable {
            case overview = "Overview"
            case integration = "AWS"
            case collections = "Collections"
            case jobs = "Jobs"
            case syncs = "Syncs"
            case keys = "Keys"

            var path: String { self == .overview ? "/console" : "/console/\(rawValue.lowercased())" }
        }

        var title: String
        /// The pages above this one.
        var above: [(title: String, path: String)] = []
        var section: Section?
        var status: HTTPResponse.Status
        /// Whether something goes on that the page shows: it is loaded again and again.
        var isLive: Bool
        var content: HTML

        init(
            _ title: String, _ section: Section? = nil, above: [(title: String, path: String)] = [],
            status: HTTPResponse.Status = .ok, isLive: Bool = false, _ content: () -> HTML
        ) {
            (self.title, self.section, self.above, self.status) = (title, section, above, status)
            (self.isLive, self.content) = (isLive, content())
        }

        /// - Parameters:
        ///   - visit: nil: nobody is signed in.
        ///   - notice: what was just done.
        func response(_ visit: Visit?, notice: String?) -> Response {
            let html = document(visit, notice: notice)
            return Response(
                status: status,
                headers: [
                    .contentType: "text/html; charset=utf-8", .contentLength: String(html.markup.utf8.count),
                ], body: ResponseBody(byteBuffer: ByteBuffer(string: html.markup)))
        }

        private func document(_ visit: Visit?, notice: String?) -> HTML {
            // A browser without scripts loads the page anew; one with scripts replaces what has changed.
            let refresh: HTML = isLive ? "<noscript><meta http-equiv=\"refresh\" content=\"3\"></noscript>" : .empty
            let live: HTML = isLive ? " data-live" : .empty
            let told: HTML = if let notice { "<p class=\"notice\" role=\"status\">\(notice)</p>" } else { .empty }
            return """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                <title>\(title) – Dredge</title>
                <link rel="icon" type="image/svg+xml" href="\(ConsoleAssets.icon.path)">
                <link rel="stylesheet" href="\(ConsoleAssets.style.path)">
                <script src="\(ConsoleAssets.script.path)" defer></script>
                \(refresh)
                </head>
                <body>
                <a class="skip" href="#main">Skip to the content</a>
                \(header(visit))
                <main id="main" tabindex="-1"\(live)>
                \(told)
                \(breadcrumbs)
                <h1>\(title)</h1>
                \(content)
                </main>
                </body>
                </html>

                """
        }

        private func header(_ visit: Visit?) -> HTML {
            guard let visit else {
                return "<header class=\"top\"><a class=\"brand\" href=\"/console\">Dredge</a></header>"
            }
            let links = Section.allCases.map { section -> HTML in
                let current: HTML = section == self.section ? " aria-current=\"page\"" : .empty
                return "<li><a href=\"\(section.path)\"\(current)>\(section.rawValue)</a></li>"
            }
            return """
                <header class="top">
                <a class="brand" href="/console">Dredge</a>
                <nav aria-label="Console"><ul>\(links)</ul></nav>
                <form class="who" method="post" action="/console/sign-out">\(visit.token)
                <span>\(visit.key.organization) <span class="badge">\(visit.key.environment.rawValue)</span></span>
                <button class="plain">Sign out</button></form>
                </header>
                """
        }

        private var breadcrumbs: HTML {
            if above.isEmpty { return .empty }
            let links = above.map { page -> HTML in "<li><a href=\"\(page.path)\">\(page.title)</a></li>" }
            return "<nav class=\"crumbs\" aria-label=\"Above this page\"><ol>\(links)</ol></nav>"
        }
    }
#endif
