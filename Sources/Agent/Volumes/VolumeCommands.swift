import GRPCCore
import Glibc
import Resources
import Wire

// What people and programs ask about volumes that changes nothing.

extension PoolMembership {
    /// How long the home of a volume may take to say how it is.
    private static let patience = Duration.seconds(10)

    func listVolumes() async -> Surplus_V1_ListVolumesReply {
        let known = await PoolVolumes(self)
        return .with {
            $0.volumes = known.volumes.map(info)
            $0.unheard = known.unheard.map(name(of:))
        }
    }

    /// How a volume is; what is known of it where its home is not heard of.
    func volumeStatus(_ text: String) async throws -> Surplus_V1_VolumeStatus {
        let known = try await volume(text)
        let home = known.kept.home
        if home == own { return try await ownVolume(known.kept.volume.description) }
        guard known.isReachable else {
            return .with {
                $0.volume = info(known)
                $0.faults = ["its home \(name(of: home)) is not heard of; \(remedy(for: known.kept))"]
            }
        }
        let status = try await peers.call(home) {
            try await $0.getVolume(.with { $0.volume = known.kept.volume.description }, options: .within(Self.patience))
        }
        guard status.volume.volume == known.kept.volume.description else {
            throw Refusal(term: "volume", reason: "\(name(of: home)) has answered for another volume than it was asked for")
        }
        return status
    }

    /// How a volume is whose home this node is.
    ///
    /// - Parameter text: its id.
    func ownVolume(_ text: String) async throws -> Surplus_V1_VolumeStatus {
        let id: VolumeID = try Field.identifier(text, "volume")
        guard let kept = await volumes.kept().first(where: { $0.volume == id && $0.home == own }) else {
            throw Refusal(term: "volume", reason: "this node is not the home of \(id)")
        }
        guard kept.isInCharge else {
            return .with {
                $0.volume = info(KnownVolume(kept: kept, isReachable: false))
                $0.faults = ["its home does not answer for it yet: it recovers, or has not heard of its backups"]
            }
        }
        return message(try await volumes.condition(of: id))
    }

    func planVolume(_ request: Surplus_V1_CreateVolumeRequest) async throws -> Surplus_V1_VolumePlan {
        let wish = try await wish(request)
        return message(try await volumes.plan(wish), wish.name)
    }

    func planResize(_ request: Surplus_V1_ResizeVolumeRequest) async throws -> Surplus_V1_VolumePlan {
        let (kept, size) = (try await volumeHere(request.volume), try Self.size(request.sizeBytes))
        return message(try await volumes.plan(kept.volume, resizedTo: size), kept.name, kept.volume)
    }

    func planEvacuation(_ request: Surplus_V1_EvacuateVolumeRequest) async throws -> Surplus_V1_EvacuationPlans {
        let node = try member(request.node)
        var plans: [Surplus_V1_VolumePlan] = []
        for kept in try await evacuated(request) {
            plans.append(message(try await volumes.plan(kept.volume, leaving: node), kept.name, kept.volume))
        }
        for known in try await homedElsewhere(request, leaving: node) {
            let plan = VolumePlan(placements: [], needed: .zero, found: .zero, refusal: elsewhere(known))
            plans.append(message(plan, known.kept.name, known.kept.volume))
        }
        return .with { $0.plans = plans }
    }

    // MARK: Mounting

    /// What a program on this machine needs to mount a volume.
    func prepareMount(_ request: Surplus_V1_PrepareMountRequest, by user: CallingUser) async throws -> Surplus_V1_MountPlan {
        guard user.isLocal else {
            throw Refusal(
                term: "mount", reason: "a volume is mounted with the identity of the machine's own node: ask the agent there")
        }
        let known = try await volume(request.volume)
        return .with {
            $0.place = place(of: known.kept)
            ($0.name, $0.node) = (known.kept.name, own.description)
            $0.dataDirectory = house.configuration.dataDirectory
            ($0.agentUid, $0.agentGid) = (geteuid(), getegid())
        }
    }

    func locateVolume(_ text: String) async throws -> Surplus_V1_VolumePlace { place(of: try await volume(text).kept) }

    private func place(of kept: KeptVolume) -> Surplus_V1_VolumePlace {
        let address = roster[kept.home].flatMap { Endpoint($0.address) }
        return .with {
            ($0.volume, $0.home, $0.epoch) = (kept.volume.description, kept.home.description, kept.epoch)
            ($0.host, $0.port) = (address?.host ?? "", UInt32(address?.port ?? 0))
        }
    }

