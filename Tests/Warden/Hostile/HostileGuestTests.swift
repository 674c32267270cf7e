import Foundation
import Kernel
import Resources
import Sandbox
import Testing

@testable import Warden

@Suite("Hostile guests")
struct HostileGuestTests {
    private static let mostAtOnce = 2

    @Test(
        "Each is stopped by what the table says, succeeds without it, and leaves the machine as it was",
        .enabled(if: RunningWarden.isRoot, "root is missing, who alone can limit guests by control groups"))
    func table() async throws {
        let laboratory = try await Laboratory()
        let before = try Traces(of: laboratory)
        await withTaskGroup(of: Void.self) { group in
            for (number, guest) in HostileGuest.all.enumerated() {
                if number >= Self.mostAtOnce { await group.next() }
                group.addTask { await Self.judge(guest, in: laboratory) }
            }
        }
        #expect(try await laboratory.warden.client.inventory().jobs == [])
        #expect(try Traces(of: laboratory) == before)
        try await laboratory.close()
    }

    private static func judge(_ guest: HostileGuest, in laboratory: Laboratory) async {
        do {
            let outcome = try await laboratory.run(guest)
            #expect(outcome.seen == guest.denial, "\(guest.tries)")
            #expect(!outcome.succeeded || guest.course != .toItsEnd, "\(guest.tries)")
            let all = Set(guest.stoppedBy)
            let without = try await laboratory.run(guest, without: all)
            #expect(
                without.succeeded, "\(guest.tries): without \(guest.stoppedBy.map(\.text)) it is still told '\(without.seen)'")
            for one in all where all.count > 1 {
                let alone = try await laboratory.run(guest, without: all.subtracting([one]))
                #expect(!alone.succeeded, "\(guest.tries): \(one.text) alone does not stop it")
            }
        } catch { Issue.record(error, "\(guest.tries)") }
    }

    @Test("There are fifty of them or more, of every class, and no two try the same")
    func completeness() {
        #expect(HostileGuest.all.count >= 50)
        #expect(Set(HostileGuest.all.map(\.kind)) == Set(HostileGuest.Kind.allCases))
        #expect(Set(HostileGuest.all.map(\.tries)).count == HostileGuest.all.count)
    }

    @Test("Every defence stops one of them")
    func everyDefence() {
        let used = HostileGuest.all.flatMap(\.stoppedBy)
        for defence in Defence.allCases where !GuestNetworkTests.shown.contains(defence) {
            #expect(used.contains(.defence(defence)), "\(defence.rawValue)")
        }
    }

    @Test("The page about lending safely shows this table")
    func page() throws {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: repository.appendingPathComponent("Docs/lending-safely.md"), encoding: .utf8)
        #if arch(x86_64)
            let table = HostileGuest.table(of: HostileGuest.all)
            #expect(page.contains("\n\n" + table), "put this into the page:\n\(table)")
        #endif
    }
}

/// What guests could leave on a machine.
private struct Traces: Hashable {
    /// Mounts that have to do with the guests, in this process's view of the machine.
    var mounts: [String]
    /// Shared memory segments.
    var segments: [String]
    /// Files beside the guests' own directories, and in these.
    var files: [String]
    /// Processes of users that only guests have.
    var processes: [String]
    var groups: [String]

    init(of laboratory: Laboratory) throws {
        let kernel = LinuxKernel()
        let (own, warden) = (laboratory.directory, laboratory.warden)
        mounts = try kernel.read("/proc/self/mountinfo").split(separator: "\n").map(String.init)
            .filter { $0.contains(own) || $0.contains(warden.directory) }
        // the numbers of key and segment, without what is attached
        segments = try kernel.read("/proc/sysvipc/shm").split(separator: "\n").map { String($0.prefix(22)) }
        files = try kernel.entries(of: own) + kernel.entries(of: warden.state + "/jobs")
        processes = try kernel.entries(of: "/proc").filter { process in
            var status = stat()
            return Int(process) != nil && stat("/proc/\(process)", &status) == 0 && laboratory.isGuest(status.st_uid)
        }
        groups = try warden.groups.subgroups(of: "weak/guests") + warden.groups.subgroups(of: warden.ownGroup)
    }
}
