import Bookkeeping
import GRPCCore
import Identity
import LedgerStore
import Resources
import Wire

/// Reads the ledger for callers, one that is written to or one that can only be read.
struct LedgerDesk: Sendable {
    private static let entriesOfPage = 1000

    let ledger: any LedgerReader
    let own: NodeID
    let roster: MemberRoster
    let notary: ReceiptNotary
    /// Disputes that are open; none where the agent only reads.
    var disputes: @Sendable () -> [Dispute] = { [] }

    func streamEntries(
        _ request: Surplus_V1_EntriesRequest, _ write: @Sendable (Surplus_V1_EntriesPage) async throws -> Void
    ) async throws {
        let queries = try queries(of: request)
        let (opening, beginning) = try await onThread { [ledger] in
            (try queries.map { ($0.unit, try ledger.standing(before: $0)) }, try ledger.beginning())
        }
        let peer = queries.first?.peer
        let inDispute = disputes().filter { peer == nil || $0.peer(of: own) == peer }
        try await write(
            .with { page in
                page.inDispute = inDispute.reduce(0) { $0 + $1.worth.rawValue }
                (page.node, page.nodeName) = (own.description, name(of: own))
                if let beginning {
                    (page.firstSegment, page.beginsAt) = (Int64(beginning.segment), beginning.at?.microseconds ?? 0)
                }
                page.opening = opening.flatMap { unit, standings in standings.map { (unit, $0) } }.map { unit, standing in
                    .with {
                        ($0.account, $0.net) = (standing.account.description, standing.net.rawValue)
                        $0.unit = unit.rawValue
                        guard let peer = standing.account.node else { return }
                        ($0.peer, $0.peerName) = (peer.description, name(of: peer))
                    }
                }
            })
        for query in queries { try await stream(query, withReceipts: request.receipts, write) }
    }

    private func stream(
        _ query: PostedQuery, withReceipts: Bool, _ write: @Sendable (Surplus_V1_EntriesPage) async throws -> Void
    ) async throws {
        var after: Int64 = 0
        var page: [PostedTransfer] = []
        repeat {
            page = try await onThread { [after, ledger] in try ledger.posted(query, after: after, limit: Self.entriesOfPage) }
            after = page.last?.sequence ?? after
            let leases = withReceipts ? Set(page.compactMap(\.transfer.lease)) : []
            let receipts = try await onThread { [ledger] in leases.isEmpty ? [:] : try ledger.receipts(of: leases) }
            let entries = page.map { entry($0, of: query.peer, receipts) }
            try await write(.with { $0.entries = entries })
        } while page.count == Self.entriesOfPage
    }

    /// One for each unit that is wanted, in the order of the ledger's units.
    private func queries(of request: Surplus_V1_EntriesRequest) throws -> [PostedQuery] {
        let text = try Field.text(request.peer, atMost: 128, "peer")
        func time(_ microseconds: Int64) -> Timestamp? { microseconds == 0 ? nil : Timestamp(microseconds: microseconds) }
        let peer = text.isEmpty ? nil : try roster.peer(text, of: own).node
        let units: [LedgerUnit]
        if request.unit.isEmpty {
            units = request.inKind ? LedgerUnit.allCases : [.credit]
        } else {
            guard let unit = LedgerUnit(rawValue: try Field.text(request.unit, atMost: 32, "unit")) else {
                throw FieldError("unit", "must be one of \(LedgerUnit.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            units = [unit]
        }
        return units.map { unit in
            PostedQuery(in: unit, peer: peer, since: time(request.since), until: time(request.until))
        }
    }

    /// - Parameter wanted: the peer whose entries are asked for; `nil` for all.
    private func entry(
        _ posted: PostedTransfer, of wanted: NodeID?, _ receipts: [LeaseID: [Receipt]]
    ) -> Surplus_V1_LedgerEntry {
        let transfer = posted.transfer
        return .with {
            ($0.sequence, $0.transfer, $0.at) = (posted.sequence, transfer.id.description, transfer.at.microseconds)
            ($0.purpose, $0.amount) = (posted.purpose.rawValue, transfer.amount.rawValue)
            $0.unit = transfer.unit.rawValue
            ($0.debit, $0.credit) = (transfer.debit.description, transfer.credit.description)
            $0.lease = transfer.lease?.description ?? ""
            let settled = transfer.lease.flatMap { receipts[$0]?.first { $0.settles(transfer) } }
            $0.receipt = settled?.id.description ?? ""
            let nodes = [transfer.debit.node, transfer.credit.node].compactMap(\.self)
            guard let peer = nodes.first(where: { $0 == wanted }) ?? nodes.first else { return }
            ($0.peer, $0.peerName) = (peer.description, name(of: peer))
            guard let other = nodes.first(where: { $0 != peer }) else { return }
            ($0.otherPeer, $0.otherPeerName) = (other.description, name(of: other))
        }
    }

    private func name(of node: NodeID) -> String { roster.name(of: node) }

    func verify(_ request: Surplus_V1_VerifyLedgerRequest) async throws -> Surplus_V1_VerifyLedgerReply {
        let (ledger, notary) = (ledger, notary)
        // Reading the whole ledger blocks: it gets a thread of its own.
        let found = try await onThread {
            try ledger.verify(resuming: request.resume) { notary.verify($0, over: $1, by: $2) }
        }
        return .with {
            $0.ok = found.fault == nil
            $0.fault = found.fault.map { "\($0)" } ?? ""
            $0.transfers = found.transfers
            $0.receipts = found.receipts
            $0.checkpoints = found.checkpoints
            $0.segments = Int64(found.segments)
            $0.chainHead = found.head.description
            $0.resumedAfter = found.resumedAfter ?? 0
            $0.firstSegment = Int64(found.firstSegment)
        }
    }
}
