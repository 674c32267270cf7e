import Glibc
import Kernel
import Synchronization

/// A kernel on paper: files with what a test wrote into them. Directories hold the files that a new control group has.
package final class PaperKernel: KernelCalls {
    private struct State {
        var files: [String: String]
        var directories: Set<String> = []
        var writes: [String] = []
        var signals: [String] = []
    }

    private let state: Mutex<State>
    private let inNewDirectories: [String: String]

    /// - Parameter inNewDirectories: Files that a directory has as soon as it is made.
    package init(_ files: [String: String], inNewDirectories: [String: String] = [:]) {
        state = Mutex(State(files: files))
        self.inNewDirectories = inNewDirectories
    }

    /// What was written, as `path=text`, in order.
    package var writes: [String] { state.withLock { $0.writes } }
    package var signals: [String] { state.withLock { $0.signals } }
    package func put(_ text: String, at path: String) { state.withLock { $0.files[path] = text } }

    package func read(_ path: String) throws(KernelError) -> String {
        guard let text = state.withLock({ $0.files[path] }) else { throw KernelError("open \(path)", ENOENT) }
        return text
    }

    package func write(_ text: String, to path: String) throws(KernelError) {
        let isThere = state.withLock { state in
            guard state.files[path] != nil else { return false }
            state.files[path] = text
            state.writes.append("\(path)=\(text)")
            return true
        }
        guard isThere else { throw KernelError("open \(path)", ENOENT) }
    }

    package func makeDirectory(_ path: String) throws(KernelError) {
        state.withLock { state in
            guard state.directories.insert(path).inserted else { return }
            for (name, text) in inNewDirectories { state.files["\(path)/\(name)"] = state.files["\(path)/\(name)"] ?? text }
        }
    }

    package func removeDirectory(_ path: String) throws(KernelError) {
        state.withLock { state in
            state.directories.remove(path)
            state.files = state.files.filter { !$0.key.hasPrefix(path + "/") }
        }
    }

    package func subdirectories(of path: String) throws(KernelError) -> [String] {
        state.withLock { state in
            state.directories.filter { $0.hasPrefix(path + "/") && !$0.dropFirst(path.count + 1).contains("/") }
                .map { String($0.dropFirst(path.count + 1)) }.sorted()
        }
    }

    package func entries(of path: String) throws(KernelError) -> [String] {
        state.withLock { state in
            let below = (Array(state.files.keys) + state.directories).filter { $0.hasPrefix(path + "/") }
            return Set(below.map { String($0.dropFirst(path.count + 1).prefix { $0 != "/" }) }).sorted()
        }
    }

    package func exists(_ path: String) -> Bool {
        state.withLock { state in
            state.files[path] != nil || state.directories.contains(path) || state.files.keys.contains { $0.hasPrefix(path + "/") }
        }
    }

    package func signal(_ number: Int32, to process: pid_t) throws(KernelError) {
        state.withLock { $0.signals.append("\(process):\(number)") }
    }
}
