internal import Dispatch
internal import Frames
internal import NIOCore
internal import Resources
internal import VolumeStore
package import Volumes

/// A home, and where its records go.
package struct KeptHome<State: VolumeState> {
    var home: VolumeHome<State>
    let records: any HomeRecords

    package init(_ home: VolumeHome<State>, _ records: any HomeRecords) {
        self.home = home
        self.records = records
    }
}

typealias HomeWork = @Sendable () -> Void

/// The home, and who waits for it on which connection. What it returns is to be done when nobody waits for the desk.
struct HomeDesk<State: VolumeState> {
    private var home: VolumeHome<State>
    private let records: any HomeRecords
    private let volume: VolumeID
    private let listeners: HomeListeners
    private var connections: [SessionID: FrameCaller] = [:]
    private var open: [RequestKey: HomeServer<State>.Done] = [:]
    private var next: UInt64 = 0
    private var ticked: Instant
    /// Why nothing is answered any more.
    private var end: FrameRefusal?
    private(set) var failure: VolumeStoreError?

    /// After so long without a tick the home itself was held up, and not its sessions.
    private static var longestPause: Microseconds { .seconds(3) }

    init(
        _ kept: KeptHome<State>, of volume: VolumeID, at now: Instant, _ listeners: HomeListeners
    ) {
        (home, records) = (kept.home, kept.records)
        (self.volume, self.listeners) = (volume, listeners)
        ticked = now
    }

    // MARK: What happens

    mutating func receive(
        _ message: HomeMessage, from caller: FrameCaller, at now: Moment, _ done: @escaping HomeServer<State>.Done
    ) -> [HomeWork] {
        if let end { return [{ done(.failure(end)) }] }
        guard records.isInCharge else {
            let refusal = FrameRefusal(
                .busy, "the home of \(volume) hears of too few of its backups to know that it is still the home")
            return [{ done(.failure(refusal)) }]
        }
        var work: [HomeWork] = []
        switch message.request {
        case .begin, .resume:
            let owner = home.volume.state.session(message.session)?.node
            guard owner == nil || owner == caller.node else {
                return [{ done(.success(FrameMessage(home: .refused(.notPermitted)))) }]
            }
            work = takeUp(message.session, on: caller)
        default:
            guard connections[message.session]?.number == caller.number else {
                return [{ done(.success(FrameMessage(home: .elsewhere))) }]
            }
        }
        next += 1
        let key = RequestKey(session: message.session, number: next)
        open[key] = done
        return work + act { $0.receive(message.request, key, at: now) }
    }

    /// A session is on this connection now; what was asked on another one is not answered there.
    private mutating func takeUp(_ session: SessionID, on caller: FrameCaller) -> [HomeWork] {
        let before = connections.updateValue(caller, forKey: session)
        var work = leave(session, FrameRefusal(.failed, "the session goes on elsewhere"))
        if let before, before.number != caller.number { work.append { before.cut(because: "its session goes on elsewhere") } }
        return work
    }

    private mutating func leave(_ session: SessionID, _ refusal: FrameRefusal) -> [HomeWork] {
        let left = open.filter { $0.key.session == session }
        for key in left.keys { open[key] = nil }
        return left.values.map { done in { done(.failure(refusal)) } }
    }

    mutating func tick(_ now: Moment) -> [HomeWork] {
        // What it would decide might not hold; sessions cannot reach it either, and are excused.
        guard records.isInCharge else { return attempt { records throws(VolumeStoreError) in try records.check() } }
        defer { ticked = now.instant }
        if now.instant - ticked > Self.longestPause { home.excuseSilence(at: now.instant) }
        return act { $0.tick(now) } + attempt { records throws(VolumeStoreError) in try records.tend() }
    }

    /// Has the home decide, and does what it says.
    mutating func act(_ body: (inout VolumeHome<State>) -> [HomeDirective]) -> [HomeWork] {
        guard end == nil else { return [] }
        let directives = body(&home)
        let failed = attempt { records throws(VolumeStoreError) in
            for case .journal(let record) in directives { try records.enter(record) }
            try records.check()
        }
        return failed + (end == nil ? directives.flatMap { carryOut($0) } : [])
    }

