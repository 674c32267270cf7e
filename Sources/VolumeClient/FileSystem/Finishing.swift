internal import Resources
package import Volumes

extension VolumeFileSystem {
    /// Stores all that was written, makes it durable, and ends the session. To be called when the mount has ended.
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
        var failure: PosixError?
        let deadline = Instant.now + home.options.patience.microseconds
        for file in unfinished {
            do throws(PosixError) { try store(file, within: deadline - .now) } catch { failure = failure ?? error }
        }
        do throws(PosixError) { try home.synchronize() } catch { failure = failure ?? error }
        if let failure { throw failure }
    }
}
