import Resources

// Blocks that are stored and in no file are either those of a writer that is about to put them into one, or waste. Clocks cannot tell
// which. Generations can: a writer names a block by the generation that is known to it before it stores the block, and a block of one
// before the last is not taken into a file any more. From then on whatever is of such a generation and in no file is waste
// (epoch-based reclamation, K. Fraser, "Practical lock-freedom", 2004; here who is late is refused instead of waited for).

extension BlockID {
    /// A block that is stored from now on.
    ///
    /// - Parameter generation: ``VolumeHeader/generation`` as it was last heard of, 48 bits at most.
    package init(generation: UInt64, using random: inout some RandomNumberGenerator) {
        let tail = UInt64(UInt16.random(in: .min ... .max, using: &random))
        self.init(high: generation << 16 | tail, low: random.next())
    }

    package var generation: UInt64 { high >> 16 }

    /// The first of all ids of a generation.
    package init(firstOf generation: UInt64) { self.init(high: generation << 16, low: 0) }
}

extension Volume {
    mutating func advance() -> Reply {
        state.header.generation += 1
        return .done
    }

    mutating func appoint(_ membership: JournalMembership) -> Reply {
        state.header.membership = membership
        return .done
    }
}
