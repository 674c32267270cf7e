internal import Dispatch
internal import Foundation
internal import Frames
internal import Resources
internal import Synchronization
internal import VolumeStore
internal import Volumes

/// A volume that this node keeps: its journal, and its metadata as the home or as a backup.
final class KeptVolume: Sendable {
    typealias TakeoverEnd = @Sendable (Result<Void, TakeoverRefusal>) -> Void

    enum Role: Sendable {
        case backup(BackupState)
        case home(RunningHome)
        case failed(String)
    }

    private struct State {
        var directory: VolumeDirectory?
        var journal: ReplicatedJournal
        var role: Role
        var takeovers: [TakeoverEnd] = []
        /// Whether it was the home before this node began again, and tries to go on.
        var isContinuing = false
        /// The home that has taken the place of this node, which it was told by others and not by its journal.
        var successor: NodeID?
        var stores: [StorePlace] = []
        /// A copy that takes the place of what is here.
        var install: (message: JournalMessage, sender: NodeID)?
        /// Whether it is about to end. Messages are heeded until it has, and nothing new is begun.
        var isStopping = false
    }

    /// After a home could not go on it tries again.
    private static let pause = DispatchTimeInterval.milliseconds(500)

    let id: VolumeID
    private let path: String
    private let surroundings: HomesSurroundings
    private let options: HomesOptions
    private let pools: NodePools
    private let copies: CopyInbox
    private let state: Mutex<State?>
    private let retrying = DispatchQueue(label: "surplus.volume.retrying")

    /// Opens what is in a directory, and goes on as the home where this node was it.
    init(
        _ id: VolumeID, in path: String, _ surroundings: HomesSurroundings, _ options: HomesOptions, _ pools: NodePools,
        _ copies: CopyInbox
    ) throws(VolumeStoreError) {
        (self.id, self.path, self.surroundings, self.options) = (id, path, surroundings, options)
        (self.pools, self.copies) = (pools, copies)
        state = Mutex(nil)
        let opened = try open()
        state.withLock { $0 = opened }
        continueAsHome()
    }

    private func open() throws(VolumeStoreError) -> State {
        try VolumeDirectory.settle(path)
        let directory = try VolumeDirectory(path: path)
        let header = try SQLiteState(path: directory.state, options: options.database.state).header
        let post = JournalPost(pools)
        let surroundings = ReplicatedJournal.Surroundings(
            clock: surroundings.clock, post: { [id] in post.send($0, of: id, to: $1, done: $2) },
            tell: { [weak self] in self?.handle($0) })
        let journal = try ReplicatedJournal(
            path: directory.journal, volume: id, as: self.surroundings.node, under: header, options.journal, surroundings)
        return State(directory: directory, journal: journal, role: .backup(try backup(directory, journal)))
    }

    private func backup(
        _ directory: VolumeDirectory, _ journal: ReplicatedJournal
    ) throws(VolumeStoreError) -> BackupState {
        try BackupState(directory, id, journal, options.database) { [weak self] error in self?.fail(error) }
    }

    // MARK: What is known

    private var journal: ReplicatedJournal? { state.withLock { $0?.journal } }
    private var role: Role? { state.withLock { $0?.role } }

    var home: RunningHome? { if case .home(let home)? = role { home } else { nil } }
    var failure: String? { if case .failed(let reason)? = role { reason } else { nil } }

    /// As far as this node knows.
    var header: VolumeHeader? {
        switch role {
        case .home(let home): home.header
        case .backup(let backup): backup.header
        case .failed, nil: nil
        }
    }

    var replica: JournalReplica? { journal?.replica }

    /// The home, as far as is known here. A node that was the home and is left out has no journal to tell it.
    var knownHome: NodeID? {
        guard let set = replica?.log.membership.set else { return nil }
        guard set.home == surroundings.node, home == nil else { return set.home }
        return state.withLock { $0?.successor } ?? set.home
    }

    /// Whether other nodes cannot have taken over.
    var isInCharge: Bool { home != nil && journal?.isInCharge ?? false }

    // MARK: Messages

    /// A message from another node that keeps the journal, or is to. Blocks.
    func receive(_ message: JournalMessage, from sender: NodeID) throws(FrameRefusal) {
        guard let journal else { throw FrameRefusal(.busy, "\(id) is being stopped") }
        if !journal.knows(sender), let reason = surroundings.accepts(id, sender) {
            throw FrameRefusal(.notPermitted, "\(sender) has no say in the journal of \(id): \(reason)")
        }
        if case .install(_, let position, _) = message {
            guard copies.has(id, at: position, from: sender) else { return }
            state.withLock { $0?.install = (message, sender) }
        }
        journal.receive(message, from: sender)
    }

