import Foundation
import Testing

extension LivePool {
    /// Ends the daemons of a node as their owner would, and waits until they are gone.
    func stop(_ node: String) throws {
        let daemons = try daemons(node)
        for pid in [daemons.pid, daemons.wardenPid] {
            guard let pid else { continue }
            kill(pid, SIGTERM)
            try Self.eventually("a daemon of \(node) ends") { kill(pid, 0) != 0 ? true : nil }
        }
    }

    func start(_ node: String) throws {
        let started = try Self.run(["dev", "start", node, "--dir", directory])
        try #require(started.status == 0, "\(started.errors)")
    }
}

// MARK: - What is in dispute

extension LivePool {
    struct InDispute: Decodable {
        let dispute: String
        let peerName: String
        let cause: String
        let leftMicrocredits: Int64
        let acceptedMicrocredits: Int64
        let withdrawnMicrocredits: Int64
        let state: String
        let next: String
        let reason: String
    }

    func disputes(on node: String) throws -> [InDispute] {
        struct List: Decodable { let disputes: [InDispute] }
        return try json(node, ["dispute", "list", "--all"], as: List.self).disputes
    }

    /// A job that costs something, and the receipt by which `borrower` has paid `lender` for it.
    func paidReceipt(of borrower: String, from lender: String) throws -> (receipt: String, amount: Int64) {
        struct Event: Decodable {
            let kind: String
            let subjects: [String]
            let details: [String: String]?
        }
        let words = ["run", "--on", lender, "--cpu", "0.1", "--memory", "64MiB", "--", "sh", "-c", Self.work]
        try Self.eventually("\(lender) lends") { try surplus(borrower, words).status == 0 ? true : nil }
        return try Self.eventually("\(lender) is paid") {
            let lines = try surplus(borrower, ["events", "--kind", "receipt.settled", "--json"]).text.split(separator: "\n")
            for line in lines.reversed() {
                let event = try JSONDecoder().decode(Event.self, from: Data(line.utf8))
                let amount = event.details?["amount_microcredits"].flatMap { Int64($0) } ?? 0
                if amount > 0, let receipt = event.subjects.first(where: { $0.hasPrefix("rct_") }) { return (receipt, amount) }
            }
            return nil
        }
    }
}

// MARK: - What is owed in kind

extension LivePool {
    /// The shipped policy `blade`, and everybody may owe some of what is lent in kind.
    static let lendingForKind = """
        include: blade
        name: kind
        lend:
          cpu: {deferred: {most: 100 core-hours}}
          memory: {deferred: {most: 100 GiB-hours}}
        borrow: {owes: {cpu: 100 core-hours, memory: 100 GiB-hours}}
        """

    /// A program that uses some processing.
    static let work = "n=0; while [ $n -lt 50000 ]; do n=$((n+1)); done"

    struct OwedInKind: Decodable {
        struct Usage: Decodable, Hashable {
            let cpuCoreMicroseconds: Int64
            let memoryMibSeconds: Int64
        }
        let obligation: String
        let peerName: String
        let owedToUs: Bool
        let accruing: Bool
        let left: Usage
        let redeemed: Usage
        let settledAt: String?
    }

    func obligations(on node: String) throws -> [OwedInKind] {
        struct List: Decodable { let obligations: [OwedInKind] }
        return try json(node, ["obligation", "list", "--all"], as: List.self).obligations
    }

    /// An obligation of which something is left and whose lease is settled; `nil` while there is none.
    func openObligation(on node: String, owedToUs: Bool) throws -> String? {
        try obligations(on: node).first { $0.owedToUs == owedToUs && !$0.accruing && $0.settledAt == nil }?.obligation
    }
}
