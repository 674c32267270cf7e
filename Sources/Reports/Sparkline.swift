/// Values over time in one line of characters, each as high as its value is.
struct Sparkline {
    private static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    private static let ascii: [Character] = ["_", ".", "-", "=", "+", "*", "#", "@"]

    /// `nil` where nothing was measured.
    let values: [Int64?]
    /// What stands for the full height.
    let top: Int64

    /// A space where nothing is; anything above zero stands higher than zero.
    func text(on page: Page) -> String {
        let glyphs = page.blocks ? Self.blocks : Self.ascii
        return String(
            values.map { value -> Character in
                guard let value else { return " " }
                guard value > 0, top > 0 else { return glyphs[0] }
                let height = Int128(min(value, top)) * Int128(glyphs.count - 1)
                return glyphs[max(1, Int((height + Int128(top) / 2) / Int128(top)))]
            })
    }
}
