internal import Dispatch
internal import Glibc
internal import Mounts
internal import Resources
internal import Synchronization
internal import Volumes

/// Room in the volume that this session was promised, and in its stores, so that a write finds out that there is none, and not what
/// comes after it.
final class Promises: Sendable {
    private struct State {
        /// Promised by the home and not taken; less than nothing when more was written than promised.
        var free: Int64 = 0
        /// How much is asked for at once; `nil` as long as it is not known how much the volume holds.
        var portion: Int64?
        /// Another one each time that something is taken.
        var turn: UInt64 = 0
        var isReturning = false
    }

    /// How much is asked for at once at most: so much, and so large a part of what the volume holds, for others want to write, too.
    private static let mostPortion: Int64 = 64 << 20
    private static let leastShare: Int64 = 64

    private let home: HomeLink
    private let blocks: BlockPool
    private let state = Mutex(State())
    private let returning = OwnThreads(label: "surplus.volume.quota")
    private let rest: Microseconds

    /// - Parameter rest: after so long without a write what was promised is given back.
    init(_ home: HomeLink, _ blocks: BlockPool, rest: Microseconds) {
        (self.home, self.blocks, self.rest) = (home, blocks, rest)
    }

    /// What the home has set aside for this session, in bytes.
    var free: UInt64 { UInt64(max(0, state.withLock(\.free))) }

    /// - Returns: the session that was promised it.
    /// - Throws: ``PosixError/noSpace``.
    func take(_ bytes: Int) throws(PosixError) -> SessionID {
        let session = try takeQuota(bytes)
        do throws(PosixError) { try promise(bytes) } catch {
            releaseQuota(bytes, of: session)
            throw error
        }
        // Of a session that is over meanwhile all was forgotten.
        if home.session != session { blocks.settle(bytes) }
        return session
    }

    /// So long room is waited for that is on its way, and so often it is looked whether it has come.
    private static let patience = Duration.seconds(20)
    private static let pause: useconds_t = 200_000

    /// What was deleted counts as free in the volume at once, and in the stores when they have won it back. Stores that cannot be reached
    /// may be back in a moment.
    private func promise(_ bytes: Int) throws(PosixError) {
        let start = ContinuousClock.now
        while true {
            do throws(PosixError) { return try blocks.promise(bytes) } catch {
                let waited = ContinuousClock.now - start
                switch error {
                case .noSpace where waited < Self.patience && isOnItsWay(bytes): break
                case .inputOutput where waited < home.options.patience && !home.isOver: break
                default: throw error
                }
            }
            usleep(Self.pause)
            if Mount.isCallInterrupted { throw .interrupted }
            blocks.tryAgain()
        }
    }

    /// Whether stores have more than the volume: that is deleted, or about to be.
    private func isOnItsWay(_ bytes: Int) -> Bool {
        guard case .space(let header)? = try? home.ask(.space) else { return false }
        // In a store a block takes a little more than its content; some may be there that the home was not told of yet.
        let content = header.used + header.used / 16 + blocks.promised
        return blocks.held() > content * UInt64(blocks.copies) + UInt64(bytes)
    }

    private func takeQuota(_ bytes: Int) throws(PosixError) -> SessionID {
        let needed = Int64(bytes)
        while true {
            let taken = state.withLock { state -> (session: SessionID, isFirst: Bool)? in
                guard state.free >= needed else { return nil }
                state.free -= needed
                state.turn += 1
                defer { state.isReturning = true }
                return (home.session, !state.isReturning)
            }
            if let taken {
                if taken.isFirst { returnLater() }
                return taken.session
            }
            do throws(PosixError) {
                try ask(max(needed, try portion()))
            } catch .noSpace {
                try ask(needed)
            }
        }
    }

    private func portion() throws(PosixError) -> Int64 {
        if let known = state.withLock(\.portion) { return known }
        guard case .space(let header) = try home.ask(.space) else { throw .protocolFault }
        let portion = min(Self.mostPortion, Int64(clamping: header.capacity) / Self.leastShare)
        state.withLock { $0.portion = portion }
        return portion
    }

    /// What was taken is not needed.
    func release(_ bytes: Int, of session: SessionID) {
        releaseQuota(bytes, of: session)
        settle(bytes, of: session)
    }

    /// What was written in a session that is over is stored in this one, without having been promised.
    func owe(_ bytes: Int) {
        state.withLock { $0.free -= Int64(bytes) }
        blocks.owe(bytes)
    }

    private func releaseQuota(_ bytes: Int, of session: SessionID) {
        state.withLock { if home.session == session { $0.free += Int64(bytes) } }
    }

    /// What was taken is stored, and counts as used in the volume.
    func settle(_ bytes: Int, of session: SessionID) { if home.session == session { blocks.settle(bytes) } }

    private func ask(_ bytes: Int64) throws(PosixError) {
        let session = home.session
        _ = try home.change(.reserve(session, bytes: bytes), during: session)
        state.withLock { if home.session == session { $0.free += bytes } }
    }

    /// The session is over that was promised it.
    func forget() {
        state.withLock { $0.free = 0 }
        blocks.forgetGrants()
    }

    // MARK: Giving back

    private func returnLater() {
        let seen = state.withLock(\.turn)
        returning.asyncAfter(deadline: .now() + .microseconds(Int(rest.rawValue))) { [weak self] in
            guard let self else { return }
            let unneeded = state.withLock { state -> (bytes: Int64, session: SessionID)? in
                guard state.turn == seen else { return nil }
                defer { (state.free, state.portion, state.isReturning) = (min(0, state.free), nil, false) }
                return (max(0, state.free), home.session)
            }
            guard let unneeded else { return returnLater() }
            guard unneeded.bytes > 0, !home.isOver else { return }
            // Where the home cannot be told it stays set aside until the session is over.
            _ = try? home.change(.reserve(unneeded.session, bytes: -unneeded.bytes), during: unneeded.session)
        }
    }
}
