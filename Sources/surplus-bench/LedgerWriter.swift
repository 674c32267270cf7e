import ArgumentParser
import Bookkeeping
import Dispatch
import Glibc
import LedgerStore
import Resources

/// Writes to a ledger until it is killed, and says on standard output what is durable: what the crash tests kill.
struct LedgerWriter: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger-writer",
        abstract: "Writes numbered transfers to a ledger until killed, printing each number once it is durable.",
        shouldDisplay: false)

    @Argument(help: "The data directory.")
    var directory: String
    @Option(help: "Transfers in a segment.")
    var segment = 1_000_000
    @Option(help: "Batches on their way at any time.")
    var inFlight = 16

    @Option(help: "A directory that the ledger is copied to.")
    var standby: String?

    func run() throws {
        var options = LedgerStore.Options()
        options.standby = standby.map(StandbySettings.init(directory:))
        options.transfersPerSegment = segment
        let store = try LedgerStore(directory: directory, options: options)
        var number = try store.state(.setting, id: "last", as: Int64.self) ?? 0
        let room = DispatchSemaphore(value: inFlight)
        while true {
            room.wait()
            number += 1
            let acknowledged = number
            store.commit(records(number)) { result in
                let text =
                    switch result {
                    case .success: "\(acknowledged)\n"
                    case .failure(let error): "\(error)\n"
                    }
                guard write(STDOUT_FILENO, text, text.utf8.count) == text.utf8.count else { Glibc.exit(1) }
                if case .failure = result { Glibc.exit(2) }
                room.signal()
            }
        }
    }

    /// A transfer, the state that counts it and its event belong together.
    private func records(_ number: Int64) -> [Record] {
        let time = Timestamp(microseconds: number * 1000)
        let id = TransferID(high: 1, low: UInt64(number))
        return [
            .transfer(Transfer(id: id, kind: .direct, debit: .spent, credit: .earned, amount: 1, at: time)),
            .state(.setting, id: "last", number),
            .event(Event(at: time, kind: "test.written", subjects: [id.description], text: "wrote \(number)")),
        ]
    }
}
