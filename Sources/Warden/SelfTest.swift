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
        /// Something does not work here that another test, on a machine less busy or mended, may find to work.
        var isWanting: Bool

        /// In words, for people.
        var summary: String { "limits: \(enforcement)" + (sandboxFault.map { "; no program can be run: \($0)" } ?? "") }
    }

    let configuration: WardenConfiguration
    let groups: any GuestGroups
    let kernel: any KernelCalls

    /// The control group of what is tested.
    static func group(in instance: String) -> String { "\(instance)/self-test" }

    /// Takes 0.3 s, and up to 10 s where something does not work; blocks.
    func run() -> Finding {
        let limits = testLimits()
        let sandboxFault = SandboxSelfTest(configuration).run()
        return Finding(
            enforcement: limits.enforcement, sandboxFault: sandboxFault, isWanting: limits.isWanting || sandboxFault != nil)
    }

    private func testLimits() -> (enforcement: String, isWanting: Bool) {
        guard configuration.isPrivileged else { return ("none: the warden runs without privileges", false) }
        let group = Self.group(in: configuration.instance)
        // what cannot be removed now is by the next test, or as an orphan at the next start
        defer { try? groups.remove(group) }
        do throws(LimitSelfTest.Failure) {
            try LimitSelfTest(groups, kernel: kernel).run(in: "\(group)/load")
            return (groups.kind, false)
        } catch { return ("none: \(groups.kind) is there, but \(error)", true) }
    }
}

/// When to test again: every half minute as long as something is wanting, and whenever somebody asks.
struct SelfTestSchedule: Hashable, Sendable {
    static let interval = Microseconds.seconds(30)

    private(set) var isTesting = false
    private var due: Instant?

    /// - Parameter isWanting: What the test at the start found.
    init(isWanting: Bool, at now: Instant) { due = isWanting ? now + Self.interval : nil }

    /// - Returns: whether to test now.
    mutating func begin(at now: Instant, isAsked: Bool = false) -> Bool {
        guard !isTesting, isAsked || due.map({ now >= $0 }) ?? false else { return false }
        isTesting = true
        return true
    }

    mutating func end(isWanting: Bool, at now: Instant) {
        isTesting = false
        due = isWanting ? now + Self.interval : nil
    }
}
