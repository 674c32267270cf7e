/// The last few readings, oldest first.
struct Window<Element: Sendable>: Sendable {
    private(set) var elements: [Element] = []
    let limit: Int

    /// - Precondition: `limit` is positive.
    init(limit: Int) {
        precondition(limit > 0, "a window of \(limit) readings")
        self.limit = limit
    }

    mutating func append(_ element: Element) {
        if elements.count == limit { elements.removeFirst() }
        elements.append(element)
    }

    func count(where matches: (Element) -> Bool) -> Int { elements.reduce(0) { $0 + (matches($1) ? 1 : 0) } }

    /// The newest of these readings in a window of another size.
    func resized(to limit: Int) -> Window {
        var copy = Window(limit: limit)
        for element in elements { copy.append(element) }
        return copy
    }
}
