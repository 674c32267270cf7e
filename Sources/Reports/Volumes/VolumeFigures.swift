import Resources

/// What each node of the pool can find out of a shared volume.
package struct VolumeFigures: Encodable, Sendable {
    /// How safe what is in it is.
    package enum Health: String, Encodable, Sendable {
        case healthy
        case mending
        case atRisk = "at_risk"
        case damaged
        /// Its home is not heard of.
        case unknown

        var tone: Tone {
            switch self {
            case .healthy: .good
            case .mending, .unknown: .warning
            case .atRisk, .damaged: .bad
            }
        }

        /// As a word or two.
        var text: String { self == .atRisk ? "at risk" : rawValue }
    }

    package let volume: String
    package let name: String
    package let home: String
    package let homeName: String
    package let reachable: Bool
    let epoch: UInt64
    package let backups: [String]
    package let backupNames: [String]
    let copies: Int
    package let sizeBytes: Int64
    package let usedBytes: Int64
    package let health: Health

    /// - Parameters:
    ///   - home: the node that keeps its metadata.
    ///   - backups: nodes that keep its journal, too.
    ///   - isReachable: its home answers.
    package init(
        volume: String, name: String, home: (node: String, name: String), backups: [(node: String, name: String)],
        isReachable: Bool, epoch: UInt64, copies: Int, size: Bytes, used: Bytes, health: Health
    ) {
        (self.volume, self.name) = (volume, name)
        (self.home, homeName) = home
        (self.backups, backupNames) = (backups.map(\.node), backups.map(\.name))
        (reachable, self.epoch, self.copies) = (isReachable, epoch, copies)
        (sizeBytes, usedBytes, self.health) = (size.rawValue, used.rawValue, health)
    }

    var size: Bytes { Bytes(sizeBytes) }
    var used: Bytes { Bytes(usedBytes) }
    var free: Bytes { Bytes(max(0, sizeBytes - usedBytes)) }

    /// How much of it is used, as a bar.
    func bar(on page: Page) -> String {
        Gauge(owner: usedBytes, guests: 0, threshold: sizeBytes, capacity: sizeBytes).text(on: page)
    }
}

/// How far work on a volume is.
package struct VolumeProgressFigures: Encodable, Sendable {
    /// What is being done, in a word or two.
    let step: String
    let doneBlocks: UInt64
    let totalBlocks: UInt64
    let doneBytes: Int64
    let totalBytes: Int64
    /// `nil` when it is not known.
    let timeLeftMicroseconds: Int64?

    package init(
        step: String, doneBlocks: UInt64, totalBlocks: UInt64, done: Bytes, total: Bytes, timeLeft: Microseconds?
    ) {
        self.step = step
        (self.doneBlocks, self.totalBlocks) = (doneBlocks, totalBlocks)
        (doneBytes, totalBytes) = (done.rawValue, total.rawValue)
        timeLeftMicroseconds = timeLeft?.rawValue
    }

    /// `copying: 40%, 800 MiB of 1.95 GiB, about 3 min left`.
    package var text: String {
        guard totalBytes > 0 else { return totalBlocks > 0 ? "\(step): \(doneBlocks) of \(totalBlocks)" : step }
        let share = Int64(Int128(min(doneBytes, totalBytes)) * 100 / Int128(totalBytes))
        let left = timeLeftMicroseconds.map { ", about \(Microseconds($0).shortText) left" } ?? ""
        return "\(step): \(share)%, \(Bytes(doneBytes).shortText) of \(Bytes(totalBytes).shortText)\(left)"
    }
}
