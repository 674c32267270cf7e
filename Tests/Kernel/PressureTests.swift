import Foundation
import Resources
import Testing

@testable import Kernel

@Suite(
    "Pressure, and weights of disks",
    .enabled(if: TestGroups.hasPressure, "needs control groups of version 2 with pressure, as scripts/test --vm has them"))
struct PressureTests {
    @Test("How long guests waited for processors is told for them alone, and is part of what the machine waited")
    func processors() throws {
        let test = try TestGroups()
        try test.groups.make("t/l/j")
        let machine = Machine()
        func waited() throws -> (guests: Microseconds, all: Microseconds) {
            (try #require(test.groups.pressureOfAllGuests("cpu")), try #require(machine.pressure(of: "cpu")))
        }
        let before = try waited()
        for _ in 0..<sysconf(Int32(_SC_NPROCESSORS_ONLN)) * 2 { _ = try test.run("while :; do :; done", in: "t/l/j") }
        #expect(try test.wait { try waited().guests - before.guests > .milliseconds(300) })
        let after = try waited()
        #expect(after.all - before.all > .milliseconds(200))
        #expect((test.groups.activity(of: "t/l").cpuPressure.some ?? .zero) > .milliseconds(200))
    }

    @Test("A guest that is braked for memory is seen to wait for it")
    func memory() throws {
        let test = try TestGroups()
        try test.groups.make("t/l/j")
        try test.groups.setMemoryLimit(.mebibytes(256), of: "t/l")
        try test.groups.setMemoryBrake(.mebibytes(16), of: "t/l")
        _ = try test.run("head -c 100000000 /dev/zero | tail -c 90000000 | wc -c; sleep 1000", in: "t/l/j")
        #expect(try test.wait { test.groups.pressureOfAllGuests("memory").map { $0 > .milliseconds(50) } ?? false })
    }

    @Test("Guests get little of a disk that the owner wants, and wait for it")
    func disks() throws {
        let test = try TestGroups()
        try test.groups.yieldToOwner()
        try test.groups.make("t/l/j")
        let owner = try ControlGroups.detect(parent: test.parent + "/owner")
        try owner.make("o/o/o")
        defer {
            _ = try? test.wait { try owner.kill("o") }
            try? owner.remove("o")
            owner.removeShared()
            for place in Set(owner.places) { rmdir((place as NSString).deletingLastPathComponent) }
        }
        func script(_ name: String) -> String {
            let file = "\(test.directory)/\(name)"
            return """
                dd if=/dev/zero of=\(file) bs=1M count=16 oflag=direct 2>/dev/null; \
                while :; do dd if=\(file) of=/dev/null bs=64k iflag=direct 2>/dev/null; done
                """
        }
        // both are reading before anything is compared
        for name in ["a", "b"] {
            _ = try test.run(script("guest-\(name)"), in: "t/l/j")
            _ = try test.run(script("owner-\(name)"), in: "o/o/o", of: owner)
        }
        func moved() throws -> (guests: Bytes, owner: Bytes) {
            (try #require(test.groups.diskTraffic(of: "t/l")), try #require(owner.diskTraffic(of: "o")))
        }
        #expect(try test.wait(atMost: 60) { try moved().guests > .mebibytes(34) && moved().owner > .mebibytes(34) })
        let before = try moved()
        #expect(try test.wait(atMost: 60) { try moved().owner - before.owner > .mebibytes(64) })
        let after = try moved()
        let (guests, own) = (after.guests - before.guests, after.owner - before.owner)
        #expect(guests * 3 < own, "\(guests.text) and \(own.text)")
        #expect(test.groups.pressureOfAllGuests("io").map { $0 > .milliseconds(100) } == true)
        let beside = test.groups.pressureBesideGuests("io").first { $0.key.hasSuffix("\(test.parent)/owner") }
        #expect(try #require(beside).value > .milliseconds(100), "who waits beside guests that wait is seen")
    }
}
