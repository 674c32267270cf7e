import Accounting
import Foundation
import Resources
import TestKit

@testable import HistoryStore

/// A directory that goes away with the test.
final class ScratchDirectory: Sendable {
    let path: String
    var file: String { path + "/history.sqlite" }

    init() throws {
        path = NSTemporaryDirectory() + "/surplus-history-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A machine that is measured once a second, on a clock moved by hand, and written when a test says so.
struct Measured {
    var clock = ManualClock()
    var chronicle = Chronicle()
    var random: SeededGenerator
    private var cpu: Int64 = 0
    /// Samples that were recorded of each subject.
    private(set) var samples: Int64 = -1

    init(seed: UInt64 = 1) { random = SeededGenerator(seed: seed) }

    mutating func run(_ seconds: Int, of subjects: [Subject] = [.machine], isIncident: Bool = false) {
        for _ in 0..<seconds {
            clock.advance(by: .seconds(1))
            cpu += Int64.random(in: 0...2_000_000, using: &random)
            var reading = Reading(at: clock.now.instant)
            reading.cpu = CoreMicroseconds(cpu)
            reading.memory = .mebibytes(.random(in: 100...200, using: &random))
            reading.diskRead = Bytes(cpu / 3)
            for subject in subjects {
                chronicle.record(reading, of: subject, at: clock.now, grain: .milliseconds(200), isIncident: isIncident)
            }
            samples += 1
        }
    }

    mutating func write(to store: HistoryStore) throws {
        let batch = chronicle.batch
        try store.write(batch)
        chronicle.wrote(batch)
    }

    /// As after a crash: what was not written is lost.
    mutating func restart(from store: HistoryStore) throws {
        chronicle = Chronicle()
        chronicle.restore(try store.openIntervals(), at: clock.now.instant)
    }
}

let allTime = Timestamp(microseconds: .min / 4)..<Timestamp(microseconds: .max / 4)

func count(_ rows: [RollUp]) -> Int64 { rows.reduce(0) { $0 + ($1.values[.memory]?.count ?? 0) } }

extension HistoryStore {
    /// The samples that rows of a resolution and the open intervals up to it stand for.
    func samples(_ resolution: Resolution, of subject: Subject = .machine) throws -> Int64 {
        let open = try openIntervals().first { $0.subject == subject }?.cascade.current(resolution) ?? []
        return count(try rows(of: subject, resolution, in: allTime) + open)
    }
}
