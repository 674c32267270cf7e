internal import Glibc
internal import Resources
internal import Synchronization
internal import Volumes

/// Room in the volume that this session was promised, and in its stores, so that a write finds out that there is none, and not what
/// comes after it.
final class Promises: Sendable {
    /// How much is asked for at once.
    private static let portion: Int64 = 64 << 20

    private let home: HomeLink
    private let blocks: BlockPool
    private let free = Mutex<Int64>(0)

    init(_ home: HomeLink, _ blocks: BlockPool) { (self.home, self.blocks) = (home, blocks) }

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

    /// What was deleted counts as free in the volume at once, and in the stores when they have won it back.
    private func promise(_ bytes: Int) throws(PosixError) {
        let end = ContinuousClock.now + Self.patience
        while true {
            do throws(PosixError) { return try blocks.promise(bytes) } catch {
                guard error == .noSpace, ContinuousClock.now < end, isOnItsWay(bytes) else { throw error }
            }
            usleep(Self.pause)
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
            let session = free.withLock { free -> SessionID? in
                guard free >= needed else { return nil }
                free -= needed
                return home.session
            }
            if let session { return session }
            do throws(PosixError) {
                try ask(max(needed, Self.portion))
            } catch .noSpace {
                try ask(needed)
            }
        }
    }

    /// What was taken is not needed.
    func release(_ bytes: Int, of session: SessionID) {
        releaseQuota(bytes, of: session)
        settle(bytes, of: session)
    }

    /// What was written in a session that is over is stored in this one, without having been promised.
    func owe(_ bytes: Int) {
        free.withLock { $0 -= Int64(bytes) }
        blocks.owe(bytes)
    }

    private func releaseQuota(_ bytes: Int, of session: SessionID) {
        free.withLock { if home.session == session { $0 += Int64(bytes) } }
    }

    /// What was taken is stored, and counts as used in the volume.
    func settle(_ bytes: Int, of session: SessionID) { if home.session == session { blocks.settle(bytes) } }

    private func ask(_ bytes: Int64) throws(PosixError) {
        let session = home.session
        _ = try home.change(.reserve(session, bytes: bytes), during: session)
        free.withLock { if home.session == session { $0 += bytes } }
    }

    /// The session is over that was promised it.
    func forget() {
        free.withLock { $0 = 0 }
        blocks.forgetGrants()
    }
}
