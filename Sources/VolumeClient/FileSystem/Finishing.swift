internal import Dispatch
internal import Resources
internal import Synchronization
package import Volumes

extension VolumeFileSystem {
    /// So many files are stored at once in the end.
    private static let finishers = 16

    /// Stores all that was written, makes it durable, and ends the session. To be called when the mount has ended. It takes as long as it
    /// goes on: only what has not got out within the patience that calls have is given up.
    ///
    /// - Throws: what went wrong first with what nobody has made durable; the session is over all the same.
    package func finish() throws(PosixError) {
        defer {
            blocks.giveBack()
            home.end()
        }
        let unfinished = allFiles.filter { $0.state.withLock { $0.isWriting || $0.error != nil } }
        guard !unfinished.isEmpty || home.hasUnsettled else { return }
        // Otherwise each file would wait for the home in vain.
        try home.awaitHome()
        var failure = storeAll(unfinished)
        do throws(PosixError) { try home.synchronize() } catch { failure = failure ?? error }
        if let failure { throw failure }
    }

    /// - Returns: what went wrong first.
    private func storeAll(_ files: [ClientFile]) -> PosixError? {
        let finish = Finish(files, home.options.patience.microseconds)
        let group = DispatchGroup()
        for _ in 0..<min(Self.finishers, files.count) {
            flights.async(group: group) { [self] in
                while let (file, deadline) = finish.next() {
                    do throws(PosixError) {
                        try store(file, within: deadline - .now)
                        finish.goesOn()
                    } catch { finish.failed(error) }
                }
            }
        }
        group.wait()
        return finish.failure
    }
}

/// Files that are stored in the end, and by when the next of them has to be.
private final class Finish: Sendable {
    private let state: Mutex<(rest: ArraySlice<ClientFile>, deadline: Instant, failure: PosixError?)>
    private let patience: Microseconds

    init(_ files: [ClientFile], _ patience: Microseconds) {
        state = Mutex((files[...], .now + patience, nil))
        self.patience = patience
    }

    func next() -> (file: ClientFile, deadline: Instant)? {
        state.withLock { state in state.rest.popFirst().map { ($0, state.deadline) } }
    }

    func goesOn() { state.withLock { $0.deadline = .now + patience } }
    func failed(_ error: PosixError) { state.withLock { $0.failure = $0.failure ?? error } }
    var failure: PosixError? { state.withLock(\.failure) }
}
