package import Dispatch
package import Frames
internal import NIOCore
package import Resources
internal import Synchronization
package import VolumeStore
package import Volumes

/// The metadata home of one volume on the network: takes requests off connections, and carries out what ``VolumeHome`` decides.
///
/// Records go to the journal in their order, before anything is answered that tells of them; what has to be durable first waits in the
/// home. When the journal or the state fails nothing is answered any more but that, and why.
package final class HomeServer<State: VolumeState>: FrameService {
    package typealias Done = @Sendable (Result<FrameMessage, FrameRefusal>) -> Void

    package var codes: ClosedRange<UInt16> { HomeRequest.codes }

    private let volume: VolumeID
    private let desk: Mutex<HomeDesk<State>>
    private let clock: @Sendable () -> Moment
    private let rule: VolumeRule
    private let listeners: HomeListeners

    /// - Parameters:
    ///   - kept: a home, and where its records go.
    ///   - listeners: are told what happens.
    package init(
        _ kept: sending KeptHome<State>, of volume: VolumeID, rule: @escaping VolumeRule, clock: @escaping @Sendable () -> Moment,
        _ listeners: HomeListeners = HomeListeners()
    ) {
        self.volume = volume
        self.rule = rule
        self.clock = clock
        self.listeners = listeners
        desk = Mutex(HomeDesk(kept, of: volume, at: clock().instant, listeners))
    }

    /// Why it has ended by itself; `nil` while it goes on.
    package var failure: VolumeStoreError? { desk.withLock { $0.failure } }

    // MARK: Requests

    package func answer(_ request: FrameMessage, from caller: FrameCaller) throws(FrameRefusal) -> FrameMessage {
        throw FrameRefusal(.failed, "a home answers when it can")
    }

    package func begin(_ request: FrameMessage, from caller: FrameCaller, done: @escaping Done) {
        do throws(FrameRefusal) {
            let message = try read(request, from: caller)
            switch message.request {
            case .begin, .resume: listeners.coming(caller.node) { [self] in take(message, from: caller, done) }
            default: take(message, from: caller, done)
            }
        } catch {
            done(.failure(error))
        }
    }

    private func take(_ message: HomeMessage, from caller: FrameCaller, _ done: @escaping Done) {
        carryOut { desk in desk.receive(message, from: caller, at: clock(), done) }
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

    // MARK: What happens beside

    /// Records up to this one are durable.
    package func becameDurable(_ record: UInt64) {
        carryOut { desk in desk.act { $0.becomeDurable(record) } }
    }

    /// To be called about once a second.
    package func tick() {
        let now = clock()
        carryOut { desk in desk.tick(now) }
    }

    /// Has a body look at the metadata, and writes what it returns before anything else happens. What is refused is passed over.
    ///
    /// - Returns: `false` when the body was not asked: while sessions are recovering, the home is not in charge, or after its end.
    package func attend(_ decide: @Sendable (State) -> [Volumes.Operation]) -> Bool {
        let now = clock()
        let (work, isAsked) = desk.withLock { $0.attend(decide, at: now) }
        for item in work { item() }
        return isAsked
    }

    /// Writes a record that no session asked for (``VolumeHome/carryOut(_:at:)``).
    package func write(_ operation: Volumes.Operation) -> Result<Void, PosixError> {
        let now = clock()
        let (work, result) = desk.withLock { $0.write(operation, at: now) }
        for item in work { item() }
        return result
    }

    /// What is known of the volume as a whole; `nil` after its end.
    package var header: VolumeHeader? { desk.withLock { $0.header } }

    /// In the order of their ids.
    package var sessions: [Session] { desk.withLock { $0.sessions } }

    /// Tells sessions where blocks can be.
    package func meet(_ stores: [StorePlace]) { carryOut { desk in desk.act { $0.meet(stores) } } }

    /// Another node is the home: nothing is answered any more but that, and sessions are told to look for it.
    package func depose(by epoch: UInt64) { carryOut { desk in desk.depose(by: epoch) } }

    /// Makes durable what was carried out, answers those who wait for that, and ends. Sessions can go on with the home that begins
    /// next.
    ///
    /// - Parameter patience: so long it waits for that at most; what is not durable by then was acknowledged to nobody.
    package func stop(within patience: DispatchTimeInterval = .seconds(5)) {
        carryOut { desk in desk.stop(within: patience) }
    }

    /// What was decided is done when the desk is free again.
    private func carryOut(_ body: (inout sending HomeDesk<State>) -> sending [HomeWork]) {
        for work in desk.withLock(body) { work() }
    }
}
