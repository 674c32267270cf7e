import GRPCCore
import Resources
import Wire

// What people have done to volumes.

extension PoolMembership {
    typealias StepWriter = @Sendable (Surplus_V1_VolumeStep) async throws -> Void

    func createVolume(_ request: Surplus_V1_CreateVolumeRequest, by user: CallingUser) async throws -> Surplus_V1_VolumeInfo {
        let wish = try await wish(request)
        let kept = try await volumes.create(wish, by: user.name)
        return info(KnownVolume(kept: kept, isReachable: kept.isInCharge))
    }

    func resizeVolume(
        _ request: Surplus_V1_ResizeVolumeRequest, by user: CallingUser, _ write: @escaping StepWriter
    ) async throws {
        let (kept, size) = (try await volumeHere(request.volume), try Self.size(request.sizeBytes))
        try await work(on: kept, write) { [volumes] in
            try await volumes.resize(kept.volume, to: size, by: user.name, $0)
        }
    }

    func evacuateVolumes(
        _ request: Surplus_V1_EvacuateVolumeRequest, by user: CallingUser, _ write: @escaping StepWriter
    ) async throws {
        let node = try member(request.node)
        let all = try await evacuated(request)
        // All are begun before the first is waited for: who hangs up has each of them go on.
        let refusals = await volumes.begin(leaving: node, all.map(\.volume))
        for kept in all {
            do {
                if let refusal = refusals[kept.volume] { throw refusal }
                try await work(on: kept, write) { [volumes] in
                    try await volumes.evacuate(kept.volume, leaving: node, by: user.name, $0)
                }
            } catch  where request.volume.isEmpty && !Task.isCancelled {
                try await write(refused(kept, error))
            }
        }
        for known in try await homedElsewhere(request, leaving: node) {
            try await write(refused(known.kept, elsewhere(known)))
        }
    }

    func scrubVolume(
        _ request: Surplus_V1_ScrubVolumeRequest, by user: CallingUser, _ write: @escaping StepWriter
    ) async throws {
        let kept = try await volumeHere(request.volume)
        try await work(on: kept, write) { [volumes] in try await volumes.scrub(kept.volume, by: user.name, $0) }
    }

    func checkVolume(
        _ request: Surplus_V1_CheckVolumeRequest, by user: CallingUser, _ write: @escaping StepWriter
    ) async throws {
        let kept = try await volumeHere(request.volume)
        try await work(on: kept, write) { [volumes] in try await volumes.check(kept.volume, by: user.name, $0) }
    }

    func takeOverVolume(
        _ request: Surplus_V1_TakeOverVolumeRequest, by user: CallingUser
    ) async throws -> Surplus_V1_VolumeInfo {
        let known = try await volume(request.volume)
        guard await volumes.kept().contains(where: { $0.volume == known.kept.volume }) else {
            let backups = known.kept.backups.map(name(of:)).joined(separator: " or ")
            throw Refusal(
                term: "home",
                reason: "this node keeps no journal of '\(known.kept.name)' and cannot become its home: "
                    + (backups.isEmpty ? "it has no backups, so its home stays where it is" : "ask on \(backups)"))
        }
        guard known.kept.home != own || !known.isReachable else {
            throw Refusal(term: "home", reason: "this node is the home of '\(known.kept.name)' already")
        }
        let kept = try await volumes.takeOver(known.kept.volume, by: user.name)
        return info(KnownVolume(kept: kept, isReachable: kept.isInCharge))
    }

    func deleteVolume(
        _ request: Surplus_V1_DeleteVolumeRequest, by user: CallingUser
    ) async throws -> Surplus_V1_DeleteVolumeReply {
        let id: VolumeID = try Field.identifier(request.volume, "volume")
        let kept = try await volumeHere(id.description)
        let removal = try await volumes.delete(id, by: user.name)
        return .with {
            ($0.volume, $0.name, $0.freedBytes) = (id.description, kept.name, removal.freed.rawValue)
            $0.unheard = removal.unheard.map(name(of:))
        }
    }

    // MARK: Steps

    /// Tells how far work is, and what came of it.
    private func work(
        on kept: KeptVolume, _ write: @escaping StepWriter,
        _ body: (@escaping VolumeDesk.Reporter) async throws -> VolumeOutcome
    ) async throws {
        let outcome = try await body { progress in
            try await write(
                .with {
                    ($0.volume, $0.name) = (kept.volume.description, kept.name)
                    $0.progress = Surplus_V1_VolumeProgress(progress)
                })
        }
        try await write(
            .with {
                ($0.volume, $0.name) = (kept.volume.description, kept.name)
                $0.outcome = Surplus_V1_VolumeOutcome(outcome)
            })
    }

    private func refused(_ kept: KeptVolume, _ error: any Error) -> Surplus_V1_VolumeStep {
        let refusal = error as? Refusal ?? Refusal(term: "volume", reason: RPCError(explaining: error).message)
        return .with {
            ($0.volume, $0.name) = (kept.volume.description, kept.name)
            $0.outcome = .with {
                $0.refusal = Surplus_V1_Refusal(refusal)
                $0.sizeBytes = kept.size.rawValue
            }
        }
    }
}
