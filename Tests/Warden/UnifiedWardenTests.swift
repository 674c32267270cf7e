import TestKit
import Testing

/// The warden's own tests again, where there are control groups of version 2.
@Suite("A warden on a kernel with control groups of version 2")
struct UnifiedWardenTests {
    @Test(
        "Leases, the ladder, jobs, a restart and the self-test are as with version 1, and the clock may jump",
        .enabled(if: UserModeLinux.isInstalled, "needs the packages user-mode-linux and e2fsprogs"))
    func warden() async throws {
        let report = try await UserModeLinux.runTests(
            #"WardenTests\.(SelfTestTests|LostGroupTests|WardenLeaseTests|WardenLadderTests/(ends|restart|notice)|"#
                + #"WardenJobTests/(run|user)|WardenRestartTests/(found|orphans)|ClockJumpTests)"#, atMost: .minutes(10))
        #expect(report.isGood, "\(report.output)")
        #expect(report.tests >= 16, "\(report.output)")
    }
}
