import Glibc
import Kernel
import Sandbox

/// Testing again what this machine holds guests to, beside everything else.
extension WardenService {
    /// What SIGHUP asks for.
    func reload() {
        manager.reloading()
        lookAtImages()
        testAgain(isAsked: true)
    }

    /// Begins a test if one is due or asked for.
    func testAgain(isAsked: Bool = false) {
        guard schedule.begin(at: SystemClock.instant(), isAsked: isAsked) else { return }
        jobs.chores.start(finding: { [selfTest] in selfTest.run() }, then: { [unowned self] found in conclude(found) })
    }

    /// - Parameter found: `nil` when the test could not be begun.
    private func conclude(_ found: SelfTest.Finding?) {
        let finding = found ?? finding
        schedule.end(isWanting: finding.isWanting, at: SystemClock.instant())
        guard isReady else {
            self.finding = finding
            jobs.enforcement = finding.enforcement
            return beginServing()
        }
        if finding != self.finding {
            self.finding = finding
            jobs.enforcement = finding.enforcement
            log.write(
                "warden.tested",
                [
                    "enforcement": finding.enforcement, "sandbox": finding.sandboxFault ?? "works",
                    "network": finding.networkFault ?? "works",
                ])
            // what they were told at their hello holds no more: they come back and are told anew
            door.dismissAll()
            manager.status(finding.summary)
        }
        manager.reloaded(finding.summary)
    }

    /// A program that is being tested on would go on for ever when this process, which watches it, has ended.
    func abandonTest() {
        // what is left all the same is found at the next start
        if schedule.isTesting { _ = try? groups.kill(SelfTest.group(in: configuration.instance)) }
    }
}
