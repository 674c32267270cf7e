import Kernel
import Resources
import Sandbox

/// Finds out what this machine holds guests to: whether limits bite, and whether a program can be run in the sandbox. Guests that
/// are there are not disturbed: what is tested has a group, a directory and a user of its own.
struct SelfTest: Sendable {
    struct Finding: Hashable, Sendable {
        /// As ``WardenHello/enforcement`` tells it.
        var enforcement: String
        /// As ``WardenHello/sandboxFault`` tells it.
        var sandboxFault: String?
        /// Why no job can be connected to a network; `nil` when jobs can be.
        var networkFault: String?
        /// Something does not work here that another test, on a machine less busy or mended, may find to work.
        var isWanting: Bool

        /// What is said before there was a test.
        static let none = Finding(
            enforcement: "none: limits were not tested yet", sandboxFault: "limits were not tested yet", networkFault: nil,
            isWanting: true)

        /// In words, for people.
        var summary: String { "limits: \(enforcement)" + (sandboxFault.map { "; no program can be run: \($0)" } ?? "") }
    }

    let configuration: WardenConfiguration
    let groups: any GuestGroups
    let kernel: any KernelCalls
    /// How long each limit may take to be shown.
    var patience = LimitSelfTest.usualPatience

    /// The control group of what is tested.
    static func group(in instance: String) -> String { "\(instance)/self-test" }

    /// Takes 0.5 s, and up to a minute where something does not work or the machine is busy; blocks.
    func run() -> Finding {
        let limits = testLimits()
        let sandbox = SandboxSelfTest(configuration)
        let fault = limits.obstacle ?? ownersFault() ?? sandbox.run()
        return Finding(
            enforcement: limits.enforcement, sandboxFault: fault, networkFault: fault ?? sandbox.runConnected(),
            isWanting: fault != nil)
    }

    /// An owner who cannot be measured cannot be protected.
    private func ownersFault() -> String? {
        let machine = Machine(kernel: kernel)
        do throws(KernelError) {
            _ = try machine.memory()
            if groups.usageOfMachine() == nil { _ = try machine.processing() }
            return nil
        } catch { return "what the owner uses cannot be measured: \(error)" }
    }

    /// Where a limit that must hold does not, nothing is run: what cannot be enforced is not lent. A machine that is too busy to show
    /// it, as when a warden is started again while its owner needs everything, is believed what it showed before in this boot.
    private func testLimits() -> (enforcement: String, obstacle: String?) {
        guard configuration.isPrivileged else { return (Self.plain, nil) }
        let proof = LimitProof(configuration.state, groups.kind, kernel)
        let faults = LimitSelfTest(groups, patience: patience).run(
            in: Self.group(in: configuration.instance), directory: configuration.state)
        let essential = faults.filter(\.limit.isEssential)
        if essential.contains(where: \.isShown) { proof.withdraw() } else if essential.isEmpty { proof.give() }
        guard essential.isEmpty || proof.isThere else {
            let reasons = Self.text(essential)
            let verdict =
                essential.contains(where: \.isShown) ? "limits do not hold" : "the machine is too busy to show that limits hold"
            return ("none: \(groups.kind) is there, but \(reasons)", "\(verdict): \(reasons)")
        }
        let others = faults.filter { !$0.limit.isEssential }
        return (others.isEmpty ? groups.kind : "\(groups.kind)\(WardenHello.exception)\(Self.text(others))", nil)
    }

    private static let plain =
        "none: the warden runs without privileges; it looks five times a second, and stops what takes more than its lease has"

    private static func text(_ faults: [LimitSelfTest.Fault]) -> String {
        String(faults.map(\.description).joined(separator: "; ").prefix(600))
    }
}

/// When to test again: every half minute as long as something is wanting, and whenever the owner asks.
struct SelfTestSchedule: Hashable, Sendable {
    static let interval = Microseconds.seconds(30)

    private(set) var isTesting = false
    private var due: Instant?
    /// When the last test ended.
    private var last: Instant

    /// - Parameter isWanting: What the test at the start found.
    init(isWanting: Bool, at now: Instant) {
        last = now
        due = isWanting ? now + Self.interval : nil
    }

    /// - Returns: whether to test now.
    mutating func begin(at now: Instant, isAsked: Bool = false) -> Bool {
        guard !isTesting, isAsked || due.map({ now >= $0 }) ?? false else { return false }
        isTesting = true
        return true
    }

    /// Something is missed that may work by now. Guests may cause this, so a test comes no sooner than any other.
    mutating func wish() { due = due ?? last + Self.interval }

    mutating func end(isWanting: Bool, at now: Instant) {
        isTesting = false
        last = now
        due = isWanting ? now + Self.interval : nil
    }
}
