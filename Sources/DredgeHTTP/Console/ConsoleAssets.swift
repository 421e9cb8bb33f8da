#if Server
    internal import DredgeBase
    internal import HTTPTypes
    internal import Hummingbird

    /// A file that pages name. Its address changes with its content, so that browsers may keep it.
    struct ConsoleAsset: Sendable {
        let name: String
        let type: String
        let content: String
        let path: String

        init(_ name: String, _ type: String, _ content: String) {
            (self.name, self.type, self.content) = (name, type, content)
            path = "/console/\(name)?v=\(SHA256.hex(Array(content.utf8)).prefix(12))"
        }

        var response: Response {
            Response(
                status: .ok,
                headers: [
                    .contentType: type, .contentLength: String(content.utf8.count),
                    .cacheControl: "public, max-age=31536000, immutable",
                ], body: ResponseBody(byteBuffer: ByteBuffer(string: content)))
        }
    }

    /// All there is besides pages.
    enum ConsoleAssets {
        static let style = ConsoleAsset("style.css", "text/css; charset=utf-8", ConsoleStyle.text)
        static let script = ConsoleAsset("script.js", "text/javascript; charset=utf-8", ConsoleScript.text)
        static let icon = ConsoleAsset(
            "icon.svg", "image/svg+xml",
            """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" \
            fill="#0f6b74"/><path d="M8 9h16M8 16h11M8 23h6" stroke="#fff" stroke-width="3" \
            stroke-linecap="round"/></svg>
            """)

        static func add(to group: RouterGroup<APIContext>) {
            for asset in [style, script, icon] {
                group.get(RouterPath(asset.name)) { _, _ in asset.response }
            }
        }
    }
#endif
