import DredgeBase
import Testing

@Suite struct MetricsTextTests {
    @Test func `a name is described once, before its samples, and what would end a label's value is escaped`() {
        var text = MetricsText()
        text.gauge("jobs", "Jobs.", 1, ["b": "x", "a": "back\\slash \"quote\"\nline"])
        text.gauge("jobs", "Jobs.", 2, ["a": "é"])
        text.counter("bytes_total", "Bytes.", 1.5)
        #expect(
            text.text == """
                # HELP jobs Jobs.
                # TYPE jobs gauge
                jobs{a="back\\\\slash \\"quote\\"\\nline",b="x"} 1
                jobs{a="é"} 2
                # HELP bytes_total Bytes.
                # TYPE bytes_total counter
                bytes_total 1.5

                """)
    }
}
