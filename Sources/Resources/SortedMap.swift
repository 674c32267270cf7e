/// A dictionary in the order of its keys, so that no decision depends on hash order. Backed by a sorted array: keys that are
/// made in ascending order, as time-ordered identifiers are, are appended in constant time.
package struct SortedMap<Key: Comparable & Sendable, Value: Sendable>: Sendable {
    package private(set) var keys: [Key] = []
    package private(set) var values: [Value] = []

    package init() {}

    package init(_ pairs: some Sequence<(Key, Value)>) {
        for (key, value) in pairs { self[key] = value }
    }

    package var count: Int { keys.count }
    package var isEmpty: Bool { keys.isEmpty }

    /// Key and value of each entry, in ascending order of the keys.
    package var pairs: Zip2Sequence<[Key], [Value]> { zip(keys, values) }

    package subscript(key: Key) -> Value? {
        get {
            let index = position(of: key)
            return holds(key, at: index) ? values[index] : nil
        }
        set {
            let index = position(of: key)
            switch (holds(key, at: index), newValue) {
            case (true, let value?): values[index] = value
            case (true, nil):
                keys.remove(at: index)
                values.remove(at: index)
            case (false, let value?):
                keys.insert(key, at: index)
                values.insert(value, at: index)
            case (false, nil): break
            }
        }
    }

    @discardableResult
    package mutating func removeValue(forKey key: Key) -> Value? {
        let value = self[key]
        self[key] = nil
        return value
    }

    private func holds(_ key: Key, at index: Int) -> Bool { index < keys.count && keys[index] == key }

    private func position(of key: Key) -> Int {
        if let last = keys.last, last < key { return keys.count }
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension SortedMap: Equatable where Value: Equatable {}
extension SortedMap: Hashable where Key: Hashable, Value: Hashable {}
