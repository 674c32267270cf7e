/// One entry of a story or a log: when, a mark, a sentence, and fields below it.
struct Entry {
    private static let inset = 10

    let at: CivilTime
    /// Who tells it, where several do.
    var teller: (text: String, tone: Tone)?
    let mark: (text: String, tone: Tone)
    let message: String
    var fields: [(name: String, value: String)] = []

    func text(on page: Page) -> String {
        let (mark, message) = (mark.text.printable, message.printable)
        let fields = fields.map { "\($0.name.printable) = \($0.value.printable)" }
        guard !page.isPlain else {
            return ([at.clock(on: page)] + [teller?.text.printable].compactMap(\.self) + [mark, message] + fields).joined(
                separator: "\t") + "\n"
        }
        let teller = teller.map { (text: $0.text.printable + "  ", tone: $0.tone) }
        let head =
            page.paint(at.clock(on: page), .dim) + "  " + (teller.map { page.paint($0.text, $0.tone) } ?? "")
            + page.paint(mark, self.mark.tone)
        let columns = at.clock(on: page).columns + 2 + (teller?.text.columns ?? 0) + mark.columns + 2 + message.columns
        var result = ""
        if columns <= page.width ?? .max {
            result += head + "  " + message + "\n"
        } else {
            result += head + "\n"
            for line in message.wrapped(at: (page.width ?? .max) - 2) { result += "  " + line + "\n" }
        }
        let inset = min(Self.inset, (page.width ?? .max) / 10)
        for field in fields {
            for line in field.wrapped(at: (page.width ?? .max) - inset) {
                result += String(repeating: " ", count: inset) + page.paint(line, .dim) + "\n"
            }
        }
        return result
    }
}
