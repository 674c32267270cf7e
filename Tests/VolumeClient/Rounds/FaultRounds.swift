import BlockClient
import Foundation
import Resources
import VolumeClient
import VolumeKit
import Volumes

/// Rounds in each of which something goes wrong while programs work on a volume, and which end with all as it should be.
final class FaultRounds {
    private let volume: ScatteredVolume
    private let mishaps: [Mishap]
    private let mount: MountedVolume
    private let programs: Programs
    private var begun = 0

    /// - Parameter seed: of what goes wrong and of what programs do; when exactly either happens is left to chance.
    init(_ count: Int, seed: UInt64, on volume: ScatteredVolume) async throws {
        var random = SeededGenerator(seed: seed)
        self.volume = volume
        mishaps = Mishap.some(count, lenders: volume.lenders.count, backups: volume.options.backups, using: &random)
        let all = (0..<3).map { Program("p\($0)", seed: random.next()) }
        let mount = try await Self.mount(volume)
        (programs, self.mount) = (try await onThread { try Programs(all, on: mount.path) }, mount)
    }

    /// What was to happen so far.
    var history: String { mishaps.prefix(begun).enumerated().map { "\($0 + 1): \($1)" }.joined(separator: "\n") }

    func run() async throws {
        for mishap in mishaps {
            begun += 1
            try await programs.work { try await suffer(mishap) }
            try await comes("all blocks are on \(volume.options.copies) lenders") { await isWhole() }
            try await checkElsewhere()
        }
    }

    // MARK: What goes wrong

    private func suffer(_ mishap: Mishap) async throws {
        try await programs.progress(by: 2)
        switch mishap.setting {
        case .nothing: try await suffer(mishap.outage)
        case .repair(let lender, let blow): try await repair(lender, blow) { try await suffer(mishap.outage) }
        case .evacuation(let lender): try await evacuation(of: lender) { try await suffer(mishap.outage) }
        }
        try await programs.progress(by: 3)
    }

    private func suffer(_ outage: Mishap.Outage) async throws {
        try await strike(process(outage.victim), outage.blow) {
            // It is no waiting for something: so long an outage lasts.
            try await Task.sleep(for: outage.length)
            // Without its home a volume stands still.
            if outage.victim != .home { try await programs.progress(by: 2) }
        }
    }

    private func process(_ victim: Mishap.Victim) -> CabledProcess {
        switch victim {
        case .home: volume.keepers[0]
        case .backup(let number): volume.keepers[number]
        case .lender(let number): volume.lenders[number].process
        }
    }

    private func strike(_ victim: CabledProcess, _ blow: Mishap.Blow, _ body: () async throws -> Void) async throws {
        switch blow {
        case .killed:
            await victim.kill()
            try await body()
            try await victim.start()
        case .paused:
            victim.pause()
            try await body()
            victim.resume()
        case .cut:
            victim.cut()
            try await body()
            victim.mend()
        }
    }

    // MARK: What goes on meanwhile

    private func repair(_ number: Int, _ blow: Mishap.Blow, _ body: () async throws -> Void) async throws {
        let lost = volume.lenders[number]
        try await strike(lost.process, blow) {
            // A lender that is lost stays named, beside those that take its place. Programs may have overwritten all that it had.
            try await comes("blocks are copied that were on a lender") {
                guard let named = await volume.standing?.blocks.filter({ $0.nodes.contains(lost.node) }) else { return false }
                return named.isEmpty || named.contains { $0.nodes.count > volume.options.copies }
            }
            try await body()
        }
    }

    private func evacuation(of number: Int, _ body: () async throws -> Void) async throws {
        let lender = volume.lenders[number]
        let before = await count(on: lender)
        volume.drain(lender)
        try await comes("blocks are moved off a lender") {
            if await count(on: lender) < before { true } else { await volume.isDrained(lender) }
        }
        try await body()
        try await comes("a lender has given its room back") { await volume.isDrained(lender) }
        try await volume.lendAgain(lender)
    }

    private func count(on lender: ScatteredVolume.Lender) async -> Int {
        await volume.standing?.blocks.count { $0.nodes.contains(lender.node) } ?? .max
    }

    /// How the home sees it.
    var standing: String {
        get async {
            guard let standing = await volume.standing else { return "the home does not answer" }
            let counts = Dictionary(grouping: standing.blocks, by: \.nodes.count).mapValues(\.count)
            let summary = volume.lenders.enumerated().reduce(standing.summary) { summary, lender in
                summary.replacingOccurrences(of: "\(lender.element.node)", with: "lender \(lender.offset)")
            }
            return "\(summary); blocks by number of copies: \(counts)"
        }
    }

    // MARK: How it is afterwards

    /// Whether each block is on as many lenders as it is to be, as they find themselves when they read it, and the backups have all.
    private func isWhole() async -> Bool {
        guard let standing = await volume.standing, standing.behind == 0 else { return false }
        guard standing.blocks.allSatisfy({ $0.nodes.count == volume.options.copies }) else { return false }
        return await withTaskGroup { group in
            for lender in volume.lenders {
                let named = standing.blocks.filter { $0.nodes.contains(lender.node) }
                group.addTask { [id = volume.volume] in await lender.has(named, of: id) }
            }
            return await group.allSatisfy { $0 }
        }
    }

    private func checkElsewhere() async throws {
        let other = try await Self.mount(volume)
        try await programs.check(on: other.path)
        try await onThread { other.end() }
    }

    private static func mount(_ volume: ScatteredVolume) async throws -> MountedVolume {
        var link = HomeLink.Options()
        link.patience = patience
        return try await onThread { [link] in try volume.mount(link) }
    }

    /// What has to come is given up after this, also on a machine that has much else to do.
    static let patience = Duration.seconds(60)
}

/// Something has not come to be so in time.
struct Overdue: Error, CustomStringConvertible {
    let description: String
}

/// Waits until something is so that comes to be so.
///
/// - Throws: ``Overdue``.
func comes(_ what: String, _ isSo: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + FaultRounds.patience
    try await until {
        guard ContinuousClock.now < deadline else { throw Overdue(description: "it took too long until \(what)") }
        return try await isSo()
    }
}

extension ScatteredVolume.Lender {
    fileprivate func has(_ blocks: [VolumeStanding.Stored], of volume: VolumeID) async -> Bool {
        for block in blocks {
            let call = BlockCall<Void>.verify(block.id, checksum: block.checksum, of: volume)
            guard (try? await self.blocks.answer(to: call)) != nil else { return false }
        }
        return true
    }
}
