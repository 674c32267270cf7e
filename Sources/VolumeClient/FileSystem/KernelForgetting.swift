internal import Dispatch
internal import Mounts
internal import Resources
internal import Synchronization

/// Has the kernel forget what it keeps of files.
///
/// It waits for calls under way that use a file or a directory, and these may wait for the home or for stores: such a file holds up
/// nothing but a thread.
final class KernelForgetting: Sendable {
    private struct State {
        var rest: ArraySlice<ClientFile>
        /// Since when each thread is at its file.
        var current: [Int: Instant] = [:]
        var threads = 0
        var next = 0
    }

    /// So many threads are not held up, and so many there are at most.
    private static let (lanes, most) = (16, 512)
    /// Whatever takes longer is held up.
    private static let patience = Microseconds.milliseconds(25)

    private let mount: Mount
    private let state: Mutex<State>
    private let threads = OwnThreads(label: "surplus.volume.forgetting")
    private let group = DispatchGroup()

    init(of files: [ClientFile], by mount: Mount) {
        for file in files { file.state.withLock { $0.forgetting += 1 } }
        state = Mutex(State(rest: files[...]))
        self.mount = mount
    }

    /// - Parameter patience: comes back after so long at the latest; it goes on then.
    func run(within patience: Microseconds) {
        addThreads()
        threads.async { [self] in
            while group.wait(timeout: .now() + .microseconds(Int(Self.patience.rawValue))) == .timedOut { addThreads() }
        }
        _ = group.wait(timeout: .now() + .microseconds(Int(patience.rawValue)))
    }

    /// Takes on threads in the place of those that are held up.
    private func addThreads() {
        let now = Instant.now
        let added = state.withLock { state in
            let heldUp = state.current.values.count { now - $0 > Self.patience }
            let missing = max(0, min(Self.lanes - (state.threads - heldUp), state.rest.count, Self.most - state.threads))
            state.threads += missing
            state.next += missing
            return state.next - missing..<state.next
        }
        for thread in added { threads.async(group: group) { [self] in work(thread) } }
    }

    private func work(_ thread: Int) {
        while let file = next(for: thread) { forget(file) }
    }

    private func next(for thread: Int) -> ClientFile? {
        state.withLock { state in
            let file = state.rest.popFirst()
            state.current[thread] = file.map { _ in .now }
            if file == nil { state.threads -= 1 }
            return file
        }
    }

    private func forget(_ file: ClientFile) {
        let names = file.state.withLock { state in
            defer { state.names = [] }
            return state.names
        }
        for name in names { try? mount.entryChanged(name, in: file.number) }
        try? mount.contentChanged(of: file.number)
        file.state.withLock { $0.forgetting -= 1 }
    }
}
