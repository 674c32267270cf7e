import Foundation
import Glibc
import Kernel
import Resources
import TestKit
import Testing

@Suite("What surrounds a machine")
struct SurroundingsTests {
    private let start = Instant(microseconds: 0)

    private func view(_ files: [String: String], programs: Set<String> = [], later: [String: String] = [:]) -> MachineView {
        let kernel = PaperKernel(files)
        var sensor = SurroundingsSensor(directory: "/", kernel: kernel)
        _ = sensor.read(programs: [], guests: "/surplus/", at: start)
        for (path, text) in later { kernel.put(text, at: path) }
        return sensor.read(programs: programs, guests: "/surplus/", at: start + .seconds(2))
    }

    @Test("Load, free memory and pressure are what the kernel says; what it does not say is missing")
    func kernelFiles() {
        let view = view([
            "/proc/loadavg": "1.25 0.50 0.10 2/345 6789\n",
            "/proc/meminfo": "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 400 kB\n",
            "/proc/pressure/io":
                "some avg10=12.34 avg60=0.00 avg300=0.00 total=5\nfull avg10=1.00 avg60=0.00 avg300=0.00 total=1\n",
        ])
        #expect(view.load == Load(1250))
        #expect(view.memoryFree == Bytes(400 << 10))
        #expect(view.ioPressure == BasisPoints(1234))
        #expect(view.cpuPressure == nil && view.network == nil)
    }

    @Test("Programs are found by name among the processes that are no guests")
    func programs() {
        let view = view(
            [
                "/proc/1/comm": "init\n", "/proc/1/cgroup": "0::/init.scope\n", "/proc/20/comm": "blender\n",
                "/proc/20/cgroup": "4:cpu:/surplus/node1/lse_1/job_1\n0::/\n", "/proc/21/comm": "Web Content\n",
                "/proc/21/cgroup": "0::/user.slice\n", "/proc/self/comm": "blender\n",
            ], programs: ["blender", "Web Content", "emacs"])
        #expect(view.programs == ["Web Content"])
    }

    @Test("A machine without a battery is on mains; one with a battery is where its supply says")
    func power() {
        func supply(_ online: String?, _ status: String?) -> PowerSupply {
            var files: [String: String] = [:]
            let root = "/sys/class/power_supply"
            if let online { files.merge(["\(root)/AC/type": "Mains\n", "\(root)/AC/online": "\(online)\n"]) { $1 } }
            if let status {
                files.merge([
                    "\(root)/BAT0/type": "Battery\n", "\(root)/BAT0/status": "\(status)\n", "\(root)/BAT0/capacity": "80\n",
                ]) {
                    $1
                }
            }
            files.merge([
                "\(root)/mouse/type": "Battery\n", "\(root)/mouse/scope": "Device\n", "\(root)/mouse/status": "Discharging\n",
            ]) {
                $1
            }
            return PowerSupply(kernel: PaperKernel(files))
        }
        #expect(!supply(nil, nil).isOnBattery && supply(nil, nil).charge == nil)
        #expect(!supply("1", "Charging").isOnBattery && supply("1", "Charging").charge == .percent(80))
        #expect(supply("0", "Discharging").isOnBattery)
        #expect(supply(nil, "Discharging").isOnBattery)
        #expect(!supply("0", nil).isOnBattery)
    }

    @Test("The network's use is what the links that tell their speed have carried since the last look")
    func network() {
        func link(_ name: String, speed: String, rx: Int, tx: Int) -> [String: String] {
            let root = "/sys/class/net/\(name)"
            return ["\(root)/speed": speed, "\(root)/statistics/rx_bytes": "\(rx)\n", "\(root)/statistics/tx_bytes": "\(tx)\n"]
        }
        let before = link("eth0", speed: "1000\n", rx: 0, tx: 0).merging(link("wlan0", speed: "-1\n", rx: 0, tx: 0)) { $1 }
        let after = link("eth0", speed: "1000\n", rx: 50_000_000, tx: 1).merging(link("wlan0", speed: "-1\n", rx: 9, tx: 9)) {
            $1
        }
        let usage = view(before, later: after).network
        #expect(usage?.capacity == 1_000_000_000 && usage?.used == 200_000_000 && usage?.spare == 800_000_000)
        #expect(usage?.utilisation == .percent(20))
    }

    @Test("Users are those whom logind calls logged in")
    func users() {
        let users = LoggedInUsers(
            kernel: PaperKernel([
                "/run/systemd/sessions/1": "UID=1000\nUSER=anna\nCLASS=user\nSTATE=active\n",
                "/run/systemd/sessions/2": "USER=anna\nCLASS=user\nSTATE=online\n",
                "/run/systemd/sessions/3": "USER=gdm\nCLASS=greeter\nSTATE=online\n",
                "/run/systemd/sessions/4": "USER=bert\nCLASS=user\nSTATE=closing\n",
            ]))
        #expect(users.names == ["anna"])
        #expect(users.idle > .zero)
    }

    @Test("The running machine can be looked at")
    func real() {
        var sensor = SurroundingsSensor(directory: "/")
        let view = sensor.read(programs: ["no-such-thing"], guests: "/surplus/", at: start)
        #expect(view.load != nil && view.memoryFree.map { $0 > .zero } == true)
        #expect(view.disk.map { $0.size > .zero && $0.free <= $0.size } == true)
        #expect(view.programs.isEmpty && view.users != nil)
    }

    @Test("The wall clock is the machine's, with Monday as the first day")
    func wallClock() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .current
        for day in 0..<8 {
            let seconds = 1_795_689_000 + day * 90_000
            let reading = WallClock.reading(at: Timestamp(microseconds: Int64(seconds) * 1_000_000))
            let parts = calendar.dateComponents([.weekday, .hour, .minute], from: Date(timeIntervalSince1970: Double(seconds)))
            #expect(reading.weekday % 7 + 1 == parts.weekday)
            #expect(reading.minute == (parts.hour ?? 0) * 60 + (parts.minute ?? 0))
        }
    }
}

@Suite("Hook programs")
struct HookProgramTests {
    @Test("A hook runs with its variables and without privileges; its ending is known")
    func ending() throws {
        let directory = try TemporaryDirectory()
        chmod(directory.path, 0o777)
        let file = directory.path + "/out"
        let script = "id -u > \(file); echo $SURPLUS_LEASE >> \(file); grep NoNewPrivs /proc/self/status >> \(file); exit 7"
        let hook = HookProgram(["/bin/sh", "-c", script], environment: ["SURPLUS_LEASE": "lse_1"])
        #expect(try hook.run(atMost: .seconds(60)) == .code(7))
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == 3 && lines[1] == "lse_1" && lines[2].hasSuffix("1"))
        #expect(lines[0] == (geteuid() == 0 ? "65534" : "\(geteuid())"))
        #expect(try HookProgram(["/bin/sh", "-c", "kill -9 $$"], environment: [:]).run(atMost: .seconds(60)) == .signal(9))
    }

    @Test("A hook that does not end is killed with what it started")
    func timeout() throws {
        let hook = HookProgram(["/bin/sh", "-c", "sleep 1000 & sleep 1000"], environment: [:])
        #expect(try hook.run(atMost: .milliseconds(50)) == .timedOut)
    }
}
