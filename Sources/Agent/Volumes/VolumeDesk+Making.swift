import Node
import Resources
import Trading
import VolumeService
import Volumes
import Wire

// How a volume is made: from who lends it room to its first journal.

extension VolumeDesk {
    /// Files and directories for each MiB of size, and at least so many.
    private static let filesPerMebibyte: UInt64 = 64
    private static let fewestFiles: UInt64 = 100_000
    /// Begins the name of the user for whom leases of volumes are borrowed; the name of the volume follows.
    static let userPrefix = "volume:"

    // MARK: Who gives room

    /// A node that would give room, and on what terms; `nil` for this node itself.
    struct Giver {
        let node: NodeID
        let terms: Terms?
    }

    func want(_ size: Bytes, for name: String) throws -> Want {
        let request = Surplus_V1_LeaseRequest.with { $0.amounts = Surplus_V1_Amounts(Amounts(disk: size)) }
        return try Want(request, user: Self.userPrefix + name, policy: engine.read { $0.policy.borrow }, renewsItself: true)
    }

    /// Who would give so much, the cheapest first; this node itself before all others.
    ///
    /// - Parameter nodes: to be asked; all where it is empty.
    func givers(of size: Bytes, for name: String, among nodes: [NodeID]) async throws -> (givers: [Giver], refusals: [String]) {
        var (givers, refusals): ([Giver], [String]) = ([], [])
        if nodes.isEmpty ? storage != nil : nodes.contains(own) {
            if ownRoom >= size {
                givers.append(Giver(node: own, terms: nil))
            } else {
                refusals.append("\(self.name(own)) (this node) has \(ownRoom.shortText) left of its own")
            }
        }
        let able = try others(among: nodes)
        guard !able.isEmpty else { return (givers, refusals) }
        let rehearsal = try await LeaseRehearsal(engine: engine, peers: peers).rehearse(try want(size, for: name), with: able)
        let (request, now) = (rehearsal.request, engine.now)
        for index in request.talks.indices {
            let talk = request.talks[index]
            if let terms = request.offeredTerms(index, at: now) {
                givers.append(Giver(node: talk.peer, terms: terms))
            } else {
                let reason = if case .rejected(let refusal) = talk.state { refusal.reason } else { "it did not answer" }
                refusals.append("\(self.name(talk.peer)): \(reason)")
            }
        }
        return (Self.sorted(givers), refusals)
    }

    /// Other nodes that are asked for room: so many of some, or of all, as are asked at a time.
    private func others(among nodes: [NodeID]) throws -> [NodeID] {
        let all = nodes.isEmpty ? try roster.candidates(on: [], except: own) : nodes.filter { $0 != own }
        return Array(all.filter { peers.mayHave(.disk, $0) }.prefix(Negotiating.fanOut))
    }

    /// Why nodes give no room, the first of them.
    static func reasons(_ refusals: [String]) -> String {
        refusals.isEmpty ? "nobody else is there" : refusals.sorted().prefix(4).joined(separator: "; ")
    }

    private static func sorted(_ givers: [Giver]) -> [Giver] {
        givers.sorted { a, b in
            (a.terms?.prices.disk ?? .zero, a.terms == nil ? 0 : 1, a.node)
                < (b.terms?.prices.disk ?? .zero, b.terms == nil ? 0 : 1, b.node)
        }
    }

    /// What this node can give of its own, whether or not it would lend anything now: what it has not set aside for anybody.
    private var ownRoom: Bytes {
        guard let lent = storage.flatMap({ try? $0.storage.get() }) else { return .zero }
        let report = lent.report
        return max(.zero, report.room - report.setAside)
    }

    // MARK: Plans

    /// Where the data of a new volume would go, and how much room there is. Nothing is borrowed for it; what is short is a
    /// ``VolumePlan/refusal``.
    func plan(_ wish: VolumeWish) async throws -> VolumePlan {
        var (plan, refusals) = try await draft(wish)
        let rooms = try await rooms(for: wish)
        for place in plan.placements.indices {
            let placement = plan.placements[place]
            plan.placements[place].free = max(placement.bytes, rooms[placement.node] ?? .zero)
        }
        if let refusal = plan.refusal { plan.refusal = explained(refusal, refusals, wish, rooms) }
        return plan
    }

