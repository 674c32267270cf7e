import Foundation

/// Waiting for what others do.
enum Wait {
    /// Asks every twentieth of a second until something is so.
    ///
    /// - Throws: `StorageFault` when it is not so after `seconds`.
    static func until(_ what: String, within seconds: Double, _ isSo: () throws -> Bool) throws {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while try !isSo() {
            guard Date() < deadline else { throw StorageFault("after \(Int(seconds)) s it was not yet so that \(what)") }
            Thread.sleep(forTimeInterval: 0.05)
        }
    }
}

/// How long something takes, in seconds.
func secondsTaken(by work: () throws -> Void) rethrows -> Double {
    let began = ContinuousClock.now
    try work()
    return (ContinuousClock.now - began).milliseconds / 1000
}
