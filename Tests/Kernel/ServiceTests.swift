import Foundation
import Kernel
import Resources
import Synchronization
import TestKit
import Testing

@Suite("What a service tells its manager")
struct ServiceReportTests {
    private func report(watchdog: String? = nil, watched: String? = nil) -> ServiceReport {
        ServiceReport(watchdog: watchdog, watched: watched, process: 7)
    }

    @Test("Starts once, reloads as often as it is asked to, and stops once")
    func phases() {
        var report = report()
        let said = [
            report.reloading(at: 1), report.reloaded("not started yet"),
            report.started("limits: cgroup v2"), report.started("again"),
            report.reloading(at: 12_345_678), report.status("busy"), report.reloading(at: 12_345_679),
            report.reloaded("none"), report.reloaded("again"),
            report.stopping(), report.stopping(), report.started("after all"), report.reloading(at: 2), report.status("gone"),
        ]
        #expect(
            said == [
                nil, nil,
                "READY=1\nSTATUS=limits: cgroup v2", nil,
                "RELOADING=1\nMONOTONIC_USEC=12345678\nSTATUS=reloading", nil,
                "RELOADING=1\nMONOTONIC_USEC=12345679\nSTATUS=reloading",
                "READY=1\nSTATUS=none", nil,
                "STOPPING=1\nSTATUS=stopping", nil, nil, nil, nil,
            ])
    }

    @Test("A status is one line, told when it is another than before")
    func status() {
        var report = report()
        let said = [
            report.status("early"), report.started("a\nREADY=0"), report.status("b\r\nc"), report.status("b\r\nc"),
            report.status("d"),
        ]
        #expect(said == [nil, "READY=1\nSTATUS=a READY=0", "STATUS=b c", nil, "STATUS=d"])
    }

    @Test("Signs of life come so often that one may be late by as much again")
    func watchdog() {
        var report = report(watchdog: "8000000")
        #expect(report.interval == .seconds(2))
        let said = [0, 1999, 2000, 3900, 4000].map { report.alive(at: Instant(microseconds: 50) + .milliseconds($0)) }
        #expect(said == ["WATCHDOG=1", nil, "WATCHDOG=1", nil, "WATCHDOG=1"])
    }

    @Test(
        "Nobody waits for signs of life whom no variable, or a wrong one, or that of another process tells so",
        arguments: [(nil, nil), ("0", nil), ("-5", nil), ("soon", nil), ("1000", "8"), ("1000", "me"), (nil, "7")])
    func unwatched(watchdog: String?, watched: String?) {
        var report = report(watchdog: watchdog, watched: watched)
        let said = report.alive(at: Instant(microseconds: 0))
        #expect(report.interval == nil && said == nil)
        #expect(self.report(watchdog: "1000", watched: "7").interval != nil)
    }
}

@Suite("The service manager")
struct ServiceManagerTests {
    @Test("Is told through the socket that the environment names", arguments: ["@surplus-test", "", "/d/"])
    func told(name: String) async throws {
        let directory = try TemporaryDirectory()
        let long = directory.path + "/" + String(repeating: "d", count: 100)
        try FileManager.default.createDirectory(atPath: long, withIntermediateDirectories: false)
        // also where the path is longer than the address of a socket
        let path = name.hasPrefix("@") ? "\(name)-\(UUID())" : directory.path + "/notify"
        let played = try PlayedServiceManager(at: path)
        if name == "/d/" { #expect(rename(path, long + "/notify") == 0) }
        var environment = played.environment(watchdog: .seconds(4))
        if name == "/d/" { environment["NOTIFY_SOCKET"] = long + "/notify" }
        let manager = ServiceManager { environment[$0] }
        #expect(manager.interval == .seconds(1))
        manager.started("up")
        manager.alive()
        manager.alive()
        let before = SystemClock.monotonic()
        manager.reloading()
        manager.reloaded("up again")
        manager.status("busy")
        manager.stopping()
        #expect(await played.next() == ["READY=1", "STATUS=up"])
        #expect(await played.next() == ["WATCHDOG=1"])
        let reloading = try #require(await played.next())
        #expect(reloading[0] == "RELOADING=1")
        let told = try #require(Int64(reloading[1].dropFirst("MONOTONIC_USEC=".count)))
        #expect(before.rawValue...SystemClock.monotonic().rawValue ~= told)
        #expect(await played.next() == ["READY=1", "STATUS=up again"])
        #expect(await played.next() == ["STATUS=busy"])
        #expect(await played.next() == ["STOPPING=1", "STATUS=stopping"])
    }

    @Test("Without one, with one of another kind, and with one that is gone, nothing happens")
    func absent() throws {
        for address in [nil, "", "/", "@", "relative", "vsock:2:9999", "/nowhere/notify"] {
            let manager = ServiceManager { $0 == "NOTIFY_SOCKET" ? address : $0 == "WATCHDOG_USEC" ? "1000" : nil }
            #expect((manager.interval != nil) == (address == "/nowhere/notify"))
            manager.started("up")
            manager.alive()
        }
        #expect(ServiceManager.absent.interval == nil)
    }

    @Test("One that does not listen holds nobody up for long")
    func deaf() async throws {
        let played = try PlayedServiceManager(at: "@surplus-test-\(UUID())")
        let manager = ServiceManager { played.environment(watchdog: 4)[$0] }
        let began = SystemClock.instant()
        // the queue of a socket holds net.unix.max_dgram_qlen messages
        let most = 3 + (Int(try LinuxKernel().read("/proc/sys/net/unix/max_dgram_qlen").prefix { $0 != "\n" }) ?? 10)
        manager.started("up")
        for number in 0..<most { manager.status("\(number)") }
        #expect(SystemClock.instant() - began < .seconds(20))
        #expect(await played.next() == ["READY=1", "STATUS=up"])
    }
}
