import Resources
import Testing

@Suite("Sorted map")
struct SortedMapTests {
    @Test("It holds what a dictionary would, in the order of the keys", arguments: 1...5 as ClosedRange<UInt64>)
    func asDictionary(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var map = SortedMap<Int, Int>()
        var dictionary: [Int: Int] = [:]
        for value in 0..<3000 {
            let key = Int.random(in: 0..<200, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: #expect(map.removeValue(forKey: key) == dictionary.removeValue(forKey: key))
            case 1:
                map[key] = nil
                dictionary[key] = nil
            default:
                map[key] = value
                dictionary[key] = value
            }
            #expect(map[key] == dictionary[key])
            #expect(map.count == dictionary.count)
        }
        let sorted = dictionary.sorted { $0.key < $1.key }
        #expect(map.keys == sorted.map(\.key))
        #expect(map.values == sorted.map(\.value))
        #expect(map.isEmpty == dictionary.isEmpty)
        for key in -1...200 { #expect(map[key] == dictionary[key]) }
    }

    @Test("Of pairs with the same key the last stays")
    func pairs() {
        let map = SortedMap([(3, "c"), (1, "a"), (3, "d")])
        #expect(map.pairs.map(\.0) == [1, 3])
        #expect(map[3] == "d")
    }

    @Test("An empty one gives nothing and removes nothing")
    func empty() {
        var map = SortedMap<Int, Int>()
        #expect(map[0] == nil)
        #expect(map.removeValue(forKey: 0) == .none)
        #expect(map.isEmpty)
    }
}
