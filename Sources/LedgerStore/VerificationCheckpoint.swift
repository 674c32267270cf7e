import Bookkeeping
import Foundation
import Resources

/// How far a verification came: the last row that was found good, and what all rows up to it come to. Another can go on from there.
///
/// Whoever can change the ledger can change this file too: it saves time, it proves nothing.
struct VerificationCheckpoint: Codable {
    /// What stands on one account.
    private struct Standing: Codable {
        var account: Account
        var unit: LedgerUnit
        var balance: Balance<LedgerAmount>
    }

    private struct OpenReservation: Codable {
        var transfer: Transfer
        var posted: LedgerAmount
    }

    /// What was found up to there.
    let found: Verification
    /// The segment that the row is in.
    let number: Int
    /// Whether signatures were checked, too.
    let hasSignatures: Bool
    private let standings: [Standing]
    private let reservations: [OpenReservation]

    init(found: Verification, number: Int, hasSignatures: Bool, tally: Tally) {
        self.found = found
        self.number = number
        self.hasSignatures = hasSignatures
        standings = tally.entries.map {
            Standing(account: $0.line.account, unit: $0.line.unit, balance: $0.balance)
        }
        reservations = tally.reservations.map { OpenReservation(transfer: $0.transfer, posted: $0.posted) }
    }

    /// Balances and open reservations after the row; `nil` when they contradict themselves.
    var tally: Tally? {
        let open = reservations.compactMap { Reservation($0.transfer, posted: $0.posted) }
        guard open.count == reservations.count else { return nil }
        return Tally(
            entries: standings.map { Tally.Entry(Tally.Line($0.account, $0.unit), $0.balance) }, reservations: open)
    }

    /// What an earlier verification left; `nil` when there is none that can be read.
    init?(file: String) {
        guard let data = FileManager.default.contents(atPath: file),
            let checkpoint = try? JSONDecoder().decode(Self.self, from: data), checkpoint.tally != nil
        else { return nil }
        self = checkpoint
    }

    /// Keeps it in place of an earlier one. Where that cannot be done the next verification begins at the first row.
    func save(_ file: String) {
        // it saves time, and nothing depends on it
        guard let data = try? JSONEncoder().encode(self) else { return }
        try? data.write(to: URL(fileURLWithPath: file), options: .atomic)
    }
}
