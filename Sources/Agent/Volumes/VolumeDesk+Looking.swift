import BlockClient
import Resources
import VolumeService
import Volumes

// Looking whether what a volume has is what it should be.

extension VolumeDesk {
    /// Blocks that are read between two reports of progress, and whose presence is asked for.
    private static let (readPage, askedPage) = (64, 1024)
    private static let mostFindings = 100

    /// Reads every copy of every block, and replaces what is not what was stored.
    func scrub(_ volume: VolumeID, by user: String, _ report: @escaping Reporter) async throws -> VolumeOutcome {
        let status = try await onThread { [homes] in try homes.status(of: volume) }
        return try await inspect(status, VolumeProgress(step: "reading"), page: Self.readPage, report) { blocks, peer, _ in
            try await self.damaged(of: blocks, on: peer, volume, isAlone: status.summary.copies == 1)
        }
    }

    /// Compares a volume's metadata with themselves, and with what the stores have. Changes nothing.
    func check(_ volume: VolumeID, by user: String, _ report: @escaping Reporter) async throws -> VolumeOutcome {
        let status = try await onThread { [homes] in try homes.status(of: volume) }
        try await report(VolumeProgress(step: "reading the metadata"))
        let faults = try await onThread { [homes] in try homes.check(volume) }.map {
            VolumeOutcome.Finding(subject: volume.description, fault: $0, isMended: false)
        }
        let progress = VolumeProgress(step: "comparing")
        return try await inspect(status, progress, faults, page: Self.askedPage, report) { blocks, peer, start in
            try await self.missing(of: blocks, behind: start, on: peer, volume)
        }
    }

    private typealias Look = ([Block], BlockPeer, _ behind: BlockID?) async throws -> [VolumeOutcome.Finding]

    /// Looks through the blocks that the metadata have on each store.
    ///
    /// - Parameters:
    ///   - findings: that there are already.
    ///   - look: finds out what is wrong with some of them.
    private func inspect(
        _ status: VolumeStatus, _ begun: VolumeProgress, _ findings: [VolumeOutcome.Finding] = [], page size: Int,
        _ report: Reporter, _ look: Look
    ) async throws -> VolumeOutcome {
        let volume = status.summary.volume
        var (progress, findings) = (begun, findings)
        progress.total = status.stores.reduce(.zero) { $0 + $1.live }
        for store in status.stores {
            let node = store.place.node
            guard store.isHeard, let peer = peer(node) else {
                findings.append(.init(subject: name(node), fault: "it is not heard of: it was not looked at", isMended: false))
                continue
            }
            var last: BlockID?
            while true {
                let start = last
                let page = try await onThread { [homes] in try homes.blocks(of: volume, on: node, after: start, limit: size) }
                guard let end = page.last else { break }
                findings += try await look(page, peer, start)
                last = end.id
                progress.doneBlocks += UInt64(page.count)
                progress.done = progress.done + Bytes(page.reduce(0) { $0 + Int64($1.length) })
                // What is written meanwhile is looked at, too.
                progress.total = max(progress.total, progress.done)
                try await report(progress)
            }
        }
        return VolumeOutcome(
            progress: progress, findings: Array(findings.prefix(Self.mostFindings)),
            otherFindings: UInt64(max(0, findings.count - Self.mostFindings)),
            size: Bytes(Int64(clamping: status.summary.capacity)))
    }

    /// Has a store read blocks; what is not what was stored is replaced from another copy.
    private func damaged(
        of blocks: [Block], on peer: BlockPeer, _ volume: VolumeID, isAlone: Bool
    ) async throws -> [VolumeOutcome.Finding] {
        var findings: [VolumeOutcome.Finding] = []
        for block in blocks {
            guard let fault = try await fault(of: block, on: peer, volume) else { continue }
            try homes.suspect(block.id, on: peer.node, of: volume)
            findings.append(.init(subject: block.id.description, fault: fault, isMended: !isAlone))
        }
        return findings
    }

    /// What is wrong with a copy; `nil` where it is as it was stored.
    private func fault(of block: Block, on peer: BlockPeer, _ volume: VolumeID) async throws -> String? {
        do {
            try await peer.answer(to: .verify(block.id, checksum: block.checksum, of: volume))
            return nil
        } catch {
            guard case .store(let fault) = error else { throw error }
            return "its copy on \(name(peer.node)): \(fault)"
        }
    }

    /// Blocks that the metadata have on a store, and which it does not have.
    ///
    /// - Parameter start: the one before the first, in the order of ids.
    private func missing(
        of blocks: [Block], behind start: BlockID?, on peer: BlockPeer, _ volume: VolumeID
    ) async throws -> [VolumeOutcome.Finding] {
        guard let end = blocks.last?.id else { return [] }
        var (there, place) = (Set<BlockID>(), start)
        while true {
            let page = try await peer.answer(to: .list(volume, after: place))
            there.formUnion(page.blocks.lazy.map(\.block))
            place = page.blocks.last?.block
            if page.isLast || place.map({ $0 >= end }) ?? true { break }
        }
        var findings: [VolumeOutcome.Finding] = []
        for (index, block) in blocks.enumerated() where !there.contains(block.id) {
            // It may have been deleted since, or moved.
            let before = index == 0 ? start : blocks[index - 1].id
            let now = try await onThread { [homes] in try homes.blocks(of: volume, on: peer.node, after: before, limit: 1) }
            guard now.first?.id == block.id, let fault = try await fault(of: block, on: peer, volume) else { continue }
            findings.append(.init(subject: block.id.description, fault: fault, isMended: false))
        }
        return findings
    }
}
