import Resources

extension Volume {
    /// - Throws: ``PosixError/invalid``; then no block has moved.
    mutating func place(_ placements: [BlockPlacement]) throws(PosixError) -> Reply {
        guard placements.allSatisfy({ !$0.replicas.isEmpty && $0.replicas.isStrictlyAscending }) else { throw .invalid }
        for placement in placements {
            guard var block = state.block(placement.block) else { continue }
            block.replicas = placement.replicas
            state.put(block)
        }
        return .done
    }

    /// Those that files refer to stay.
    mutating func forget(_ blocks: [BlockID]) -> Reply {
        for id in blocks where state.block(id)?.live == 0 { state.removeBlock(id) }
        return .done
    }
}
