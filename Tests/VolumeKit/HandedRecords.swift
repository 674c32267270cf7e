internal import Dispatch
package import Resources
package import VolumeService
internal import VolumeStore
package import Volumes

extension HomeServer {
    /// - Parameter journal: is given each record, in order; ``becameDurable(_:)`` is to be called when it has them for good. Must not
    ///   call back itself.
    package convenience init(
        _ home: sending VolumeHome<State>, of volume: VolumeID, rule: @escaping VolumeRule,
        clock: @escaping @Sendable () -> Moment,
        journal: @escaping @Sendable (Record) -> Void
    ) {
        self.init(KeptHome(home, HandedRecords(journal)), of: volume, rule: rule, clock: clock)
    }
}

/// Records that are handed on, to who has no failure to tell of.
private final class HandedRecords: HomeRecords {
    private let take: @Sendable (Record) -> Void

    init(_ take: @escaping @Sendable (Record) -> Void) { self.take = take }

    var isInCharge: Bool { true }
    func enter(_ record: Record) { take(record) }
    func settle(_ record: UInt64) {}
    func check() {}
    func tend() {}
    func commit(within patience: DispatchTimeInterval) {}
    func close() {}
    func end() {}
}
