import Glibc
import Resources

/// Shows, before anything is lent, that limits bite here: for each there is a program that does what the limit forbids, and is seen
/// to be held back.
package struct LimitSelfTest: Sendable {
    /// What guests are held by.
    package enum Limit: String, Hashable, Sendable, CaseIterable {
        case ceiling = "processing ceiling"
        case memory = "memory limit"
        case processes = "process limit"
        case freezer
        case end = "end of a group"
        case disk = "disk limit"

        /// Whether nothing may be lent without it. Disks are not lent: guests that use them too much can still be frozen.
        package var isEssential: Bool { self != .disk }
    }

    /// That a limit does not bite, or could not be shown to.
    package struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        package var limit: Limit
        package var reason: String
        /// Whether a program was seen to do what the limit forbids, or the kernel refused the limit. Otherwise the machine was too
        /// busy for the test to come to an end.
        package var isShown = true

        package var description: String { "\(limit.rawValue): \(reason)" }
    }

    /// So little that a program under it is held back even on a busy machine, where guests get next to nothing.
    private static let ceiling: Millicores = 10
    private static let memory = Bytes.mebibytes(4)
    private static let processes = 8
    /// How long processing is measured at least.
    private static let shortest = Microseconds.milliseconds(150)
    /// How long a frozen program is listened to at least.
    private static let silence = Microseconds.milliseconds(40)
    /// How long each limit may take, so that none takes the others' time.
    package static let usualPatience = Microseconds.seconds(5)

    private let groups: any GuestGroups
    private let patience: Microseconds

    /// - Parameter patience: how long each limit may take.
    package init(_ groups: any GuestGroups, patience: Microseconds = usualPatience) {
        self.groups = groups
        self.patience = patience
    }

    /// Takes about 0.4 s, and up to 5 s for each limit where something does not work or the machine is very busy;
    /// blocks; leaves nothing behind.
    ///
    /// - Parameters:
    ///   - group: The name of a group of the test's own.
    ///   - directory: Where a file may be written for a moment, on a disk of the machine; `nil` leaves disks out.
    /// - Returns: what does not bite, in the order of ``Limit``.
    package func run(in group: String, directory: String? = nil) -> [Fault] {
        let first = runOnce(in: group, directory: directory)
        guard !first.isEmpty else { return [] }
        // a limit that is not written never bites; what is found only once was a machine too busy to answer in time
        return runOnce(in: group, directory: directory).filter { fault in first.contains { $0.limit == fault.limit } }
    }

    private func runOnce(in group: String, directory: String?) -> [Fault] {
        var loads: [TestLoad] = []
        defer { withExtendedLifetime(loads) { cleanUp(group) } }
        var faults: [Fault] = []
        func test<Result>(_ limit: Limit, _ body: () throws(Fault) -> Result) -> Result? {
            do throws(Fault) { return try body() } catch { faults.append(error) }
            return nil
        }
        // what takes time goes on beside the others
        let disk = directory.flatMap { place in
            test(.disk) { () throws(Fault) in
                try attempt(.disk) { () throws(KernelError) in try DiskLimitTest(groups, "\(group)/disk", place) }
            }
        }
        let spinning = test(.ceiling) { () throws(Fault) in try spin(in: "\(group)/ceiling") }
        if let spinning { loads.append(spinning.load) }
        _ = test(.memory) { () throws(Fault) in try fillMemory(in: "\(group)/memory") }
        if let load = test(.processes, { () throws(Fault) in try multiply(in: "\(group)/processes") }) {
            loads.append(load)
        }
        if let load = test(.freezer, { () throws(Fault) in try freeze("\(group)/freezer") }) {
            loads.append(load)
        }
        if let since = spinning?.since {
            _ = test(.ceiling) { () throws(Fault) in try observe("\(group)/ceiling", since: since) }
        }
        if let disk { _ = test(.disk) { () throws(Fault) in try conclude(disk) } }
        _ = test(.end) { () throws(Fault) in try end(group) }
        return faults.sorted { Self.rank($0.limit) < Self.rank($1.limit) }
    }

    private static func rank(_ limit: Limit) -> Int { Limit.allCases.firstIndex(of: limit) ?? 0 }

    /// As with leases, what runs is in a group below the one that is limited.
    static func job(in group: String) -> String { "\(group)/job" }

    /// What the kernel refuses is the limit's fault.
    private func attempt<Result>(
        _ limit: Limit, _ body: () throws(KernelError) -> Result
    ) throws(Fault) -> Result {
        do throws(KernelError) { return try body() } catch { throw Fault(limit: limit, reason: "\(error)") }
    }

    // MARK: Processing

    private func spin(in group: String) throws(Fault) -> (load: TestLoad, since: Instant) {
        try attempt(.ceiling) { () throws(KernelError) in
            try groups.make(Self.job(in: group))
            try groups.setCeiling(Self.ceiling, of: group)
            return (try TestLoad("while :; do :; done", in: Self.job(in: group), of: groups), SystemClock.instant())
        }
    }

    private func observe(_ group: String, since start: Instant) throws(Fault) {
        let deadline = SystemClock.instant() + patience
        while true {
            let (usage, throttled) = try attempt(.ceiling) { () throws(KernelError) in
                (try groups.usage(of: group), try groups.throttling(of: group))
            }
            let now = SystemClock.instant()
            let elapsed = now - start
            // one period's quota may be spent before the first period ends
            let allowed = CoreMicroseconds(Self.ceiling, for: elapsed * 2) + 40_000
            guard usage.cpu <= allowed else {
                throw Fault(
                    limit: .ceiling,
                    reason: "a program used \(usage.cpu.mean(over: elapsed)) under a ceiling of \(Self.ceiling)")
            }
            if elapsed >= Self.shortest, throttled > .zero { return }
            guard now < deadline else {
                let wasRunning = usage.cpu >= CoreMicroseconds(Self.ceiling, for: elapsed)
                throw Fault(
                    limit: .ceiling, reason: "a program that wants everything was never held back at \(Self.ceiling)",
                    isShown: wasRunning)
            }
            usleep(10_000)
        }
    }

    // MARK: Memory and processes

    /// Should the limit not hold, the program's own ends it at four times as much.
    private func fillMemory(in group: String) throws(Fault) {
        let deadline = SystemClock.instant() + patience
        let most = (Self.memory.rawValue >> 10) * 4
        let answer = try attempt(.memory) { () throws(KernelError) in
            try groups.make(Self.job(in: group))
            try groups.setMemoryLimit(Self.memory, of: group)
            let script = "(ulimit -v \(most); x=xxxxxxxx; while :; do x=$x$x; done) 2>/dev/null; echo $?"
            return try TestLoad(script, in: Self.job(in: group), of: groups).answer(until: deadline)
        }
        switch answer {
        // the shell around it may be the one that is chosen
        case .line("\(128 + SIGKILL)"), .end: return
        case .line:
            throw Fault(limit: .memory, reason: "a program that may have \(Self.memory.text) took more, and was not ended")
        case .nothing:
            throw Fault(
                limit: .memory, reason: "a program that may have \(Self.memory.text) did not come to want more in time",
                isShown: false)
        }
    }

    private func multiply(in group: String) throws(Fault) -> TestLoad {
        let deadline = SystemClock.instant() + patience
        try attempt(.processes) { () throws(KernelError) in
            try groups.make(Self.job(in: group))
            try groups.setProcessLimit(Self.processes, of: Self.job(in: group))
        }
        let tries = 2 * Self.processes
        let load = try attempt(.processes) { () throws(KernelError) in
            let script = "for i in $(seq \(tries)); do sleep 20 <&- >/dev/null 2>&1 & done 2>/dev/null; echo all"
            return try TestLoad(script, in: Self.job(in: group), of: groups)
        }
        if case .line = try attempt(.processes, { () throws(KernelError) in try load.answer(until: deadline) }) {
            throw Fault(limit: .processes, reason: "a program made \(tries) processes where there may be \(Self.processes)")
        }
        // a shell that tries for long has said nothing
        let count = try attempt(.processes) { () throws(KernelError) in try groups.processes(in: group).count }
        guard count >= Self.processes - 1 else {
            throw Fault(
                limit: .processes, reason: "a program did not come to make \(Self.processes) processes in time", isShown: false)
        }
        return load
    }

    // MARK: Freezing and ending

    /// A program that answers is silent while it is frozen, and answers again afterwards.
    private func freeze(_ group: String) throws(Fault) -> TestLoad {
        let deadline = SystemClock.instant() + patience
        try attempt(.freezer) { () throws(KernelError) in try groups.make(Self.job(in: group)) }
        let load = try attempt(.freezer) { () throws(KernelError) in
            try TestLoad("while read x; do echo $x; done", in: Self.job(in: group), of: groups)
        }
        let asked = SystemClock.instant()
        guard try exchange("1", with: load, until: deadline) == .line("1") else {
            throw Fault(limit: .freezer, reason: "a program that was not frozen did not answer in time", isShown: false)
        }
        let habit = SystemClock.instant() - asked
        try attempt(.freezer) { () throws(KernelError) in try groups.setFrozen(true, group) }
        let until = min(SystemClock.instant() + max(Self.silence, habit * 4), deadline)
        guard try exchange("2", with: load, until: until) == .nothing else {
            throw Fault(limit: .freezer, reason: "a program went on that was frozen")
        }
        try attempt(.freezer) { () throws(KernelError) in try groups.setFrozen(false, group) }
        let answer = try attempt(.freezer) { () throws(KernelError) in try load.answer(until: deadline) }
        guard answer == .line("2") else {
            throw Fault(
                limit: .freezer, reason: "a program did not go on that was let go", isShown: answer != .nothing)
        }
        return load
    }

    private func exchange(_ text: String, with load: TestLoad, until deadline: Instant) throws(Fault) -> TestLoad.Answer {
        try attempt(.freezer) { () throws(KernelError) in
            try load.tell(text)
            return try load.answer(until: deadline)
        }
    }

    private func conclude(_ disk: DiskLimitTest) throws(Fault) {
        let deadline = SystemClock.instant() + patience
        let reason = try attempt(.disk) { () throws(KernelError) in try disk.fault(until: deadline) }
        if let reason { throw Fault(limit: .disk, reason: reason) }
    }

    /// Everything that runs in the group by now is to be gone.
    private func end(_ group: String) throws(Fault) {
        let deadline = SystemClock.instant() + patience
        let running = try attempt(.end) { () throws(KernelError) in try groups.processes(in: group) }
        guard !running.isEmpty else { throw Fault(limit: .end, reason: "no program was left that could be ended") }
        while try !attempt(.end, { () throws(KernelError) in try groups.kill(group) }) {
            guard SystemClock.instant() < deadline else {
                throw Fault(limit: .end, reason: "programs were killed and have not ended", isShown: false)
            }
            usleep(2000)
        }
    }

    private func cleanUp(_ group: String) {
        // should this fail, the next start removes what is left
        _ = try? groups.kill(group)
        try? groups.remove(group)
    }
}