    // MARK: Finding

    /// The volume that is meant, as it is known now.
    func volume(_ text: String) async throws -> KnownVolume {
        let text = try Field.text(text, atMost: 128, "volume")
        guard !text.isEmpty else { throw FieldError("volume", "is missing: give its name or id") }
        return try await PoolVolumes(self).find(text) { self.name(of: $0) }
    }

    /// The volume that is meant, whose home this node is.
    func volumeHere(_ text: String) async throws -> KeptVolume {
        let known = try await volume(text)
        guard known.kept.home == own else { throw elsewhere(known) }
        return known.kept
    }

    /// Volumes whose blocks are to be moved off a node: the one that is named, or all whose home this node is.
    func evacuated(_ request: Surplus_V1_EvacuateVolumeRequest) async throws -> [KeptVolume] {
        guard request.volume.isEmpty else { return [try await volumeHere(request.volume)] }
        return await volumes.kept().filter { $0.home == own }
    }

    /// Volumes whose home is elsewhere and that may have blocks on a node that is to be left, where not one alone is asked for.
    func homedElsewhere(_ request: Surplus_V1_EvacuateVolumeRequest, leaving node: NodeID) async throws -> [KnownVolume] {
        guard request.volume.isEmpty else { return [] }
        var left: [KnownVolume] = []
        for known in await PoolVolumes(self).volumes where known.kept.home != own && known.kept.used > .zero {
            if try await mayHaveBlocks(known, on: node) { left.append(known) }
        }
        return left
    }

    /// Whether a volume whose home is elsewhere has blocks on a node, as far as that can be known.
    private func mayHaveBlocks(_ known: KnownVolume, on node: NodeID) async throws -> Bool {
        guard known.isReachable, let status = try? await volumeStatus(known.kept.volume.description) else { return true }
        return status.lenders.contains { $0.node == node.description && $0.usedBytes > 0 }
    }

    /// Why a volume cannot be changed here.
    func elsewhere(_ known: KnownVolume) -> Refusal {
        let home = name(of: known.kept.home)
        let lead = "the home of volume '\(known.kept.name)' is \(home)"
        return Refusal(
            term: "home",
            reason: known.isReachable
                ? "\(lead): ask there, or from here with 'surplus --agent \(home)' and a user's certificate"
                : "\(lead), which is not heard of; \(remedy(for: known.kept))")
    }

    private func remedy(for kept: KeptVolume) -> String {
        guard !kept.backups.isEmpty else { return "it has no backups, so that node must come back" }
        let backups = kept.backups.map(name(of:)).joined(separator: " or ")
        return "bring it back, or run 'surplus volume takeover \(kept.name)' on \(backups)"
    }

    /// A node that is in the pool.
    func member(_ text: String) throws -> NodeID {
        let member = try roster.find(try Field.text(text, atMost: 128, "node"))
        return member.node
    }

    // MARK: Wishes

    func wish(_ request: Surplus_V1_CreateVolumeRequest) async throws -> VolumeWish {
        try Field.count(request.on, atMost: VolumeWish.mostNodes, "on")
        var nodes: [NodeID] = []
        for text in request.on {
            let node = try member(text)
            guard roster[node]?.status == .active else { throw FieldError("on", "names \(text), which has left the pool") }
            if !nodes.contains(node) { nodes.append(node) }
        }
        let copies = Int(
            try Field.integer(
                Int64(request.copies), in: Int64(VolumeWish.copies.lowerBound)...Int64(VolumeWish.copies.upperBound), "copies"))
        guard nodes.isEmpty || nodes.count >= copies else {
            throw FieldError("on", "names \(nodes.count) nodes for \(copies) copies, each of which is on a node of its own")
        }
        let wish = VolumeWish(
            name: try VolumeWish.name(request.name, "name"), size: try Self.size(request.sizeBytes), copies: copies, nodes: nodes)
        guard let other = await PoolVolumes(self).volumes.first(where: { $0.kept.name == wish.name }) else { return wish }
        throw Refusal(
            term: "name",
            reason: "there is a volume '\(wish.name)' already, whose home is \(name(of: other.kept.home)): choose another name")
    }

    static func size(_ bytes: Int64) throws(FieldError) -> Bytes {
        let range = VolumeWish.sizes
        guard range.contains(Bytes(bytes)) else {
            throw FieldError("size", "is \(Bytes(bytes).text), must be \(range.lowerBound.text) to \(range.upperBound.text)")
        }
        return Bytes(bytes)
    }
}
