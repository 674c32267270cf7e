internal import Dispatch
internal import Resources
internal import Synchronization
package import Volumes

// What is kept here of inodes is bounded: what the kernel has forgotten is forgotten here, too, and its lease given back; when there is
// too much of it, the kernel is asked to forget.

/// Leases on their way back to the home, several at once, and files that are not open any more.
final class LeaseReturns: Sendable {
    private let waiting = Mutex<[LeaseReturn]>([])
    private let closed = Mutex<Set<InodeNumber>>([])

    /// - Returns: whether it is the first that waits.
    func add(_ returned: LeaseReturn) -> Bool {
        waiting.withLock { waiting in
            waiting.append(returned)
            return waiting.count == 1
        }
    }

    /// The home has not heard of these.
    func addAgain(_ returned: [LeaseReturn]) { waiting.withLock { $0 += returned } }

    func addClosed(_ number: InodeNumber) { closed.withLock { _ = $0.insert(number) } }

    func takeClosed() -> [InodeNumber] {
        closed.withLock { closed in
            defer { closed = [] }
            return closed.sorted()
        }
    }

    /// Whatever was had is not any more.
    func forget() {
        waiting.withLock { $0 = [] }
        closed.withLock { $0 = [] }
    }

    /// As many as go into one request.
    func take() -> [LeaseReturn] {
        waiting.withLock { waiting in
            let page = Array(waiting.prefix(HomeRequest.mostItems))
            waiting.removeFirst(page.count)
            return page
        }
    }
}

extension VolumeFileSystem {
    /// So long leases wait for others to go back with them.
    private static let gathering = DispatchTimeInterval.milliseconds(100)

    /// How many inodes something is kept of.
    package var keptCount: Int { files.withLock { $0.kept.count } }

    /// The kernel has been told of an inode once more.
    func countLookup(of number: InodeNumber) { file(number).state.withLock { $0.lookups += 1 } }

    package func forget(_ number: InodeNumber, lookups: UInt64) {
        guard let file = known(number) else { return }
        file.state.withLock { $0.lookups -= min($0.lookups, lookups) }
        drop(file)
    }

    /// What was counted did not reach the kernel.
    func uncountLookup(of number: InodeNumber) { known(number)?.state.withLock { $0.lookups -= min($0.lookups, 1) } }

    /// Forgets a file unless something refers to it, and gives its lease back.
    func drop(_ file: ClientFile) {
        let returned = files.withLock { files -> LeaseReturn? in
            guard files.kept[file.number] === file else { return nil }
            return file.state.withLock { state in
                guard file.number != .root, state.isIdle else { return nil }
                files.kept[file.number] = nil
                // Older grants of it may be on their way, for nobody knows any more that they are old.
                raiseFloor(to: max(state.stamp, state.heeded))
                defer { (state.lease, state.inode) = (nil, nil) }
                return state.lease.map { _ in LeaseReturn(file.number, stamp: state.stamp) }
            }
        }
        guard let returned, returns.add(returned) else { return }
        recalls.asyncAfter(deadline: .now() + Self.gathering) { [self] in sendReturns() }
    }

    private func sendReturns() { while case let page = returns.take(), !page.isEmpty, giveBack(page) {} }

    /// Gives leases back; where the home is not there it is told when it is.
    ///
    /// - Returns: whether it has heard of it.
    @discardableResult
    func giveBack(_ returned: [LeaseReturn]) -> Bool {
        do throws(PosixError) { _ = try home.ask(.giveBack(returned)) } catch {
            guard !error.isUnheard else {
                returns.addAgain(returned)
                return false
            }
        }
        return true
    }

    /// Nobody has a file open here any more of which nothing is known; told as ``giveBack(_:)``.
    func tellClosed(_ number: InodeNumber) {
        do throws(PosixError) { _ = try home.ask(.close([number])) } catch {
            if error.isUnheard { returns.addClosed(number) }
        }
    }

    /// Tells the home what it could not be told while it was not there.
    func tellOwed() {
        recalls.async { [self] in
            sendReturns()
            for number in returns.takeClosed() where known(number)?.state.withLock({ $0.handles == 0 }) ?? true {
                tellClosed(number)
            }
        }
    }

    func raiseFloor(to stamp: UInt64) { floor.max(stamp, ordering: .acquiringAndReleasing) }

    // MARK: Too much

    /// So long after it was found that there is too much it is trimmed, and at most so often.
    private static let trimming = DispatchTimeInterval.milliseconds(200)

    func trimSoon() {
        forgetting.asyncAfter(deadline: .now() + Self.trimming) { [weak self] in
            guard let self else { return }
            let isWorthwhile = trim()
            let goesOn = files.withLock { files in
                files.isTrimming = isWorthwhile && files.kept.count > mostFiles
                return files.isTrimming
            }
            if goesOn { trimSoon() }
        }
    }

    /// Forgets what nothing refers to, then has the kernel forget names, which it tells of by and by.
    ///
    /// - Returns: whether there was anything to forget.
    private func trim() -> Bool {
        let (before, goal) = (keptCount, mostFiles / 8 * 7)
        for file in allFiles where file.state.withLock(\.isIdle) {
            guard keptCount > goal else { break }
            drop(file)
        }
        var excess = keptCount - goal
        let isLess = keptCount < before
        guard excess > 0, let mount = mount.withLock({ $0 }) else { return isLess }
        for file in allFiles where excess > 0 {
            let names = file.state.withLock { state in
                defer { state.names = [] }
                return state.names
            }
            for name in names { try? mount.entryChanged(name, in: file.number) }
            excess -= names.count
        }
        return isLess || excess < keptCount - goal
    }
}

/// What is kept of inodes.
struct KeptFiles {
    var kept: [InodeNumber: ClientFile] = [:]
    var isTrimming = false
}

extension ClientFile.State {
    /// Whether neither the kernel nor a program refers to it, and nothing has to be told of it.
    var isIdle: Bool { lookups == 0 && handles == 0 && !isWriting && error == nil }
}

extension PosixError {
    /// Whether the home may not have heard of what it was asked.
    var isUnheard: Bool { self == .inputOutput || self == .interrupted }
}
