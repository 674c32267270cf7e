import ArgumentParser
import Resources
import Wire

/// What to borrow, where `run` and `lease request` are the same.
struct WishOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Processing, such as 1.5 or 250m. Default: 1, or less if nobody has that.", valueName: "cores"),
        transform: Quantities.cores)
    var cpu: Millicores?

    @Option(
        help: ArgumentHelp("Memory, such as 2GiB. Default: 512MiB, or less if nobody has that.", valueName: "size"),
        transform: Quantities.size)
    var memory: Bytes?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("For how long, such as 90s or 1h30m. Default: as long as needed, by renewal.", valueName: "duration"),
        transform: Quantities.duration)
    var term: Microseconds?

    @Option(
        help: ArgumentHelp(
            "Most to pay, in credits per core-hour, or per GiB-hour of disk. Default: what this node's policy says.",
            valueName: "credits"),
        transform: Quantities.price)
    var maxPrice: Microcredits?

    @Option(
        help: ArgumentHelp(
            "Least warning before the owner ends the lease early: elastic (none), standard (30 s), notice (2 min), firm (10 min). "
                + "Default: whatever is offered.", valueName: "class"), transform: Quantities.notice)
    var notice: NoticeClass?

    @Option(help: ArgumentHelp("Ask only this node, by name or id. Can be repeated.", valueName: "node"), completion: .nodes)
    var on: [String] = []

    @OptionGroup var means: MeansOptions

    func validate() throws {
        guard !means.swaps || term != nil else {
            throw ValidationError("\(means.given[0]): a swap has a term; add --for, such as --for 1h")
        }
        guard means.redeem == nil || maxPrice == nil else {
            throw ValidationError("--max-price: excludes --redeem; what is owed already is used up, and nothing is paid")
        }
    }

    /// What is asked for: where nothing was said, something that most programs can do with.
    var amounts: Amounts { Amounts(cpu: cpu ?? .cores(1), memory: memory ?? .mebibytes(512)) }

    /// What will do: exactly what was said, or not much.
    var least: Amounts { Amounts(cpu: cpu ?? Self.leastUseful.cpu, memory: memory ?? Self.leastUseful.memory) }

    /// With less hardly a program is content.
    static let leastUseful = Amounts(cpu: 100, memory: .mebibytes(64))

    /// The options that were written.
    var given: [String] {
        [
            ("--cpu", cpu != nil), ("--memory", memory != nil), ("--for", term != nil), ("--max-price", maxPrice != nil),
            ("--notice", notice != nil), ("--on", !on.isEmpty),
        ].filter(\.1).map(\.0) + means.given
    }

    var request: Surplus_V1_LeaseRequest {
        .with {
            if let means = means.means(for: term) { $0.means = means }
            $0.amounts = .with { ($0.cpuMillicores, $0.memoryBytes) = (amounts.cpu.rawValue, amounts.memory.rawValue) }
            $0.least = .with { ($0.cpuMillicores, $0.memoryBytes) = (least.cpu.rawValue, least.memory.rawValue) }
            $0.termMicroseconds = term?.rawValue ?? 0
            $0.maxCpuPrice = maxPrice?.rawValue ?? 0
            $0.on = on
            $0.leastNotice = notice?.wire ?? .unspecified
        }
    }
}
