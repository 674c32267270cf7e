/// How much of a whole the owner and the guests use, as a bar with the owner's threshold marked on it.
struct Gauge {
    let owner: Int64
    let guests: Int64
    let threshold: Int64
    let capacity: Int64
    /// In columns.
    var length = 20

    /// Owner in one shade, guests in another, the threshold as a line, free space as dots.
    func text(on page: Page) -> String {
        let glyphs: (owner: Character, guest: Character, free: Character, mark: Character) =
            page.blocks ? ("█", "▒", "·", "│") : ("#", "+", ".", "|")
        let ownerEnd = position(owner)
        let guestEnd = max(ownerEnd, position(owner + guests))
        var bar = (0..<length).map { $0 < ownerEnd ? glyphs.owner : $0 < guestEnd ? glyphs.guest : glyphs.free }
        let mark = position(threshold)
        if threshold < capacity, bar.indices.contains(mark) { bar[mark] = glyphs.mark }
        return String(bar)
    }

    /// The nearest column; anything above zero shows.
    private func position(_ value: Int64) -> Int {
        guard capacity > 0, value > 0 else { return 0 }
        let share = Int((Int128(min(value, capacity)) * Int128(length) * 2 + Int128(capacity)) / (Int128(capacity) * 2))
        return max(1, share)
    }
}
