import Kernel

/// That limits were shown to hold guests in this boot, kept in the warden's directory.
struct LimitProof {
    private let path: String
    /// `nil` when it is not known which boot this is.
    private let statement: [UInt8]?

    /// - Parameter kind: what holds guests.
    init(_ state: String, _ kind: String, _ kernel: any KernelCalls) {
        path = state + "/limits-shown"
        let boot = try? SystemClock(kernel: kernel).now().boot.value
        statement = boot.map { Array("\($0) \(kind)\n".utf8) }
    }

    /// Whether it was given in this boot, and not withdrawn. One that cannot be read proves nothing.
    var isThere: Bool {
        guard let statement else { return false }
        return (try? StateFile.read(path)) == statement
    }

    /// Without it a later test must do without: nothing is lost by that but time.
    func give() {
        if let statement, !isThere { try? StateFile.write(statement, to: path) }
    }

    /// Should the disk keep it, a test that comes to an end still says more than it.
    func withdraw() { try? StateFile.remove(path) }
}
