import Resources

/// What is due, in order of time; what is due at the same time, in order of scheduling. A binary heap of places, for elements are
/// large, and stay where they are while the heap is put in order.
struct EventQueue<Element> {
    private struct Item {
        let at: Instant
        let number: Int
        /// Its place in ``elements``.
        let place: Int
    }

    private var heap: [Item] = []
    private var elements: [Element?] = []
    private var freePlaces: [Int] = []
    private var scheduled = 0

    mutating func push(_ element: Element, at instant: Instant) {
        let place = freePlaces.popLast() ?? elements.count
        if place == elements.count { elements.append(element) } else { elements[place] = element }
        heap.append(Item(at: instant, number: scheduled, place: place))
        scheduled += 1
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The earliest element, unless it is due after `limit`.
    mutating func pop(before limit: Instant) -> (Instant, Element)? {
        guard let first = heap.first, first.at <= limit else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, smallest) {
                smallest = child
            }
            guard smallest != parent else { break }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
        freePlaces.append(first.place)
        return elements[first.place].take().map { (first.at, $0) }
    }

    func contains(where predicate: (Element) -> Bool) -> Bool { elements.contains { $0.map(predicate) ?? false } }

    private func precedes(_ a: Int, _ b: Int) -> Bool { (heap[a].at, heap[a].number) < (heap[b].at, heap[b].number) }
}