    private mutating func carryOut(_ directive: HomeDirective) -> [HomeWork] {
        switch directive {
        case .journal(let record): return lacking(record)
        case .wake: return []
        case .settle(let record):
            records.settle(record)
            return []
        case .answer(let key, let answer):
            guard let done = open.removeValue(forKey: key) else { return [] }
            return [{ done(.success(FrameMessage(home: answer))) }]
        case .recall(let recall, let session):
            guard let caller = connections[session] else { return [] }
            let body = ByteBuffer(bytes: recall.encoded(for: session))
            return [{ caller.notify(FrameMessage(code: LeaseRecall.code, body: body)) }]
        case .left(let node): return [{ [listeners] in listeners.left(node) }]
        case .damaged(let block, let node): return [{ [listeners] in listeners.damaged(block, node) }]
        case .storesChanged(let session):
            guard let caller = connections[session] else { return [] }
            let body = ByteBuffer(bytes: StoresNotice(session: session).encoded)
            return [{ caller.notify(FrameMessage(code: StoresNotice.code, body: body)) }]
        case .lockGranted(let wait, let session):
            guard let caller = connections[session] else { return [] }
            let body = ByteBuffer(bytes: LockNotice(session: session, wait: wait).encoded)
            return [{ caller.notify(FrameMessage(code: LockNotice.code, body: body)) }]
        case .expel(let session, let reason):
            let work = leave(session, FrameRefusal(.failed, reason))
            guard let caller = connections.removeValue(forKey: session) else { return work }
            return work + [{ caller.cut(because: reason) }]
        }
    }

    /// Blocks that a writer has stored on fewer nodes than they are to be on.
    private func lacking(_ record: Record) -> [HomeWork] {
        guard case .write(_, let blocks, _) = record.operation else { return [] }
        let copies = home.volume.state.header.traits.copies
        let few = blocks.filter { $0.replicas.count < copies }.map(\.id)
        return few.isEmpty ? [] : [{ [listeners] in listeners.lacking(few) }]
    }

    var header: VolumeHeader? { end == nil ? home.volume.state.header : nil }

    var sessions: [Session] { end == nil ? home.volume.state.allSessions.sorted { $0.id < $1.id } : [] }

    mutating func write(
        _ operation: Volumes.Operation, at now: Moment
    ) -> (work: [HomeWork], result: Result<Void, PosixError>) {
        guard end == nil else { return ([], .failure(.stale)) }
        var result = Result<Void, PosixError>.success(())
        let work = act { home in
            do throws(PosixError) { return try home.carryOut(operation, at: now) } catch {
                result = .failure(error)
                return []
            }
        }
        return (work, end == nil ? result : .failure(.inputOutput))
    }

    mutating func attend(
        _ decide: @Sendable (State) -> [Volumes.Operation], at now: Moment
    ) -> (work: [HomeWork], isAsked: Bool) {
        guard end == nil, !home.isRecovering, records.isInCharge else { return ([], false) }
        var work: [HomeWork] = []
        for operation in decide(home.volume.state) { work += act { (try? $0.carryOut(operation, at: now)) ?? [] } }
        return (work + attempt { records throws(VolumeStoreError) in try records.check() }, end == nil)
    }

    // MARK: End

    /// Does something with the records; when that fails, the home ends.
    private mutating func attempt(_ body: (any HomeRecords) throws(VolumeStoreError) -> Void) -> [HomeWork] {
        guard end == nil else { return [] }
        do throws(VolumeStoreError) {
            try body(records)
            return []
        } catch { return fail(error) }
    }

    private mutating func fail(_ error: VolumeStoreError) -> [HomeWork] {
        failure = error
        let work = finish(FrameRefusal(.failed, "the home of \(volume) has stopped: \(error)"))
        return work + [{ [listeners] in listeners.ended(error) }]
    }

    mutating func stop(within patience: DispatchTimeInterval) -> [HomeWork] {
        guard end == nil else { return [] }
        var work: [HomeWork] = []
        do throws(VolumeStoreError) {
            try records.commit(within: patience)
            let last = home.volume.state.header.applied
            work = act { $0.becomeDurable(last) }
        } catch {
            guard case .unsettled = error else { return fail(error) }
            // The journal has what was carried out all the same; who waits for it asks whoever goes on with that.
            records.end()
        }
        return work + (end == nil ? finish(FrameRefusal(.busy, "the home of \(volume) is being stopped")) : [])
    }

    mutating func depose(by epoch: UInt64) -> [HomeWork] {
        guard end == nil else { return [] }
        let notice = FrameMessage(code: MovedNotice.code, body: ByteBuffer(bytes: MovedNotice(volume: volume).encoded))
        let callers = connections.values.map { caller in { @Sendable in _ = caller.notify(notice) } }
        return callers + finish(FrameRefusal(.busy, "\(volume) has another home since epoch \(epoch); look for that"))
    }

    private mutating func finish(_ refusal: FrameRefusal) -> [HomeWork] {
        end = refusal
        let left = open.values.map { done in { @Sendable in done(.failure(refusal)) } }
        (open, connections) = ([:], [:])
        records.close()
        return left
    }
}

extension FrameMessage {
    init(home answer: HomeAnswer) { self.init(code: answer.code, body: ByteBuffer(bytes: answer.encoded)) }
}