    /// It was made with the copy that a message came with, which its home waits to hear.
    func began(with message: JournalMessage, from sender: NodeID) { journal?.receive(message, from: sender) }

    /// Whether a node may have it deleted here: the home, as far as is known, or one that keeps the journal and says that it is the home
    /// in an epoch of which no record is known here, if none later is promised.
    func mayDelete(_ sender: NodeID, epoch: UInt64) -> Bool {
        guard let log = journal?.replica.log, log.membership.nodes.contains(sender), log.promised <= epoch else { return false }
        return log.membership.set.home == sender || log.end.epoch < epoch
    }

    // MARK: Events of the journal

    private func handle(_ event: ReplicatedJournal.Event) {
        switch event {
        case .durable(let index):
            switch role {
            case .home(let home): home.becameDurable(index)
            case .backup(let backup): backup.reach(index)
            case .failed, nil: break
            }
        case .lead(let epoch): lead(epoch)
        case .deposed(let epoch): deposed(by: epoch)
        case .refused(let refusal): refused(refusal)
        case .appoint(let membership):
            if let home { _ = home.write(.appoint(membership)) } else { journal?.appoint(membership) }
        case .copyState(let node, _):
            // A thread of its own: a copy takes as long as its node wants.
            DispatchQueue(label: "surplus.volume.copying").async { self.sendCopy(to: node) }
        case .restart(let position): restart(after: position)
        case .failed(let error): fail(error)
        }
    }

    // MARK: The home

    private func continueAsHome() {
        guard let journal, journal.replica.log.membership.set.home == surroundings.node else { return }
        state.withLock { $0?.isContinuing = true }
        journal.takeOver(backups: nil, isContinuing: true)
    }

    private func continueAsHome(after pause: DispatchTimeInterval) {
        retrying.asyncAfter(deadline: .now() + pause) { [weak self] in
            guard let self, state.withLock({ $0?.isContinuing ?? false }) else { return }
            continueAsHome()
        }
    }

    func takeOver(backups: [NodeID]?, _ end: @escaping TakeoverEnd) {
        let journal = state.withLock { state -> ReplicatedJournal? in
            guard state?.isStopping == false else { return nil }
            state?.takeovers.append(end)
            return state?.journal
        }
        guard let journal else { return end(.failure(.underway)) }
        journal.takeOver(backups: backups)
    }

    func expel(_ nodes: Set<NodeID>) { journal?.expel(nodes) }
    func change(backups: [NodeID]) -> Bool { journal?.change(backups: backups) ?? false }

    func meet(_ stores: [StorePlace]) {
        state.withLock { $0?.stores = stores }
        home?.meet(stores)
    }

    private func lead(_ epoch: UInt64) {
        guard
            let (directory, journal, role, stores) = state.withLock({ state in
                state.flatMap { state in state.directory.map { ($0, state.journal, state.role, state.stores) } }
            })
        else { return }
        if case .backup(let backup) = role { backup.close() }
        do throws(VolumeStoreError) {
            let failed: @Sendable (VolumeStoreError) -> Void = { [weak self] error in
                guard let self else { return }
                retrying.async { self.fail(error) }
            }
            let home = try RunningHome(
                id, in: directory, journal, epoch: epoch, surroundings, pools, options, onEnd: failed)
            guard assume(.home(home)) else { return home.stop() }
            home.meet(stores)
            report(.leads(epoch: epoch))
            endTakeovers(.success(()))
        } catch { fail(error) }
    }

    /// - Returns: `false` when it is about to end.
    private func assume(_ role: Role) -> Bool {
        state.withLock { state in
            guard state?.isStopping == false else { return false }
            state?.role = role
            guard case .home = role else { return true }
            state?.isContinuing = false
            state?.successor = nil
            return true
        }
    }

    private func deposed(by epoch: UInt64) {
        guard
            let (directory, journal) = state.withLock({ state in
                state.flatMap { state in state.directory.map { ($0, state.journal) } }
            })
        else { return }
        home?.depose(by: epoch)
        report(.deposed(by: epoch))
        do throws(VolumeStoreError) {
            let backup = try backup(directory, journal)
            guard assume(.backup(backup)) else { return backup.close() }
        } catch { fail(error) }
        endTakeovers(.failure(.superseded(by: epoch)))
        askForSuccessor()
    }

