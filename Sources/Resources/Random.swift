/// xoshiro256** seeded through SplitMix64 (Blackman and Vigna, 2018): the same seed gives the same numbers on
/// every machine. For decisions and simulation, never for keys.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    package init(seed: UInt64) {
        var mixer = seed
        func next() -> UInt64 {
            mixer &+= 0x9e37_79b9_7f4a_7c15
            var z = mixer
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
        state = (next(), next(), next(), next())
    }

    package mutating func next() -> UInt64 {
        let result = rotate(state.1 &* 5, by: 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotate(state.3, by: 45)
        return result
    }

    private func rotate(_ x: UInt64, by bits: UInt64) -> UInt64 { x << bits | x >> (64 - bits) }

    /// True in `share` of all calls.
    package mutating func chance(_ share: BasisPoints) -> Bool {
        Int64.random(in: 0..<10_000, using: &self) < share.rawValue
    }

    /// Uniform over the closed range.
    package mutating func span(_ range: ClosedRange<Microseconds>) -> Microseconds {
        Microseconds(Int64.random(in: range.lowerBound.rawValue...range.upperBound.rawValue, using: &self))
    }
}
