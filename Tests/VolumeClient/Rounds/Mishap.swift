import Resources

/// What goes wrong in one round.
struct Mishap: CustomStringConvertible {
    enum Victim: Hashable, CustomStringConvertible {
        case home
        /// By number, from 1 on.
        case backup(Int)
        case lender(Int)

        var description: String {
            switch self {
            case .home: "the home"
            case .backup(let number): "backup \(number)"
            case .lender(let number): "lender \(number)"
            }
        }
    }

    enum Blow: String, CaseIterable {
        /// It begins again with what is on its disk.
        case killed
        /// It is held up, and goes on as if nothing had been.
        case paused
        /// Nobody reaches it.
        case cut = "cut off"
    }

    struct Outage: CustomStringConvertible {
        let victim: Victim
        let blow: Blow
        /// At least.
        let length: Duration

        var description: String { "\(victim) is \(blow.rawValue) for \(length)" }
    }

    /// What goes on when it comes.
    enum Setting: CustomStringConvertible {
        case nothing
        /// Blocks are copied elsewhere, for a lender has been lost, and is away still.
        case repair(of: Int, Blow)
        /// A lender takes its room back.
        case evacuation(of: Int)

        var description: String {
            switch self {
            case .nothing: ""
            case .repair(let lender, let blow): "while what was on lender \(lender) is copied, which is \(blow.rawValue), "
            case .evacuation(let lender): "while lender \(lender) takes its room back, "
            }
        }
    }

    let setting: Setting
    let outage: Outage

    var description: String { "\(setting)\(outage)" }
}

extension Mishap {
    /// Some of each kind, in any order: half of them by themselves, the others while something goes on.
    ///
    /// - Parameter lenders: how many there are. Two of them at most are away at a time.
    static func some(
        _ count: Int, lenders: Int, backups: Int, using random: inout some RandomNumberGenerator
    ) -> [Mishap] {
        var all: [Mishap] = []
        for number in 0..<count {
            let lender = Int.random(in: 0..<lenders, using: &random)
            let setting: Setting =
                switch number % 4 {
                case 1: .repair(of: lender, .random(using: &random))
                case 3: .evacuation(of: lender)
                default: .nothing
                }
            // Whoever is away already can be hit no more.
            var outage = Outage.random(lenders, backups, using: &random)
            while case .repair(let lost, _) = setting, outage.victim == .lender(lost) {
                outage = .random(lenders, backups, using: &random)
            }
            all.append(Mishap(setting: setting, outage: outage))
        }
        return all.shuffled(using: &random)
    }
}

extension Mishap.Outage {
    fileprivate static func random(_ lenders: Int, _ backups: Int, using random: inout some RandomNumberGenerator) -> Self {
        let victim: Mishap.Victim =
            switch Int.random(in: 0..<8, using: &random) {
            case 0..<2: .home
            case 2: .backup(Int.random(in: 1...backups, using: &random))
            default: .lender(Int.random(in: 0..<lenders, using: &random))
            }
        let length = Duration.milliseconds(Int.random(in: 20...800, using: &random))
        return Self(victim: victim, blow: .random(using: &random), length: length)
    }
}

extension Mishap.Blow {
    fileprivate static func random(using random: inout some RandomNumberGenerator) -> Self {
        [.killed, .paused, .cut].randomElement(using: &random) ?? .killed
    }
}
