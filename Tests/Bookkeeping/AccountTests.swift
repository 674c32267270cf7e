import Bookkeeping
import Resources
import Testing

@Suite("Accounts and transfers as text and bytes")
struct AccountTests {
    @Test(
        "every account is read back from its name",
        arguments: [Account.earned, .spent, .converted, .cancelled, .decayed, .peer(peer), .disputed(peer), .swap(peer)])
    func roundTrip(account: Account) {
        #expect(Account(account.description) == account)
    }

    @Test("other names are no accounts", arguments: ["", "peer:", "peer:lse_00000000000000000000000000", "earned ", "Earned"])
    func otherNames(name: String) {
        #expect(Account(name) == nil)
    }

    @Test("transfers that differ in any field have other documents")
    func documents() {
        let transfer = lend(1, 100)
        var others = [Transfer](repeating: transfer, count: 9)
        others[0].id = transferID(2)
        others[1].kind = .direct
        others[2].debit = .peer(node(2))
        others[3].debit = .disputed(peer)
        others[4].credit = .spent
        others[5].amount = 101
        others[6].of = transferID(7)
        others[7].lease = LeaseID(high: 0, low: 1)
        others[8].expires = nil
        let documents = Set((others + [transfer]).map(\.document))
        #expect(documents.count == 10)
        #expect(Set((others + [transfer]).map(\.fingerprint)).count == 10)
    }
}