    /// A node that took over tells nothing to one that it left out, which asks: it tries to go on as the home, as after a start.
    private func askForSuccessor() {
        guard let journal, journal.replica.log.membership.set.home == surroundings.node else { return }
        state.withLock { $0?.isContinuing = true }
        // Not while the other one is about to take over, which this would end.
        let limit = DispatchTimeInterval.microseconds(Int(options.journal.takeoverLimit.rawValue))
        retrying.asyncAfter(deadline: .now() + limit) { [weak self] in self?.continueAsHome(after: Self.pause) }
    }

    private func refused(_ refusal: TakeoverRefusal) {
        endTakeovers(.failure(refusal))
        let isContinuing = state.withLock { state in
            if refusal.isFinal { state?.isContinuing = false }
            if case .moved(let home) = refusal { state?.successor = home }
            return state?.isContinuing ?? false
        }
        if isContinuing { continueAsHome(after: Self.pause) }
    }

    private func endTakeovers(_ result: Result<Void, TakeoverRefusal>) {
        let ends = state.withLock { state in
            defer { state?.takeovers = [] }
            return state?.takeovers ?? []
        }
        for end in ends { end(result) }
    }

    private func fail(_ error: VolumeStoreError) {
        if error == .closed { return }
        if case .deposed = error, home != nil { return }
        let home = home
        guard assume(.failed("\(error)")) else { return }
        home?.stop()
        report(.failed("\(error)"))
        endTakeovers(.failure(.underway))
    }

    private func report(_ news: VolumeNews) { surroundings.report(id, header?.traits.name, news) }

    // MARK: Copies of the state

    private func sendCopy(to node: NodeID) {
        guard
            let (directory, journal) = state.withLock({ state in
                state.flatMap { state in state.directory.map { ($0, state.journal) } }
            })
        else { return }
        do {
            guard let pool = pools.pool(to: node) else { throw FrameError.unreachable("it is not known where \(node) is") }
            let sending = CopySending(volume: id, state: directory.state, copy: path + "/copy-\(node).sqlite")
            journal.sentCopy(try sending.send(over: pool), to: node)
            report(.copied(to: node))
        } catch {
            report(.notCopied(to: node, "\(error)"))
            retrying.asyncAfter(deadline: .now() + Self.pause) { journal.failedCopy(to: node) }
        }
    }

    /// Begins anew with the copy that came from the home.
    private func restart(after position: LogPosition) {
        let before = state.withLock { state -> State? in
            guard state?.isStopping == false else { return nil }
            defer { state?.directory = nil }
            return state
        }
        guard var before, let (message, sender) = before.install else { return }
        if case .backup(let backup) = before.role { backup.close() }
        let promised = before.journal.replica.log.promised
        before.journal.close()
        before.directory = nil
        do throws(VolumeStoreError) {
            let isReplaced = try copies.withCopy(of: id, at: position, from: sender) { copy throws(VolumeStoreError) in
                try VolumeDatabase.replace(directory: path, from: copy, volume: id, at: position, promised: promised)
                return true
            }
            var opened = try open()
            opened.stores = before.stores
            let isWanted = state.withLock { [opened] state in
                guard state?.isStopping == false else { return false }
                state = opened
                return true
            }
            guard isWanted else { return Self.end(opened) }
            if isReplaced ?? false { opened.journal.receive(message, from: sender) }
        } catch { fail(error) }
    }

    // MARK: End

    /// Makes durable what was carried out, and lets the files go. Blocks.
    func stop() {
        let last = state.withLock { state -> State? in
            guard state?.isStopping == false else { return nil }
            state?.isStopping = true
            state?.isContinuing = false
            return state
        }
        guard let last else { return }
        Self.end(last)
        let takeovers = state.withLock { state in
            defer { state = nil }
            return state?.takeovers ?? []
        }
        for end in takeovers { end(.failure(.underway)) }
    }

    private static func end(_ state: State) {
        switch state.role {
        case .home(let home): home.stop()
        case .backup(let backup): backup.close()
        case .failed: break
        }
        state.journal.close()
    }
}

extension TakeoverRefusal {
    /// Whether another attempt comes to the same, unless people do something.
    fileprivate var isFinal: Bool {
        switch self {
        case .moved, .notMember, .tooManySets, .behind: true
        case .unheard, .superseded, .underway: false
        }
    }
}
