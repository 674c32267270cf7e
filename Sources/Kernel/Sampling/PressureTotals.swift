import Resources

/// For how long tasks had to wait for something, since the boot or since the group was made: pressure stall information of the
/// kernel (Documentation/accounting/psi.rst). What is `nil` the kernel does not tell, which is not zero.
package struct PressureTotals: Hashable, Sendable {
    /// Some task waited.
    package var some: Microseconds?
    /// All tasks that had something to do waited.
    package var full: Microseconds?

    package init(some: Microseconds? = nil, full: Microseconds? = nil) {
        self.some = some
        self.full = full
    }

    /// From the file at `path`; nothing where there is none, as in a kernel built without or booted with `psi=0`.
    init(reading path: String, _ kernel: any KernelCalls) {
        guard let text = try? kernel.read(path) else { return }
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            let total = fields.last { $0.hasPrefix("total=") }.flatMap { Int64($0.dropFirst(6)) }.map { Microseconds($0) }
            switch fields.first {
            case "some": some = total
            case "full": full = total
            default: break
            }
        }
    }
}
