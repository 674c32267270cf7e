import ArgumentParser
import Resources

/// Disk, which is asked for by itself.
struct DiskOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Room on a disk, such as 20GiB, and nothing else: disk is lent by itself.", valueName: "size"),
        transform: Quantities.size)
    var disk: Bytes?

    /// Refuses what cannot be asked for with it.
    ///
    /// - Parameter others: options by their name, and whether they were written.
    func check(against others: [(name: String, isGiven: Bool)]) throws {
        guard disk != nil, let other = others.first(where: \.isGiven) else { return }
        throw ValidationError("--disk: excludes \(other.name); \(Amounts.mixingDisk)")
    }
}
