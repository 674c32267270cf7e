import Kernel
import Policy
import Resources

/// Looks at what the policy's conditions and thresholds depend on, every second while there is anything. While the warden is away, as during an
/// upgrade, nothing can be lent, and nothing is taken back either: nobody looks.
struct SurroundingsWatch: Sendable {
    private static let interval = Duration.seconds(1)

    let house: Household
    let engine: Engine
    let guests: GuestKeeper
    let roster: MemberRoster

    func run() async {
        var sensor = SurroundingsSensor(directory: house.configuration.dataDirectory)
        while !Task.isCancelled {
            let policy = house.policy.current.policy
            if !policy.conditions.isEmpty || policy.hasPeriods, let usage = guests.usage {
                let now = house.clock()
                let view = sensor.read(programs: policy.watchedPrograms, guests: ControlGroups.guestPath, at: now.instant)
                if !policy.borrow.rules.isEmpty {
                    // without names none of them can be unknown
                    engine.handle(.peers((try? roster.candidates(on: [], except: engine.read { $0.id })) ?? []))
                }
                engine.handle(.surroundings(surroundings(view, usage, at: now)))
            }
            await Task.rest(for: Self.interval)
        }
    }

    /// The machine's view in terms of the policy's gauges.
    private func surroundings(
        _ view: MachineView, _ usage: (owner: Amounts, guests: Amounts), at now: Moment
    ) -> Surroundings {
        var result = Surroundings(civil: CivilMinute(at: now.utc), programs: view.programs)
        result[.cpuUsed] = usage.owner.cpu.rawValue
        result[.cpuUtilisation] = Surroundings.share(usage.owner.cpu.rawValue, of: house.capacity.cpu.rawValue)
        result[.memoryUtilisation] = Surroundings.share(usage.owner.memory.rawValue, of: house.capacity.memory.rawValue)
        result.setLoad(view.load, guests: usage.guests.cpu)
        result[.memoryFree] = view.memoryFree?.rawValue
        result[.diskFree] = view.disk?.free.rawValue
        result[.diskUtilisation] = view.disk.map { Surroundings.share($0.size.rawValue - $0.free.rawValue, of: $0.size.rawValue) }
        result[.cpuPressure] = view.cpuPressure?.rawValue
        result[.memoryPressure] = view.memoryPressure?.rawValue
        result[.ioPressure] = view.ioPressure?.rawValue
        result[.users] = view.users.map { Int64($0.names.count) }
        result[.usersIdle] = view.users?.idle.rawValue
        result[.power] = (view.power.isOnBattery ? PowerSource.battery : .mains).reading
        result[.batteryCharge] = view.power.charge?.rawValue
        result[.networkUtilisation] = view.network.map { min(BasisPoints.whole, $0.utilisation).rawValue }
        result[.networkSpare] = view.network?.spare.rawValue
        return result
    }
}

extension CivilMinute {
    /// By the machine's clock and time zone.
    init(at time: Timestamp) {
        let clock = WallClock.reading(at: time)
        self.init(day: Weekday(rawValue: clock.weekday) ?? .monday, minute: clock.minute)
    }
}

extension Surroundings {
    /// The load without what guests make of it, taken to be the cores that they keep busy.
    fileprivate mutating func setLoad(_ load: Load?, guests: Millicores) {
        guard let load else { return }
        let own = max(0, load.rawValue - guests.rawValue)
        self[.load] = own
        self[.loadPerCore] = own / Int64(max(1, Machine.processors))
    }

    /// At most the whole: an owner may use more than the capacity that is configured.
    fileprivate static func share(_ part: Int64, of whole: Int64) -> Int64 {
        min(BasisPoints.whole.rawValue, Microseconds(part).scaled(by: BasisPoints.whole.rawValue, over: max(1, whole)).rawValue)
    }
}
