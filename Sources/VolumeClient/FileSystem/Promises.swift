internal import Synchronization
internal import Volumes

/// Room in the volume that this session was promised, so that a write finds out that there is none, and not what comes after it.
final class Promises: Sendable {
    /// How much is asked for at once.
    private static let portion: Int64 = 64 << 20

    private let home: HomeLink
    private let free = Mutex<Int64>(0)

    init(_ home: HomeLink) { self.home = home }

    /// - Throws: ``PosixError/noSpace``.
    func take(_ bytes: Int) throws(PosixError) {
        let needed = Int64(bytes)
        while !free.withLock({ free in
            guard free >= needed else { return false }
            free -= needed
            return true
        }) {
            do throws(PosixError) {
                try ask(max(needed, Self.portion))
            } catch .noSpace {
                try ask(needed)
            }
        }
    }

    private func ask(_ bytes: Int64) throws(PosixError) {
        let session = home.session
        _ = try home.change(.reserve(session, bytes: bytes), during: session)
        free.withLock { if home.session == session { $0 += bytes } }
    }

    /// The session is over that was promised it.
    func forget() { free.withLock { $0 = 0 } }
}
