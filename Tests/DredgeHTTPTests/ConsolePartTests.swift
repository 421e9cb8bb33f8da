#if Server
    import Foundation
    import Synchronization
    import Testing

    @testable import DredgeHTTP
    @testable import DredgeService

    /// What the console's pages are made of.
    @Suite struct ConsolePartTests {
        @Test func `a text is escaped and a literal is not`() {
            let name = "<b>\"O'Neill & Söhne\"</b>\u{0}"
            let html: HTML = "<td title=\"\(name)\">\(name)</td>"
            let escaped = "&lt;b&gt;&quot;O&#39;Neill &amp; Söhne&quot;&lt;/b&gt;\u{FFFD}"
            #expect(html.markup == "<td title=\"\(escaped)\">\(escaped)</td>")
            let rows: [HTML] = ["<i>", .text("<i>")]
            let all: HTML = "\(rows)\(html)\(7)"
            #expect(all.markup == "<i>&lt;i&gt;\(html.markup)7")
        }

        @Test func `a form is read as browsers write it`() {
            let fields = FormFields("a=1&b=x+y%20z&c=%C3%A9%3D%26&a=2&d&=e&f=%zz%&g=%0D%0Ax")
            #expect(fields["a"] == "1" && fields["b"] == "x y z" && fields["c"] == "é=&" && fields["d"] == "")
            #expect(fields["f"] == "%zz%" && fields["g"] == "\r\nx" && fields["nothing"] == "")
            #expect(fields.trimmed("g") == "x")
            for text in ["", "é=&+ %\u{0}<>\r\n/?#", "plain"] {
                #expect(FormFields("x=\(FormFields.encoded(text))")["x"] == text)
            }
            #expect(FormFields("x=a%0D%0A%20b%20%0D%0A%0D%0Ac").lines("x") == ["a", "b", "c"])
            #expect(FormFields("offset=-5").offset == 0 && FormFields("offset=99999999999").offset == Int(Int32.max))
        }

        @Test func `numbers and times are told with their units`() {
            #expect(HTML.count(0).markup == "0" && HTML.count(999).markup == "999")
            #expect(HTML.count(1_000).markup == "1,000" && HTML.count(1_234_567).markup == "1,234,567")
            #expect(HTML.count(1, "token", "tokens").markup == "1 token")
            #expect(HTML.bytes(1).markup == "1 byte" && HTML.bytes(1_023).markup == "1,023 bytes")
            #expect(HTML.bytes(1_536).markup == "1.5 KiB" && HTML.bytes(5 << 30).markup == "5.0 GiB")
            #expect(HTML.duration(1.25).markup == "1.2 s" && HTML.duration(59.9).markup == "59 s")
            #expect(HTML.duration(125).markup == "2 min 5 s" && HTML.duration(7_380).markup == "2 h 3 min")
            #expect(HTML.time("2026-11-29T02:43:56Z").markup.contains(">2026-11-29 02:43:56 UTC<"))
            #expect(HTML.time(nil) == .empty)
        }

        @Test func `a session ends after twelve hours, and there are never too many`() throws {
            let now = Mutex(ContinuousClock.now)
            let sessions = ConsoleSessions(countMax: 100, now: { now.withLock { $0 } })
            func caller(_ key: String) -> Caller { Caller(keyID: key, organization: "o", environment: .development) }
            let first = sessions.begin(caller("a"))
            #expect(first.count == 64 && sessions.find(first)?.caller == caller("a"))
            #expect(sessions.find("") == nil && sessions.find(first + "0") == nil)
            let second = sessions.begin(caller("a"))
            #expect(try #require(sessions.find(first)).token != #require(sessions.find(second)).token)
            sessions.end(second)
            #expect(sessions.find(second) == nil && sessions.find(first) != nil)

            sessions.note("done", in: first)
            #expect(sessions.takeNotice(first) == "done" && sessions.takeNotice(first) == nil)

            now.withLock { $0 += .seconds(12 * 3_600 - 1) }
            #expect(sessions.find(first) != nil)
            now.withLock { $0 += .seconds(1) }
            #expect(sessions.find(first) == nil)

            let oldest = sessions.begin(caller("a"))
            let other = sessions.begin(caller("b"))
            for _ in 0..<ServiceLimits.consoleSessionCountMaxOfKey {
                now.withLock { $0 += .seconds(1) }
                _ = sessions.begin(caller("a"))
            }
            #expect(sessions.find(oldest) == nil && sessions.find(other) != nil, "who signs in often ends his own")
            for key in 0..<100 {
                _ = sessions.begin(caller("k\(key)"))
            }
            #expect(sessions.find(other) == nil)
        }
    }
#endif
