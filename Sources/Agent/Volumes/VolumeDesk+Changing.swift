import BlockClient
import Resources
import Trading
import VolumeService
import Volumes

// What people have done to volumes that there are.

extension VolumeDesk {
    /// How often it is looked how far work is.
    static let step = Duration.milliseconds(500)

    func held(_ volume: VolumeID) async throws -> (VolumeSummary, VolumeHolding) {
        guard let summary = await summary(of: volume), let holding = self[volume] else { throw VolumeRefusal.unknown(volume) }
        return (summary, holding)
    }

    // MARK: Homes

    /// Makes this node, a backup, the home, in a new epoch.
    ///
    /// - Throws: also when a node is not heard of that may have acknowledged what nobody else has.
    func takeOver(_ volume: VolumeID, by user: String) async throws -> KeptVolume {
        try await homes.takeOver(volume)
        try await inherit(volume)
        await adopt(volume)
        guard let kept = await kept().first(where: { $0.volume == volume }) else { throw VolumeRefusal.unknown(volume) }
        return kept
    }
}
