internal import Dispatch
internal import Resources
internal import Synchronization
internal import VolumeStore
internal import Volumes

/// A volume of which this node is the home, as long as it is.
final class RunningHome: Sendable {
    /// So long backups that were heard of may take to sync what there is in the end.
    private static let patience = DispatchTimeInterval.milliseconds(500)

    let server: HomeServer<SQLiteState>
    let epoch: UInt64
    let upkeep: VolumeUpkeep
    let admission: StoreAdmission
    private let journal: ReplicatedJournal
    private let clockwork = Clockwork()
    private let last: Mutex<VolumeHeader>

    /// Begins with all that is durable.
    ///
    /// - Parameter onEnd: is told when it ends by itself.
    init(
        _ volume: VolumeID, in directory: VolumeDirectory, _ journal: ReplicatedJournal, epoch: UInt64,
        _ surroundings: HomesSurroundings, _ pools: NodePools, _ options: HomesOptions,
        onEnd: @escaping @Sendable (VolumeStoreError) -> Void
    ) throws(VolumeStoreError) {
        let state = try SQLiteState(path: directory.state, options: options.database.state)
        let database = try VolumeDatabase(state: state, journal: journal, volume: volume, options: options.database)
        guard database.applied == journal.standing.last else {
            throw .diverged("the state has record \(database.applied), and the journal has \(journal.standing.last)")
        }
        var homeOptions = options.home
        homeOptions.grace = options.journal.authority
        let header = database.header
        let nodes = state.allSessions.map(\.node)
        let home = VolumeHome(database.volume, epoch: epoch, homeOptions, at: surroundings.clock())
        let upkeep = VolumeUpkeep(volume, header.traits, epoch: epoch, options, surroundings, pools)
        let admission = StoreAdmission(
            home: surroundings.node, nodes: nodes, heirs: journal.replica.log.membership.set.backups,
            ask: upkeep.admit(_:_:on:done:))
        var listeners = HomeListeners()
        listeners.ended = onEnd
        listeners.coming = { admission.come($0, goOn: $1) }
        listeners.left = { node in
            admission.leave(node)
            upkeep.free(node)
        }
        listeners.damaged = { upkeep.heard(of: $0, on: $1) }
        listeners.lacking = { upkeep.lack($0) }
        server = HomeServer(
            KeptHome(home, database), of: volume, rule: surroundings.rule, clock: surroundings.clock, listeners)
        last = Mutex(header)
        (self.epoch, self.upkeep, self.admission, self.journal) = (epoch, upkeep, admission, journal)
        upkeep.begin(with: server) { [server, admission] places in
            admission.meet(places)
            server.meet(places)
        }
        clockwork.start { [server, admission, upkeep, journal] in
            server.tick()
            admission.name(heirs: journal.replica.log.membership.set.backups)
            admission.tell()
            upkeep.tick()
        }
    }

    func becameDurable(_ record: UInt64) {
        server.becameDurable(record)
        upkeep.becameDurable(record)
    }

    /// Has a record written that no session asked for.
    func write(_ operation: Volumes.Operation) -> Result<Void, PosixError> { server.write(operation) }

    func meet(_ stores: [StorePlace]) { upkeep.meet(stores) }

    /// As it is now, or was last.
    var header: VolumeHeader {
        if let now = server.header { last.withLock { $0 = now } }
        return last.withLock { $0 }
    }

    var sessions: [Session] { server.sessions }

    /// Another node is the home.
    func depose(by epoch: UInt64) {
        clockwork.stop()
        upkeep.end()
        server.depose(by: epoch)
    }

    /// Makes durable what was carried out, as far as backups that are there let it, and ends.
    func stop() {
        clockwork.stop()
        upkeep.end()
        server.stop(within: journal.isInCharge ? Self.patience : .nanoseconds(0))
    }
}
