import Bookkeeping
import LedgerStore
import Resources
import Wire

// The ledger's files: which there are, and where.

extension Agent {
    func ledgerStatus() async throws -> Surplus_V1_LedgerStatusReply {
        let store = house.store
        var reply = try await onThread { Surplus_V1_LedgerStatusReply(try store.inventory(), store.standby) }
        // Files there are before the node is in a pool; then nobody has signed anything yet.
        reply.checkpoints = (try? pool())?.checkpoints ?? []
        return reply
    }

    /// Moves closed files to a directory.
    func archiveLedger(_ request: Surplus_V1_ArchiveLedgerRequest) async throws -> Surplus_V1_ArchiveLedgerReply {
        let (store, directory) = (house.store, try Self.directory(request.directory))
        guard (0...Int64(Int32.max)).contains(request.keep) else { throw FieldError("keep", "must be 0 to \(Int32.max)") }
        let keep = Int(request.keep)
        let last = try await onThread { try store.lastToArchive(keeping: keep) } ?? 0
        try await store.rememberPayments(through: last, at: house.clock().utc)
        let moved = try await onThread { try store.archive(to: directory, keeping: keep, through: last) }
        if let first = moved.first, let last = moved.last {
            try await store.commit([
                .event(ledgerEvent(kind: "ledger.archived", "moved ledger files \(first) to \(last) to \(directory)"))
            ])
        }
        return .with { $0.segments = moved.map(Int64.init) }
    }

    func mountLedger(_ request: Surplus_V1_LedgerDirectory) async throws -> Surplus_V1_LedgerStatusReply {
        let directory = try Self.directory(request.directory)
        try await house.store.mount(
            directory, telling: ledgerEvent(kind: "ledger.mounted", "reads the ledger files in \(directory) too"))
        return try await ledgerStatus()
    }

    func unmountLedger(_ request: Surplus_V1_LedgerDirectory) async throws -> Surplus_V1_LedgerStatusReply {
        let directory = try Self.directory(request.directory)
        try await house.store.unmount(
            directory, telling: ledgerEvent(kind: "ledger.unmounted", "leaves out the ledger files in \(directory)"))
        return try await ledgerStatus()
    }

    private func ledgerEvent(kind: String, _ text: String) -> Event {
        Event(at: house.clock().utc, kind: kind, subjects: [], text: text)
    }

    private static func directory(_ text: String) throws -> String {
        let path = try Field.text(text, atMost: 4096, "directory")
        guard path.hasPrefix("/"), path.count > 1 else { throw FieldError("directory", "must be a path that begins with /") }
        return path
    }
}

extension Surplus_V1_LedgerStatusReply {
    init(_ inventory: LedgerInventory, _ standby: StandbyStanding?) {
        self = .with { reply in
            reply.own = Surplus_V1_LedgerPlace(inventory.own)
            reply.mounts = inventory.mounts.map(Surplus_V1_LedgerPlace.init)
            if let beginning = inventory.beginning {
                (reply.firstSegment, reply.beginsAt) = (Int64(beginning.segment), beginning.at?.microseconds ?? 0)
            }
            if let standby { reply.standby = Surplus_V1_StandbyInfo(standby) }
        }
    }
}

extension Surplus_V1_LedgerPlace {
    fileprivate init(_ place: LedgerInventory.Place) {
        self = .with {
            ($0.directory, $0.bytes, $0.fault) = (place.directory, place.size.rawValue, place.fault ?? "")
            ($0.firstSegment, $0.lastSegment) = (Int64(place.first), Int64(place.last))
            $0.closed = place.closed.map { file in .with { ($0.number, $0.lastRow) = (Int64(file.number), file.lastRow) } }
        }
    }
}

extension Surplus_V1_StandbyInfo {
    fileprivate init(_ standing: StandbyStanding) {
        self = .with {
            ($0.directory, $0.fault) = (standing.directory, standing.fault ?? "")
            ($0.lagMicroseconds, $0.lagBytes) = (standing.lag.rawValue, standing.lagSize.rawValue)
            ($0.oldest, $0.newest) = (standing.oldest?.microseconds ?? 0, standing.newest?.microseconds ?? 0)
            $0.bytes = standing.size.rawValue
        }
    }
}
