import Testing

@testable import surplus_sim

@Suite("Markup and numbers of plots")
struct MarkupTests {
    @Test("Text and attributes come back as they were, whatever characters they have")
    func escaping() throws {
        let words = "a < b & c > \"d\" 'e' </text><script>x</script> ]]> ü 中"
        let parsed = try #require(ParsedMarkup(Markup("text", ["class": words], text: words).xml))
        #expect(parsed.elements.count == 1)
        #expect(parsed.elements.first?.text == words && parsed.elements.first?.attributes["class"] == words)
    }

    @Test("Characters that XML cannot have are replaced")
    func controls() throws {
        let parsed = try #require(ParsedMarkup(Markup("text", text: "a\u{0}b\u{1B}[2Jc\u{FFFE}").xml))
        #expect(parsed.elements.first?.text == "a\u{FFFD}b\u{FFFD}[2Jc\u{FFFD}")
    }

    @Test("Only elements that HTML knows to be empty are closed at once")
    func void() {
        #expect(Markup("td").xml == "<td></td>")
        #expect(Markup("line", ["x1": "0"]).xml == "<line x1=\"0\"/>")
        #expect(Markup("g", [:], [Markup("path", ["d": "M0 0"])]).xml == "<g><path d=\"M0 0\"/></g>")
    }

    @Test(
        "Numbers are rounded, and written with no more digits than they need",
        arguments: [
            (12.5, "12.5"), (12, "12"), (0.005, "0.01"), (-0.001, "0"), (-3.14159, "-3.14"), (99.999, "100"), (1200, "1200"),
        ] as [(Double, String)])
    func short(value: Double, text: String) { #expect(DecimalText.short(value) == text) }

    @Test("Percentages have two digits, counts groups of three")
    func texts() {
        #expect(DecimalText.percent(0) == "0.00%" && DecimalText.percent(12.3) == "12.30%")
        #expect(DecimalText.count(1_234_567) == "1\u{202F}234\u{202F}567" && DecimalText.count(999) == "999")
        #expect(DecimalText.count(-1000) == "-1\u{202F}000")
        #expect(DecimalText.short(.infinity) == "inf" && DecimalText.short(.nan) == "nan")
    }
}
