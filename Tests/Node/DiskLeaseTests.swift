import Bookkeeping
import Node
import Policy
import Resources
import TestKit
import Testing
import Trading

@Suite("Leases of disk")
struct DiskLeaseTests {
    /// Lends processing, and up to half of a disk of 100 GiB at a credit per GiB-hour.
    private static func policy(
        keepFree: BasisPoints = .percent(20), notice: NoticeClass = .standard, _ change: (inout LendingPolicy) -> Void = { _ in }
    ) -> LendingPolicy {
        var policy = Pool.policy(notice: notice, credit: CreditRule(granted: .credits(100), owes: .credits(100)))
        policy.disk = ResourceRule(threshold: .whole - keepFree, share: .percent(50), price: .credits(1))
        change(&policy)
        return policy
    }

    private static func want(
        _ size: Bytes = .gibibytes(20), least: Bytes? = nil, term: Microseconds = .minutes(10), renewsItself: Bool = false
    ) -> Want {
        Want(
            amounts: Amounts(disk: size), least: least.map { Amounts(disk: $0) }, term: term,
            maxPrices: Prices(cpu: .credits(2), memory: .credits(1), disk: .credits(2)), user: "ana", renewsItself: renewsItself)
    }

    private static func refusal(of request: RequestID, _ pool: Pool) throws -> Refusal {
        guard case .failure(let refusal) = try #require(pool.members[0].decisions[request]) else {
            throw Refusal(term: "", reason: "it was granted")
        }
        return refusal
    }

    // MARK: Granting and billing

    @Test("What is set aside is billed, used or not, and nothing runs under it")
    func billed() throws {
        var pool = Pool(policy: Self.policy())
        let lease = try pool.borrow(Self.want())
        #expect(pool.members[1].stores[lease] == .gibibytes(20) && pool.members[1].guests.isEmpty)
        #expect(pool.lease(lease, 1)?.state == .active && pool.members[1].node.committed == Amounts(disk: .gibibytes(20)))
        #expect(pool.lease(lease, 0)?.terms.prices == Prices(cpu: .zero, memory: .zero, disk: .credits(1)))
        pool.advance(by: .minutes(11))
        pool.expectRest()
        // 20 GiB for 10 min at a credit per GiB-hour
        #expect(pool.balance(1, with: 0) == 3_333_333)
        let last = try #require(pool.members[1].store.receipts.values.first { $0.receipt.isFinal }?.receipt)
        #expect(last.usage == Usage(of: Amounts(disk: .gibibytes(20)), for: .minutes(10)))
    }

    @Test("One that is given back early is billed for the time that it lasted, and its room is lent again")
    func released() throws {
        var pool = Pool(policy: Self.policy())
        let lease = try pool.borrow(Self.want(.gibibytes(50)))
        let second = pool.ask(Self.want())
        pool.deliver()
        #expect(try Self.refusal(of: second, pool).term == "disk")
        pool.advance(by: .minutes(3))
        pool.feed(.release(lease), to: 0)
        pool.advance(by: .seconds(10))
        #expect(pool.balance(1, with: 0) == 2_500_000 && pool.members[1].stores.isEmpty)
        _ = try pool.borrow(Self.want(.gibibytes(50)))
    }

    @Test("A lender that states more than was set aside is not paid for it")
    func overstated() throws {
        var pool = Pool(policy: Self.policy())
        let lease = try pool.borrow(Self.want())
        // its clock runs ahead of the borrower's: it would bill ten minutes after two
        pool.stand(for: .minutes(2))
        let notary = pool.notary(1)
        var bill = try #require(pool.members[1].node.leases[lease]?.bill)
        let signed = bill.draw(
            Bill.Statement(
                receipt: ReceiptID(high: 9, low: 1), transfer: TransferID(high: 9, low: 2), compensationTransfer: nil,
                elapsed: .minutes(10), usage: Usage(of: Amounts(disk: .gibibytes(20)), for: .minutes(10)), throttled: .zero,
                compensation: .zero, isFinal: false, issued: pool.now.utc), notary: notary)
        let offer = ReceiptOffer(document: signed.document, lenderSignature: signed.lenderSignature)
        pool.feed(.message(from: pool.members[1].id, .receipt(offer)), to: 0)
        let plausible = Usage(of: Amounts(disk: .gibibytes(20)), for: .minutes(2) + Timing.clockSlack)
        #expect(pool.balance(0, with: 1) == -Prices(cpu: .zero, memory: .zero, disk: .credits(1)).cost(of: plausible))
    }

    @Test("A store that cannot be opened ends the lease")
    func failed() throws {
        var pool = Pool(policy: Self.policy())
        pool.members[1].opensStores = false
        let lease = try pool.borrow(Self.want())
        pool.advance(by: .seconds(10))
        #expect(pool.lease(lease, 0)?.endReason == .failed && pool.lease(lease, 1)?.reason == "the disk is full")
        pool.expectRest()
    }

    @Test("It is renewed like any other, and its store is told of the new end")
    func renewed() throws {
        var pool = Pool(policy: Self.policy())
        let lease = try pool.borrow(Self.want(renewsItself: true))
        pool.advance(by: .minutes(25))
        #expect(pool.lease(lease, 1)?.isOpen == true && (pool.lease(lease, 1)?.renewals ?? 0) > 0)
        #expect(pool.members[1].stores[lease] == .gibibytes(20))
        pool.feed(.release(lease), to: 0)
        pool.advance(by: .minutes(1))
        pool.expectRest()
    }

    @Test("It outlives a restart of either side, and what is over then is cleared away")
    func restarted() throws {
        var pool = Pool(policy: Self.policy())
        let lease = try pool.borrow(Self.want())
        pool.members[1].stores = SortedMap()
        pool.restart(1)
        pool.restart(0)
        #expect(pool.members[1].stores[lease] == .gibibytes(20))
        pool.stand(for: .minutes(12))
        pool.restart(1)
        pool.advance(by: .minutes(1))
        #expect(pool.members[1].stores.isEmpty)
        pool.expectRest()
    }

    // MARK: Draining

    /// A pool in which a lease of all that is lent was given back while something was stored under it.
    private static func draining(notice: NoticeClass = .standard) throws -> (pool: Pool, lease: LeaseID) {
        var pool = Pool(policy: policy(notice: notice))
        pool.members[1].closesStores = false
        let lease = try pool.borrow(want(.gibibytes(50)))
        pool.feed(.release(lease), to: 0)
        pool.advance(by: .minutes(2))
        return (pool, lease)
    }

    @Test("What was stored counts as lent until it is elsewhere, though the lease is settled and forgotten by its borrower")
    func drained() throws {
        var (pool, lease) = try Self.draining()
        #expect(pool.lease(lease, 0)?.state == .settled && pool.lease(lease, 1)?.state == .settled)
        #expect(pool.members.allSatisfy { $0.node.books.reservations.isEmpty } && pool.balance(0, with: 1) == .zero)
        for _ in 0..<3 {
            #expect(pool.members[1].node.committed == Amounts(disk: .gibibytes(50)))
            #expect(pool.members[1].node.lendable.disk == .zero)
            let request = pool.ask(Self.want(.gibibytes(1)))
            pool.deliver()
            #expect(try Self.refusal(of: request, pool).term == "disk")
            pool.advance(by: .hours(3))
        }
        #expect(pool.lease(lease, 0) == nil && pool.lease(lease, 1) != nil)
        pool.members[1].stores[lease] = nil
        pool.feed(.storeClosed(lease), to: 1)
        #expect(pool.members[1].node.committed == .zero)
        pool.advance(by: .hours(1))
        pool.expectRest()
        #expect(pool.members[1].node.leases.isEmpty)
        _ = try pool.borrow(Self.want(.gibibytes(50)))
    }

    @Test("What drains is still known after a restart, and is cleared away once more")
    func drainedAcrossRestart() throws {
        var (pool, lease) = try Self.draining()
        pool.advance(by: .hours(3))
        pool.restart(1)
        #expect(pool.members[1].node.committed == Amounts(disk: .gibibytes(50)) && pool.members[1].stores[lease] != nil)
        // It went while the agent was not there.
        pool.members[1].stores[lease] = nil
        pool.restart(1)
        pool.advance(by: .hours(1))
        pool.expectRest()
        #expect(pool.members[1].node.leases.isEmpty)
    }

    @Test("What drains is not promised firmly, nor for a time at which it may still be there")
    func drainingPromised() throws {
        var (pool, _) = try Self.draining(notice: .firm)
        let request = pool.ask(Self.want(.gibibytes(1)))
        pool.deliver()
        #expect(try Self.refusal(of: request, pool).term == "notice")
        (pool, _) = try Self.draining()
        var want = Self.want(.gibibytes(1))
        want.start = pool.now.utc + .hours(23)
        let early = pool.ask(want)
        pool.deliver()
        #expect(try Self.refusal(of: early, pool).term == "disk")
        want.start = pool.now.utc + .hours(25)
        _ = try pool.borrow(want)
    }

    @Test("What drains binds a limit on disk, and not one on the number of leases; nothing more is taken back for it")
    func drainingLimited() throws {
        var pool = Pool(
            policy: Self.policy { $0.limits = LimitBook(rules: [LimitRule(.eachPeer, disk: .gibibytes(20), leases: 1)]) })
        pool.members[1].closesStores = false
        let lease = try pool.borrow(Self.want(.gibibytes(15)))
        pool.feed(.release(lease), to: 0)
        pool.advance(by: .minutes(2))
        let request = pool.ask(Self.want(.gibibytes(10)))
        pool.deliver()
        #expect(try Self.refusal(of: request, pool).reason.contains("of at most 20 GiB of disk"))
        let second = try pool.borrow(Self.want(.gibibytes(5)))
        pool.feed(.policy(Self.policy { $0.limits = LimitBook(rules: [LimitRule(.eachPeer, disk: .gibibytes(10))]) }), to: 1)
        for _ in 0..<3 {
            pool.feed(.readings(owner: Amounts(disk: .gibibytes(70)), guests: []), to: 1)
            pool.advance(by: .minutes(1))
        }
        #expect(pool.lease(second, 1)?.state == .active)
    }

    // MARK: Taking over

    private static let volume = VolumeID(high: 7, low: 1)

    /// A pool of three in which node 0 has borrowed all the disk that node 1 lends, for a volume that node 2 may take over.
    private static func inherited() throws -> (pool: Pool, old: LeaseID) {
        var pool = Pool(3, policy: policy())
        pool.members[1].closesStores = false
        let request = pool.ask(from: [1], want(.gibibytes(50), renewsItself: true))
        pool.deliver()
        let leases = try #require(pool.members[0].decisions[request]).get()
        let old = try #require(leases.first)
        pool.feed(.stores([old: StoreUse(volume: volume, heirs: [pool.members[2].id])]), to: 1)
        return (pool, old)
    }

    /// Node 2 asks node 1.
    private static func inherit(_ size: Bytes, _ number: UInt64 = 1, _ pool: inout Pool) -> Result<[LeaseID], Refusal>? {
        let id = RequestID(high: 3 << 40, low: number)
        pool.feed(.borrow(id, want(size, renewsItself: true), from: [pool.members[1].id]), to: 2)
        pool.deliver()
        return pool.members[2].decisions[id]
    }

    @Test("Who may take over what is stored borrows the room that it takes already, and the lease of before ends then")
    func takenOver() throws {
        var (pool, old) = try Self.inherited()
        let lender = { (pool: Pool) in pool.members[1].node }
        #expect(lender(pool).lendable.disk == .zero)
        let refused = Self.inherit(.gibibytes(51), 1, &pool)
        #expect(throws: Refusal.self) { try refused?.get() }
        let granted = try Self.inherit(.gibibytes(50), 2, &pool)?.get()
        let new = try #require(granted?.first)
        #expect(lender(pool).committed == Amounts(disk: .gibibytes(50)) && lender(pool).lendable.disk == .zero)
        let again = Self.inherit(.gibibytes(1), 3, &pool)
        #expect(throws: Refusal.self) { try again?.get() }

        let use = StoreUse(volume: Self.volume, heirs: [pool.members[2].id])
        pool.feed(.stores([old: use, new: use]), to: 1)
        pool.deliver()
        #expect(pool.lease(old, 1)?.endReason == .released && pool.lease(old, 0)?.isOpen == false)
        #expect(pool.lease(new, 1)?.isOpen == true && lender(pool).committed == Amounts(disk: .gibibytes(50)))
        // What is stored there is not gone, and still the younger lease is renewed.
        pool.advance(by: .minutes(25))
        #expect(pool.lease(new, 1)?.isOpen == true && lender(pool).committed == Amounts(disk: .gibibytes(50)))
        pool.feed(.storeClosed(old), to: 1)
        pool.feed(.stores([new: use]), to: 1)
        #expect(lender(pool).committed == Amounts(disk: .gibibytes(50)))
    }

    @Test("What drains can be taken over, and by nobody who was not named; another volume's room is its own")
    func drainingTakenOver() throws {
        var (pool, old) = try Self.inherited()
        pool.feed(.release(old), to: 0)
        pool.advance(by: .minutes(30))
        let back = pool.ask(from: [1], Self.want(.gibibytes(1)))
        pool.deliver()
        #expect(try Self.refusal(of: back, pool).term == "disk")
        let granted = try Self.inherit(.gibibytes(50), 1, &pool)?.get()
        let new = try #require(granted?.first)
        #expect(pool.members[1].node.committed == Amounts(disk: .gibibytes(50)))
        let (use, other) = (
            StoreUse(volume: Self.volume, heirs: [pool.members[2].id]), StoreUse(volume: VolumeID(high: 7, low: 2), heirs: [])
        )
        #expect(pool.lease(new, 1)?.isOpen == true)
        pool.feed(.stores([old: use, new: StoreUse(volume: nil, heirs: [])]), to: 1)
        #expect(pool.lease(new, 1)?.isOpen == true)
        pool.feed(.stores([old: use, new: other]), to: 1)
        #expect(pool.lease(new, 1)?.isOpen == false, "the owner lends no more than that")
    }

    // MARK: By itself

    @Test("Disk together with something else is refused, by the borrower's node and by the lender's")
    func mixed() throws {
        var pool = Pool(policy: Self.policy())
        var want = Self.want()
        want.amounts.cpu = .cores(1)
        want.least = want.amounts
        let request = pool.ask(want)
        let refusal = try Self.refusal(of: request, pool)
        #expect(refusal.reason == "disk is lent by itself: ask for it in a request of its own")
        let ask = Ask(amounts: want.amounts, term: .minutes(10), bid: want.maxPrices, notice: .standard)
        guard case .refuse(let other) = pool.members[1].node.quote(ask, to: pool.members[0].id, at: pool.now) else {
            Issue.record("it was offered")
            return
        }
        #expect(other.reason == refusal.reason)
    }

    @Test("What has no disk says nothing of its price, so that older nodes read it as ever")
    func plain() throws {
        var pool = Pool(policy: Self.policy())
        let want = Want(
            amounts: Amounts(cpu: .cores(1)), term: .minutes(10), maxPrices: Prices(cpu: .credits(2), memory: 1, disk: 1),
            user: "ana")
        pool.ask(want)
        let bids = pool.wire.compactMap { if case .propose(let proposal) = $0.message { proposal.terms } else { nil } }
        #expect(bids.count == 1 && bids.allSatisfy { !$0.hasDisk })
        pool.ask(Self.want())
        let disk = pool.wire.compactMap { if case .propose(let proposal) = $0.message { proposal.terms } else { nil } }.last
        #expect(disk?.hasDisk == true)
    }

    @Test("A peer whose program is older is not asked for disk, which is said")
    func older() throws {
        var pool = Pool(policy: Self.policy())
        let request = pool.ask(Self.want())
        let message = try #require(pool.wire.first?.message)
        pool.wire = []
        pool.feed(.withheld(message, from: pool.members[1].id), to: 0)
        let refusal = try Self.refusal(of: request, pool)
        #expect(refusal.term == "disk" && refusal.reason.hasSuffix("its program is older and lends no disk"))
    }

    // MARK: The owner

    @Test("What the owner keeps free is not lent, and less is offered as the owner's files grow")
    func keptFree() throws {
        var pool = Pool(policy: Self.policy(keepFree: .percent(30)))
        #expect(pool.members[1].node.lendable.disk == .gibibytes(50), "the share is less than what is not kept free")
        pool.feed(.readings(owner: Amounts(disk: .gibibytes(40)), guests: []), to: 1)
        #expect(pool.members[1].node.lendable.disk == .gibibytes(30))
        let lease = try pool.borrow(Self.want(.gibibytes(40), least: .gibibytes(10)))
        #expect(pool.lease(lease, 0)?.amounts == Amounts(disk: .gibibytes(30)))
    }

    @Test("Who runs short of disk for a minute takes back as much as that takes, the youngest lease first")
    func outOfRange() throws {
        var pool = Pool(policy: Self.policy())
        let (old, young) = (try pool.borrow(Self.want(.gibibytes(10))), try pool.borrow(Self.want(.gibibytes(20))))
        func measure(_ files: Bytes) { pool.feed(.readings(owner: Amounts(disk: files), guests: []), to: 1) }
        measure(.gibibytes(70))
        pool.advance(by: .seconds(59))
        measure(.gibibytes(70))
        #expect(pool.lease(young, 1)?.state == .active)
        pool.advance(by: .seconds(1))
        measure(.gibibytes(70))
        pool.deliver()
        #expect(pool.lease(young, 1)?.state == .reclaiming && pool.lease(young, 0)?.state == .reclaiming)
        #expect(pool.lease(young, 0)?.reason == "its owner has 70 GiB in files of its own, and keeps 20% of 100 GiB free")
        pool.advance(by: .minutes(2))
        measure(.gibibytes(70))
        #expect(pool.lease(old, 1)?.state == .active, "what was taken back is enough")
    }

    @Test("Files that come and go take nothing back")
    func shortly() throws {
        var pool = Pool(policy: Self.policy())
        let lease = try pool.borrow(Self.want())
        for files: Bytes in [.gibibytes(90), .gibibytes(10), .gibibytes(90), .gibibytes(60)] {
            pool.feed(.readings(owner: Amounts(disk: files), guests: []), to: 1)
            pool.advance(by: .seconds(50))
        }
        #expect(pool.lease(lease, 1)?.state == .active)
    }

    @Test("A policy that lends no disk any more takes it back after its notice; what else is lent goes on")
    func takenBack() throws {
        var pool = Pool(policy: Self.policy())
        let (disk, cores) = (try pool.borrow(Self.want()), try pool.borrow())
        pool.feed(.policy(Self.policy { $0.disk = nil }), to: 1)
        pool.deliver()
        #expect(pool.lease(disk, 1)?.state == .reclaiming && pool.lease(disk, 0)?.state == .reclaiming)
        #expect(pool.lease(disk, 1)?.reason == "the policy lends no disk any more" && pool.lease(cores, 1)?.state == .active)
        pool.advance(by: .seconds(40))
        #expect(pool.members[1].stores.isEmpty && pool.lease(disk, 0)?.isOpen == false)
    }

    @Test("Disk is not made smaller where less of it is lent: it is taken back")
    func notShrunk() throws {
        var pool = Pool(policy: Self.policy(notice: .elastic))
        let lease = try pool.borrow(Self.want())
        pool.feed(.policy(Self.policy(notice: .elastic) { $0.disk?.share = .percent(10) }), to: 1)
        pool.deliver()
        #expect(pool.lease(lease, 1)?.amounts == Amounts(disk: .gibibytes(20)) && pool.lease(lease, 1)?.state != .active)
    }

    @Test("A condition on disk holds back disk alone")
    func condition() throws {
        var pool = Pool(
            policy: Self.policy { $0.disk?.release = ReleaseRule(when: .not(.running("backup"))) })
        pool.feed(.surroundings(Surroundings(civil: CivilMinute(day: .monday, minute: 0), programs: ["backup"])), to: 1)
        #expect(pool.members[1].node.lendable == Amounts(cpu: .cores(6)))
        let request = pool.ask(Self.want())
        pool.deliver()
        #expect(try Self.refusal(of: request, pool).term == "condition")
        _ = try pool.borrow()
    }

    @Test("A limit on disk binds whom it names")
    func limit() throws {
        var pool = Pool(policy: Self.policy { $0.limits = LimitBook(rules: [LimitRule(.eachPeer, disk: .gibibytes(15))]) })
        let request = pool.ask(Self.want())
        pool.deliver()
        #expect(try Self.refusal(of: request, pool).reason.contains("of at most 15 GiB of disk"))
        _ = try pool.borrow(Self.want(.gibibytes(15)))
    }

    @Test("Who has more disk than a changed limit allows loses disk, and not what is younger and runs")
    func limited() throws {
        var pool = Pool(policy: Self.policy())
        let (disk, cores) = (try pool.borrow(Self.want()), try pool.borrow())
        pool.feed(.policy(Self.policy { $0.limits = LimitBook(rules: [LimitRule(.eachPeer, disk: .gibibytes(15))]) }), to: 1)
        pool.deliver()
        #expect(pool.lease(disk, 1)?.state == .reclaiming && pool.lease(cores, 1)?.state == .active)
    }

    @Test("All that is left of a disk can be promised firmly, whatever is foretold of the owner")
    func firm() throws {
        var pool = Pool(policy: Self.policy(notice: .firm))
        let lease = try pool.borrow(Self.want(.gibibytes(50)))
        #expect(pool.lease(lease, 1)?.terms.notice == .firm)
    }

    // MARK: In return

    @Test("Cores are swapped for disk: each half is billed for its share of the worth, and nothing is owed in the end")
    func swapped() throws {
        let policy = Self.policy { $0.swap = SwapRule(takes: Amounts(disk: .gibibytes(40))) }
        var pool = Pool(policy: policy)
        var want = Pool.want(cores: 6, term: .minutes(10))
        want.means = Means(
            credits: false, swap: Exchange(amounts: Amounts(disk: .gibibytes(12)), term: .minutes(10), notice: .standard))
        let lease = try pool.borrow(want)
        let other = try #require(pool.lease(lease, 0)?.other)
        #expect(pool.lease(other, 0)?.role == .lender && pool.lease(other, 0)?.amounts == Amounts(disk: .gibibytes(6)))
        #expect(pool.members[0].stores[other] == .gibibytes(6) && pool.members[1].guests[lease] != nil)
        pool.advance(by: .minutes(11))
        #expect(pool.balance(0, with: 1) == .zero)
        pool.expectRest()
    }

    @Test("Neither half of a swap mixes disk with something else")
    func mixedSwap() throws {
        var pool = Pool(policy: Self.policy { $0.swap = SwapRule(takes: Amounts(cpu: .cores(4), disk: .gibibytes(40))) })
        var want = Pool.want()
        let both = Amounts(cpu: .cores(1), disk: .gibibytes(10))
        want.means = Means(credits: false, swap: Exchange(amounts: both, term: .minutes(10), notice: .standard))
        #expect(try Self.refusal(of: pool.ask(want), pool).reason == Amounts.mixingDisk)
    }

    @Test("Disk is lent for disk later: what is owed comes to what was set aside, and is redeemed")
    func deferred() throws {
        let policy = Self.policy {
            $0.disk?.inKind = InKindRule(most: 1 << 40)
            $0.borrow.owesInKind = Usage(disk: MiBSeconds(1 << 40))
        }
        var pool = Pool(policy: policy)
        var want = Self.want()
        let due = pool.now.utc + .minutes(20)
        want.means = Means(
            deferral: Deferral(
                share: ResourceShares(cpu: .zero, memory: .zero, disk: .whole), from: due, until: due + .hours(2),
                premium: .percent(20)))
        _ = try pool.borrow(want)
        pool.advance(by: .minutes(21))
        let owed = Usage(of: Amounts(disk: .gibibytes(20)), for: .minutes(10))
        let obligation = try #require(pool.members[1].node.obligations.unsettled.values.first)
        #expect(obligation.left == owed && pool.balance(1, with: 0) == .zero)
        #expect(pool.members[1].node.books.balance(of: .peer(pool.members[0].id), in: .diskTime).net == LedgerAmount(owed.disk))
        // node 1 asks for it
        var back = Self.want(.gibibytes(10), term: .minutes(15))
        back.means = Means(redemption: obligation.id)
        pool.feed(.borrow(RequestID(high: 1 << 41, low: 1), back, from: [pool.members[0].id]), to: 1)
        pool.advance(by: .minutes(16))
        #expect(pool.members[1].node.obligations[obligation.id]?.left == Usage(disk: MiBSeconds(owed.disk.rawValue / 4)))
    }

    @Test("What is left of an obligation in disk becomes credits at the price of its agreement")
    func converted() throws {
        let policy = Self.policy {
            $0.disk?.inKind = InKindRule(most: 1 << 40)
            $0.borrow.owesInKind = Usage(disk: MiBSeconds(1 << 40))
        }
        var pool = Pool(policy: policy)
        var want = Self.want()
        let due = pool.now.utc + .minutes(20)
        want.means = Means(
            deferral: Deferral(
                share: ResourceShares(cpu: .zero, memory: .zero, disk: .whole), from: due, until: due + .minutes(10),
                premium: .percent(20)))
        _ = try pool.borrow(want)
        pool.advance(by: .minutes(40))
        #expect(pool.members[1].node.obligations.unsettled.values.isEmpty && pool.balance(1, with: 0) == 3_333_333)
        #expect(pool.members[1].node.books.balance(of: .peer(pool.members[0].id), in: .diskTime).net == .zero)
        pool.expectRest()
    }
}
