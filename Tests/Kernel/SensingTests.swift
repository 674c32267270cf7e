import Foundation
import Resources
import TestKit
import Testing

@testable import Kernel

@Suite("Sensing the machine")
struct SensingTests {
    @Test("The clock since boot moves on and tells which boot it counts from")
    func clock() throws {
        let clock = try SystemClock()
        let first = clock.now()
        var second = clock.now()
        while second.instant == first.instant { second = clock.now() }
        #expect(second.instant > first.instant)
        #expect(first.boot.value.count == 36)
        #expect(abs(Double(first.utc.microseconds) / 1e6 - Date().timeIntervalSince1970) < 5)
    }

    @Test("Processing counts all that is not idle, waiting or stolen")
    func processing() throws {
        let machine = Machine(
            kernel: PaperKernel(["/proc/stat": "cpu  100 20 30 5000 600 7 8 9 10 11\ncpu0 1 1 1 1 1 1 1 1 1 1\n"]))
        #expect(try machine.processing() == CoreMicroseconds((100 + 20 + 30 + 7 + 8) * 10_000))
    }

    @Test("A number is found behind its whole name only, wherever its line is")
    func value() {
        let text = "total_inactive_file 7\ninactive_file 5\ninactive   6 kB\nempty\nlast 9"
        let found = ["inactive_file", "total_inactive_file", "inactive", "last", "file", "empty", "in", ""].map {
            Machine.value(of: $0, in: text)
        }
        #expect(found == [5, 7, 6, 9, nil, nil, nil, nil])
        #expect(Machine.value(of: "x", in: "") == nil)
    }

    @Test("Memory in use is what is not available")
    func memory() throws {
        let kernel = PaperKernel(["/proc/meminfo": "MemTotal:  1000 kB\nMemFree: 10 kB\nMemAvailable:   600 kB\n"])
        let memory = try Machine(kernel: kernel).memory()
        #expect(memory.total == Bytes(1_024_000))
        #expect(memory.used == Bytes(409_600))
    }

    @Test("A kernel that tells nonsense is an error that names the file", arguments: ["", "cpu", "cpu  1 2 3\n", "\u{0}\n"])
    func nonsense(text: String) {
        #expect(throws: KernelError("understand /proc/stat", EINVAL)) {
            try Machine(kernel: PaperKernel(["/proc/stat": text])).processing()
        }
    }

    @Test("Pressure is the time that some task waited, and nothing where it is not measured")
    func pressure() {
        let text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=4711\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n"
        let machine = Machine(kernel: PaperKernel(["/proc/pressure/cpu": text]))
        #expect(machine.pressure(of: "cpu") == 4711)
        #expect(machine.pressure(of: "io") == nil)
    }

    @Test("The running machine has processors and memory, and works")
    func real() throws {
        let machine = Machine()
        let capacity = try machine.capacity()
        #expect(capacity.cpu >= .cores(1))
        #expect(capacity.memory > .mebibytes(64))
        #expect(try machine.processing() > .zero)
        #expect(try machine.memory().used < capacity.memory)
    }

    @Test("An error says what was tried on what, and the kernel's answer")
    func errors() {
        #expect(throws: KernelError("open /nowhere/at/all", ENOENT)) { try LinuxKernel().read("/nowhere/at/all") }
        #expect(KernelError("open /x", EACCES).description == "failed to open /x: Permission denied (errno 13)")
    }
}
