package import Frames
internal import NIOCore
package import Resources
internal import Synchronization
package import Volumes

/// The metadata home of one volume on the network: takes requests off connections, and carries out what ``VolumeHome`` decides.
///
/// Records go to the journal in their order, before anything is answered that tells of them; what has to be durable first waits in the
/// home.
package final class HomeServer<State: VolumeState & Sendable>: FrameService {
    package typealias Done = @Sendable (Result<FrameMessage, FrameRefusal>) -> Void

    package var codes: ClosedRange<UInt16> { HomeRequest.codes }

    private let volume: VolumeID
    private let desk: Mutex<HomeDesk<State>>
    private let clock: @Sendable () -> Moment
    private let journal: @Sendable (Record) -> Void
    private let rule: VolumeRule

    /// - Parameter journal: is given each record, in order; ``becameDurable(_:)`` is to be called when it has them for good. Must not
    ///   call back itself.
    package init(
        _ home: sending VolumeHome<State>, of volume: VolumeID, rule: @escaping VolumeRule,
        clock: @escaping @Sendable () -> Moment,
        journal: @escaping @Sendable (Record) -> Void
    ) {
        self.volume = volume
        desk = Mutex(HomeDesk(home: home))
        self.rule = rule
        self.clock = clock
        self.journal = journal
    }

    // MARK: Requests

    package func answer(_ request: FrameMessage, from caller: FrameCaller) throws(FrameRefusal) -> FrameMessage {
        throw FrameRefusal(.failed, "a home answers when it can")
    }

    package func begin(_ request: FrameMessage, from caller: FrameCaller, done: @escaping Done) {
        do throws(FrameRefusal) {
            let message = try read(request, from: caller)
            carryOut { desk in
                desk.next += 1
                let key = RequestKey(session: message.session, number: desk.next)
                switch message.request {
                case .begin, .resume: desk.takeUp(message.session, on: caller)
                default:
                    guard desk.connections[message.session]?.number == caller.number else {
                        return [{ done(.success(FrameMessage(.refused(.stale)))) }]
                    }
                }
                desk.open[key] = done
                return desk.carryOut(desk.home.receive(message.request, key, at: clock()), journal)
            }
        } catch {
            done(.failure(error))
        }
    }

    private func read(_ request: FrameMessage, from caller: FrameCaller) throws(FrameRefusal) -> HomeMessage {
        let message: HomeMessage
        do throws(MalformedMessage) {
            message = try HomeMessage(code: request.code, encoded: Array(buffer: request.body))
        } catch {
            throw FrameRefusal(.malformed, "a request to a home that makes no sense: \(error)")
        }
        guard message.volume == volume else { throw FrameRefusal(.unknown, "\(message.volume) has its home elsewhere") }
        switch message.request {
        case .begin(let node), .resume(let node):
            guard node == caller.node else { throw FrameRefusal(.notPermitted, "a session of another node") }
        default: break
        }
        if let reason = rule(caller.node, .read, volume) { throw FrameRefusal(.notPermitted, reason) }
        return message
    }

    /// Records up to this one are durable.
    package func becameDurable(_ record: UInt64) {
        carryOut { desk in desk.carryOut(desk.home.becomeDurable(record), journal) }
    }

    /// To be called about once a second.
    package func tick() {
        carryOut { desk in desk.carryOut(desk.home.tick(clock()), journal) }
    }

    /// What was decided is done when the desk is free again.
    private func carryOut(_ body: (inout sending HomeDesk<State>) -> sending [HomeWork]) {
        for work in desk.withLock(body) { work() }
    }
}

private typealias HomeWork = @Sendable () -> Void

/// The home, and who waits for it on which connection.
private struct HomeDesk<State: VolumeState & Sendable> {
    var home: VolumeHome<State>
    var connections: [SessionID: FrameCaller] = [:]
    var open: [RequestKey: HomeServer<State>.Done] = [:]
    var next: UInt64 = 0

    /// A session is on this connection now; what was asked on another one is not answered there.
    mutating func takeUp(_ session: SessionID, on caller: FrameCaller) {
        connections[session] = caller
        open = open.filter { $0.key.session != session }
    }

    mutating func carryOut(_ directives: [HomeDirective], _ journal: (Record) -> Void) -> [HomeWork] {
        var work: [HomeWork] = []
        for directive in directives {
            switch directive {
            case .journal(let record): journal(record)
            case .answer(let key, let answer):
                guard let done = open.removeValue(forKey: key) else { continue }
                work.append { done(.success(FrameMessage(answer))) }
            case .recall(let recall, let session):
                guard let caller = connections[session] else { continue }
                let body = ByteBuffer(bytes: recall.encoded(for: session))
                work.append { caller.notify(FrameMessage(code: LeaseRecall.code, body: body)) }
            case .expel(let session, let reason):
                guard let caller = connections.removeValue(forKey: session) else { continue }
                open = open.filter { $0.key.session != session }
                work.append { caller.cut(because: reason) }
            case .wake: break
            }
        }
        return work
    }
}

extension FrameMessage {
    init(_ answer: HomeAnswer) { self.init(code: answer.code, body: ByteBuffer(bytes: answer.encoded)) }
}
