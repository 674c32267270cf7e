import Glibc
import Kernel
import Synchronization

/// The running kernel with faults: calls on chosen paths fail, or only seem to be done.
package final class FaultyKernel: KernelCalls {
    package enum Fault: Sendable {
        /// Reading and writing fail with this error number.
        case fails(Int32)
        /// Writing succeeds and does nothing.
        case ignoresWrites
    }

    /// Stands for the signals that are sent, where a path is wanted.
    package static let signals = "signals"

    private let real = LinuxKernel()
    private let faults = Mutex<[(suffix: String, fault: Fault)]>([])

    package init() {}

    /// From now on; the path is the file's and those that end like it.
    package func set(_ fault: Fault, for suffix: String) { faults.withLock { $0.append((suffix, fault)) } }
    package func heal() { faults.withLock { $0 = [] } }

    private func fault(of path: String) -> Fault? { faults.withLock { $0.last { path.hasSuffix($0.suffix) }?.fault } }

    package func read(_ path: String) throws(KernelError) -> String {
        if case .fails(let number) = fault(of: path) { throw KernelError("read \(path)", number) }
        return try real.read(path)
    }

    package func write(_ text: String, to path: String) throws(KernelError) {
        switch fault(of: path) {
        case .fails(let number): throw KernelError("write \(text) to \(path)", number)
        case .ignoresWrites: return
        case nil: try real.write(text, to: path)
        }
    }

    package func makeDirectory(_ path: String) throws(KernelError) {
        if case .fails(let number) = fault(of: path) { throw KernelError("make \(path)", number) }
        try real.makeDirectory(path)
    }

    package func removeDirectory(_ path: String) throws(KernelError) { try real.removeDirectory(path) }
    package func subdirectories(of path: String) throws(KernelError) -> [String] { try real.subdirectories(of: path) }
    package func entries(of path: String) throws(KernelError) -> [String] { try real.entries(of: path) }
    package func exists(_ path: String) -> Bool { real.exists(path) }

    package func signal(_ number: Int32, to process: pid_t) throws(KernelError) {
        switch fault(of: Self.signals) {
        case .fails(let error): throw KernelError("send signal \(number) to process \(process)", error)
        case .ignoresWrites: return
        case nil: try real.signal(number, to: process)
        }
    }
}
