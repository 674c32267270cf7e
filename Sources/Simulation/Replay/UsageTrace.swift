import Resources

/// What the owners of some machines used, sample by sample.
package struct UsageTrace: Sendable {
    /// By machine, then by sample: a share of its capacity, `nil` where there is no sample. Machines need not have the same number
    /// of samples.
    package var machines: [[BasisPoints?]]

    /// Values below nothing count as nothing, values above the whole capacity as the whole.
    package init(machines: [[BasisPoints?]]) {
        self.machines = machines.map { $0.map { $0.map { min(max($0, .zero), .whole) } } }
    }
}