    /// How much each of the nodes would give that a volume may be on, where it gives any.
    private func rooms(for wish: VolumeWish) async throws -> [NodeID: Bytes] {
        let able = try others(among: wish.nodes)
        var rooms: [NodeID: Bytes] = [:]
        if wish.nodes.isEmpty ? storage != nil : wish.nodes.contains(own) { rooms[own] = ownRoom }
        guard !able.isEmpty else { return rooms }
        // Who does not lend as much as anybody could says how much it does.
        let request = try await LeaseRehearsal(engine: engine, peers: peers).rehearse(
            try want(Bounds.disk, for: wish.name), with: able
        ).request
        for (index, talk) in request.talks.enumerated() {
            var terms = request.offeredTerms(index, at: engine.now)
            if case .rejected(let refusal) = talk.state { terms = refusal.alternatives?.first { $0.kind == .less }?.terms }
            rooms[talk.peer] = terms?.amounts.disk
        }
        return rooms
    }

    /// With the largest volume for which there is room; where there is none, with why the nodes would not give any.
    private func explained(_ refusal: Refusal, _ refusals: [String], _ wish: VolumeWish, _ rooms: [NodeID: Bytes]) -> Refusal {
        var refusal = refusal
        let largest = VolumeRoom.largest(in: Array(rooms.values), copies: wish.copies, isOnAll: !wish.nodes.isEmpty)
        if largest >= VolumeWish.sizes.lowerBound, rooms.count >= wish.nodes.count {
            let found = rooms.sorted { name($0.key) < name($1.key) }.map { "\(name($0)) has \($1.shortText)" }
            refusal.reason += ": \(found.listed); the largest volume that fits now has \(largest.text)"
        } else {
            refusal.reason += ": \(Self.reasons(refusals))"
        }
        return refusal
    }

    /// - Returns: besides, why nodes would not give room.
    private func draft(_ wish: VolumeWish) async throws -> (plan: VolumePlan, refusals: [String]) {
        let wanted = wish.nodes.isEmpty ? wish.copies + 1 : wish.nodes.count
        let share = VolumeRoom.share(of: wish.size, copies: wish.copies, nodes: wanted)
        var (givers, refusals) = try await givers(of: share, for: wish.name, among: wish.nodes)
        if wish.nodes.isEmpty, givers.count < wanted {
            // Without one to spare each needs more.
            let larger = VolumeRoom.share(of: wish.size, copies: wish.copies, nodes: wish.copies)
            (givers, refusals) = try await self.givers(of: larger, for: wish.name, among: [])
            return (plan(wish, givers, larger, wanted: wish.copies), refusals)
        }
        return (plan(wish, givers, share, wanted: wanted), refusals)
    }

    private func plan(_ wish: VolumeWish, _ givers: [Giver], _ share: Bytes, wanted: Int) -> VolumePlan {
        let chosen = apart(givers).prefix(wanted)
        let keepers = Set(chosen.filter { $0.terms != nil }.prefix(Self.mostBackups).map(\.node) + [own])
        let placements = chosen.map { giver in
            VolumePlan.Placement(
                node: giver.node, domain: domain(of: giver.node), bytes: share, free: share, price: giver.terms?.prices.disk,
                keepsJournal: keepers.contains(giver.node))
        }
        let needed = share.scaled(by: Int64(wanted), over: 1)
        var refusal: Refusal?
        if chosen.count < wanted {
            let count = chosen.isEmpty ? "none" : "only \(chosen.count)"
            refusal = Refusal(
                term: "disk",
                reason:
                    "\(wish.copies) copies need \(share.shortText) on each of \(wanted) nodes, and \(count) would give it"
            )
        }
        return VolumePlan(
            placements: placements, needed: needed, found: share.scaled(by: Int64(chosen.count), over: 1), refusal: refusal)
    }

