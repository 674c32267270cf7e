/// A dictionary in the order of its keys, so that no decision depends on hash order. Backed by a sorted array: keys that are
/// made in ascending order, as time-ordered identifiers are, are appended in constant time.
///
/// It is public, unlike all else here, so that it can be compiled for the entries that another module puts into it: only what is
/// public is inlined into others, every decision looks into some of these, and each look would ask for types while it runs.
public struct SortedMap<Key: Comparable & Sendable, Value: Sendable>: Sendable {
    @usableFromInline var sortedKeys: [Key] = []
    @usableFromInline var valuesInOrder: [Value] = []

    @inlinable public var keys: [Key] { sortedKeys }
    @inlinable public var values: [Value] { valuesInOrder }

    @inlinable public init() {}

    @inlinable public init(_ pairs: some Sequence<(Key, Value)>) {
        for (key, value) in pairs { self[key] = value }
    }

    @inlinable public var count: Int { sortedKeys.count }
    @inlinable public var isEmpty: Bool { sortedKeys.isEmpty }

    /// Key and value of each entry, in ascending order of the keys.
    @inlinable public var pairs: Zip2Sequence<[Key], [Value]> { zip(sortedKeys, valuesInOrder) }

    @inlinable public subscript(key: Key) -> Value? {
        get {
            let index = position(of: key)
            return holds(key, at: index) ? valuesInOrder[index] : nil
        }
        set {
            let index = position(of: key)
            switch (holds(key, at: index), newValue) {
            case (true, let value?): valuesInOrder[index] = value
            case (true, nil):
                sortedKeys.remove(at: index)
                valuesInOrder.remove(at: index)
            case (false, let value?):
                sortedKeys.insert(key, at: index)
                valuesInOrder.insert(value, at: index)
            case (false, nil): break
            }
        }
    }

    @discardableResult
    @inlinable public mutating func removeValue(forKey key: Key) -> Value? {
        let value = self[key]
        self[key] = nil
        return value
    }

    @inlinable func holds(_ key: Key, at index: Int) -> Bool { index < sortedKeys.count && sortedKeys[index] == key }

    @inlinable func position(of key: Key) -> Int {
        if let last = sortedKeys.last, last < key { return sortedKeys.count }
        var low = 0
        var high = sortedKeys.count
        while low < high {
            let middle = (low + high) / 2
            if sortedKeys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension SortedMap: Equatable where Value: Equatable {}
extension SortedMap: Hashable where Key: Hashable, Value: Hashable {}
