import TestKit
import Testing

/// The tests of limits again, where there are control groups of version 2.
@Suite("On a kernel with control groups of version 2")
struct UnifiedKernelTests {
    @Test(
        "Limits on real processes hold, and the self-test finds each that does not",
        .enabled(if: UserModeLinux.isInstalled, "needs the packages user-mode-linux and e2fsprogs"))
    func limits() async throws {
        let report = try await UserModeLinux.runTests(
            #"KernelTests\.(LimitTests|LimitSelfTestTests)"#, atMost: .minutes(5))
        #expect(report.isGood, "\(report.output)")
        #expect(report.tests > 12, "\(report.output)")
    }
}