    /// The same, first one of each failure domain, and of those in which `others` are not.
    func apart(_ givers: [Giver], from others: [NodeID] = []) -> [Giver] {
        let nodes = others + givers.map(\.node)
        let map = StoreMap(nodes.map { StoreCondition($0, domain: domain(of: $0), free: 0) })
        let order = Dictionary(map.apart(nodes).enumerated().map { ($1, $0) }) { first, _ in first }
        return givers.sorted { order[$0.node, default: 0] < order[$1.node, default: 0] }
    }

    // MARK: Making

    /// Makes a volume with this node as its home. Comes back once it is durable, has the room it needs and can be mounted; when it
    /// throws, nothing of it is left.
    ///
    /// - Parameter user: who asked, for the record; so in all methods.
    func create(_ wish: VolumeWish, by user: String) async throws -> KeptVolume {
        let (plan, refusals) = try await draft(wish)
        if let refusal = plan.refusal { throw explained(refusal, refusals, wish, try await rooms(for: wish)) }
        let share = plan.placements.first?.bytes ?? .zero
        let volume = try await onThread { [homes] in
            try homes.create(
                VolumeHomes.Plan(
                    name: wish.name, capacity: UInt64(wish.size.rawValue),
                    inodeLimit: max(
                        Self.fewestFiles,
                        UInt64(wish.size.rawValue >> 20).multipliedReportingOverflow(by: Self.filesPerMebibyte)
                            .partialValue),
                    copies: wish.copies, owner: 0, group: 0, permissions: 0o1777))
        }
        do {
            let wanted = plan.placements.count
            try await keep(VolumeHolding(volume: volume, share: share, nodes: wish.nodes, wanted: wanted), for: volume)
            for placement in plan.placements { try await take(placement, for: volume, wish.name) }
            try await settle(volume, backups: plan.placements.filter { $0.keepsJournal && $0.node != own }.map(\.node))
            guard let kept = await kept().first(where: { $0.volume == volume }) else { throw VolumeRefusal.unknown(volume) }
            await tell(
                "volume.created", volume,
                "'\(wish.name)' was made by \(user): \(wish.size.text) with \(wish.copies) copies of each block")
            return kept
        } catch {
            // Not cut short by who asked.
            await Task { await discard(self[volume] ?? VolumeHolding(volume: volume, share: share, nodes: [])) }.value
            throw error
        }
    }

    /// Borrows what a node is to give, or sets it aside, and has it used for the volume. When it throws, nothing of it is left.
    func take(_ placement: VolumePlan.Placement, for volume: VolumeID, _ name: String) async throws {
        guard placement.node != own else {
            let before = self[volume]?.own ?? .zero
            // It is written down first: what is given and not written down would never be given back.
            try await change(volume) { $0.own = placement.bytes }
            do throws(LendingError) { try giveOwn(placement.bytes, to: volume) } catch {
                try await change(volume) { $0.own = before }
                throw error
            }
            return
        }
        let leases = try await requests.borrow(try want(placement.bytes, for: name), from: [placement.node])
        try await change(volume) { $0.leases += leases }
        for id in leases {
            await self.tell(
                "volume.borrowed", volume, "\(self.name(placement.node)) lends \(placement.bytes.text) to '\(name)'",
                of: [id.description, placement.node.description])
        }
        for id in leases {
            guard let lease = lease(id) else { continue }
            _ = await requests.wait(for: id) { $0?.lease.state == .granted ? nil : true }
            guard let reason = await bind(lease, to: volume) else { continue }
            try await change(volume) { $0.leases.removeAll(where: leases.contains) }
            for lease in leases { engine.handle(.release(lease)) }
            throw Refusal(term: "lease", reason: "\(self.name(lease.peer)) does not use its lease for the volume: \(reason)")
        }
    }

    /// Has the home know its lenders, and others keep the journal.
    private func settle(_ volume: VolumeID, backups: [NodeID]) async throws {
        provide(volume)
        if !backups.isEmpty { try await homes.change(backups: backups, of: volume) }
        try await change(volume) { $0.isUnfinished = false }
    }
}
