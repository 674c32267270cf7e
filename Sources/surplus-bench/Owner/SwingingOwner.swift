import ArgumentParser
import Foundation

/// A program of the owner's whose use of processors goes up and down.
struct SwingingOwner: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swing", abstract: "Uses processors, now more and now less.", shouldDisplay: false)

    @Option(help: "What it uses in the second half of each period, in cores.")
    var low: Double
    @Option(help: "What it uses in the first.")
    var high: Double
    @Option(help: "In seconds.")
    var period: Double
    @Option(help: "For how long, in seconds.")
    var seconds: Double

    /// A core is used in part by working for that part of each slice.
    private static let slice = 0.02

    func run() throws {
        let began = ContinuousClock.now
        let threads = Int(max(low, high).rounded(.up))
        DispatchQueue.concurrentPerform(iterations: threads) { number in
            while true {
                let now = (ContinuousClock.now - began).milliseconds / 1000
                guard now < seconds else { return }
                let demand = now.truncatingRemainder(dividingBy: period) < period / 2 ? high : low
                let share = min(1, max(0, demand - Double(number)))
                let end = ContinuousClock.now + .seconds(share * Self.slice)
                while .now < end {}
                if share < 1 { usleep(UInt32((1 - share) * Self.slice * 1e6)) }
            }
        }
    }
}
