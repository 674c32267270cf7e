import ArgumentParser
import Resources
import Wire

/// What is given in return for what is borrowed.
struct MeansOptions: ParsableArguments {
    @Option(
        name: .customLong("defer"),
        help: ArgumentHelp(
            "Owe at most this part in kind, to be given back later, such as 50%. The rest, or all of it where the lender wants "
                + "that, is paid in credits.", valueName: "share"), transform: Quantities.share)
    var share: BasisPoints?

    @Option(
        name: .customLong("due-from"),
        help: ArgumentHelp(
            "With --defer: the lender can ask for it from then on. Default: +1h, or at once where it is due within 2 h.",
            valueName: "time"),
        transform: Quantities.due)
    var from: Timestamp?

    @Option(
        name: .customLong("due"),
        help: ArgumentHelp("With --defer: what is left then becomes credits. Default: +7d.", valueName: "time"),
        transform: Quantities.due)
    var until: Timestamp?

    @Option(
        help: ArgumentHelp("With --defer: give back at most so much for what is used. Default: 100%.", valueName: "rate"),
        transform: Quantities.share)
    var rate: BasisPoints?

    @Option(
        help: ArgumentHelp(
            "With --defer: agree to this premium at most, if what is asked for is not given. Default: 20%.", valueName: "share"),
        transform: Quantities.share)
    var premium: BasisPoints?

    @Flag(name: .customLong("no-credits"), help: "With --defer: no lease rather than one that is all paid in credits.")
    var noCredits = false

    @Option(
        help: ArgumentHelp("Use up what a peer owes in kind, by the id of the obligation.", valueName: "obligation"),
        transform: Identifiers.obligation)
    var redeem: String?

    @Option(
        name: .customLong("swap-cpu"),
        help: ArgumentHelp(
            "Lend at most so much processing in return at the same time, and pay nothing. Needs --for.", valueName: "cores"),
        transform: Quantities.cores)
    var swapCPU: Millicores?

    @Option(
        name: .customLong("swap-memory"),
        help: ArgumentHelp("The same of memory; together with --swap-cpu, or alone.", valueName: "size"),
        transform: Quantities.size)
    var swapMemory: Bytes?

    @Option(
        name: .customLong("swap-disk"),
        help: ArgumentHelp("The same of disk, which is lent by itself.", valueName: "size"),
        transform: Quantities.size)
    var swapDisk: Bytes?

    @Option(
        name: .customLong("swap-for"),
        help: ArgumentHelp(
            "With --swap-cpu, --swap-memory or --swap-disk: lend it for at most so long. Default: as long as --for.",
            valueName: "duration"),
        transform: Quantities.duration)
    var swapTerm: Microseconds?

    func validate() throws {
        let dependent = [
            ("--due-from", from != nil), ("--due", until != nil), ("--rate", rate != nil), ("--premium", premium != nil),
            ("--no-credits", noCredits),
        ]
        if share == nil, let option = dependent.first(where: \.1)?.0 {
            throw ValidationError("\(option): belongs to --defer; add that, such as --defer 50%")
        }
        guard redeem == nil || share == nil else {
            throw ValidationError("--redeem: excludes --defer; what is owed already needs nothing in return")
        }
        if let option = given.dropFirst().first { throw ValidationError("\(option): excludes \(given[0]); write one of them") }
        guard swapTerm == nil || swaps else {
            throw ValidationError("--swap-for: belongs to --swap-cpu, --swap-memory and --swap-disk; add one of them")
        }
        guard swapDisk == nil || (swapCPU == nil && swapMemory == nil) else {
            throw ValidationError("--swap-disk: excludes --swap-cpu and --swap-memory; disk is lent by itself")
        }
        for (name, value, most) in [
            ("--defer", share, BasisPoints.whole), ("--premium", premium, .whole), ("--rate", rate, Deferral.highestRate),
        ] {
            guard let value else { continue }
            guard value <= most, value > .zero || name == "--premium" else {
                let least = name == "--premium" ? "0%" : "more than 0%"
                throw ValidationError("\(name): \(value.text) is out of range; write \(least), and up to \(most.text)")
            }
        }
        if let (from, until) = share.map({ _ in window }), from >= until {
            throw ValidationError("--due: it would be due before it starts; write a later time, or an earlier --due-from")
        }
    }

    /// The options that were written.
    var given: [String] {
        [
            ("--defer", share != nil), ("--redeem", redeem != nil),
            (swapDisk != nil ? "--swap-disk" : swapCPU == nil ? "--swap-memory" : "--swap-cpu", swaps),
        ].filter(\.1).map(\.0)
    }

    /// What asks for a deferral that would do, where another one was asked for. A part of all resources is the larger of theirs.
    func words(asking deferral: Surplus_V1_Deferral) -> [String] {
        func text(_ share: Int64) -> String { BasisPoints(share).text.filter { $0 != " " } }
        func time(_ microseconds: Int64) -> String { CivilDate(Timestamp(microseconds: microseconds)).rfc3339Seconds }
        let isDisk = deferral.shareDisk > 0
        let rate = isDisk ? deferral.rateDisk : max(deferral.rateCpu, deferral.rateMemory)
        let premium = deferral.premium
        var words = ["--defer \(text(max(deferral.shareCpu, deferral.shareMemory, deferral.shareDisk)))"]
        words += ["--due-from \(time(deferral.dueFrom))", "--due \(time(deferral.dueUntil))"]
        if rate != BasisPoints.whole.rawValue { words.append("--rate \(text(rate))") }
        if premium != Deferral.usual.premium.rawValue { words.append("--premium \(text(premium))") }
        if noCredits { words.append("--no-credits") }
        return words
    }

    /// Whether something is lent in return.
    var swaps: Bool { swapCPU != nil || swapMemory != nil || swapDisk != nil }

    private var window: (from: Timestamp, until: Timestamp) {
        let now = Terminal.now()
        let isSoon = until.map { $0 - now <= Deferral.usual.from + Deferral.usual.from } ?? false
        let start = from ?? now + (isSoon ? .seconds(1) : Deferral.usual.from)
        return (start, until ?? max(now, start) + Deferral.usual.until)
    }

    /// `nil`: credits alone.
    ///
    /// - Parameters:
    ///   - term: for how long something is borrowed.
    ///   - isDisk: whether that is disk.
    func means(for term: Microseconds?, ofDisk isDisk: Bool = false) -> Surplus_V1_Means? {
        if let redeem { return .with { $0.redemption = redeem } }
        if swaps {
            return .with {
                $0.swap.amounts.cpuMillicores = (swapCPU ?? .zero).rawValue
                $0.swap.amounts.memoryBytes = (swapMemory ?? .zero).rawValue
                $0.swap.amounts.diskBytes = (swapDisk ?? .zero).rawValue
                $0.swap.termMicroseconds = (swapTerm ?? term ?? .zero).rawValue
            }
        }
        guard let share else { return nil }
        let (from, until) = window
        return .with {
            $0.credits = !noCredits
            $0.deferral = .with {
                let rate = (rate ?? .whole).rawValue
                ($0.rateCpu, $0.rateMemory) = (rate, rate)
                if isDisk {
                    ($0.shareDisk, $0.rateDisk) = (share.rawValue, rate)
                } else {
                    ($0.shareCpu, $0.shareMemory) = (share.rawValue, share.rawValue)
                }
                ($0.dueFrom, $0.dueUntil) = (from.microseconds, until.microseconds)
                $0.premium = (premium ?? Deferral.usual.premium).rawValue
            }
        }
    }
}
