import Reclaim
import Resources
import Sandbox
import Wire

// What the out-of-range enforcer does here; it works in the warden, which is asked.

extension PoolMembership {
    func enforcer() throws -> Surplus_V1_EnforcerReply {
        let (enforcement, readings) = (guests.enforcement, guests.readings)
        guard let readings else {
            throw Refusal(term: "enforcer", reason: "the warden cannot be asked: \(enforcement)", retryAfter: .seconds(1))
        }
        guard let state = readings.enforcer else {
            throw Refusal(term: "enforcer", reason: "the warden is of an older release, which does not tell: restart it")
        }
        return .with { reply in
            reply.enforcement = enforcement
            reply.disk = readings.disk ?? ""
            reply.dryRun = state.isDryRun
            reply.threshold = .init(state.threshold)
            reply.owner = .init(readings.owner)
            reply.guests = .init(readings.guests)
            reply.pressure = .init(state.pressure)
            if let available = state.available { reply.availableBytes = available.rawValue }
            reply.tolerance = .init(state.tolerance)
            if let reserve = state.reserve { reply.reserveBytes = reserve.rawValue }
            if let rate = state.diskRate { reply.guestDiskBytesPerSecond = rate.rawValue }
            reply.coolDownMicroseconds = state.coolDown.rawValue
            reply.leases = readings.leases.map(enforced)
        }
    }

    private func enforced(_ state: LeaseState) -> Surplus_V1_EnforcedLease {
        let known = engine.read { $0.leases[state.lease]?.lease }
        return .with {
            $0.lease = state.lease.description
            $0.peerName = known.map { name(of: $0.peer) } ?? ""
            $0.rung = state.rung.description
            $0.granted = .init(state.amounts)
            $0.ceilingCpuMillicores = state.ceiling.rawValue
            $0.used = .init(state.using)
            $0.endsAt = (engine.now.utc + max(.zero, state.remaining)).microseconds
            if let taking = state.taking {
                $0.reason = taking.reason
            } else if let known, known.state == .reclaiming {
                $0.reason = known.reason
            } else if state.rung > .shaped {
                $0.reason = guests.lastMove(of: state.lease)?.change.reason ?? ""
            }
        }
    }

    func moves(_ request: Surplus_V1_ListMovesRequest) async throws -> Surplus_V1_ListMovesReply {
        let lease: LeaseID? = request.lease.isEmpty ? nil : try Field.identifier(request.lease, "lease")
        guard let warden = guests.warden else {
            throw Refusal(term: "enforcer", reason: "this node is configured without a warden: it lends nothing")
        }
        let moves: [Move]
        do {
            moves = try await warden.moves(after: Timestamp(microseconds: request.since))
        } catch {
            throw Refusal(term: "enforcer", reason: "the warden cannot be asked: \(error)", retryAfter: .seconds(1))
        }
        let wanted = moves.filter { lease == nil || $0.change.lease == lease }.suffix(max(0, Int(request.last)))
        return .with { $0.moves = wanted.map(Surplus_V1_EnforcerMove.init) }
    }
}

extension Surplus_V1_Pressure {
    init(_ pressure: Pressure) {
        self.init()
        if let cpu = pressure.cpu { cpuBasisPoints = cpu.rawValue }
        if let memory = pressure.memory { memoryBasisPoints = memory.rawValue }
        if let disk = pressure.disk { diskBasisPoints = disk.rawValue }
    }
}

extension Surplus_V1_EnforcerMove {
    init(_ move: Move) {
        let (change, evidence) = (move.change, move.change.evidence)
        self = .with {
            $0.at = move.at.microseconds
            $0.lease = change.lease.description
            $0.from = change.from.description
            $0.to = change.to.description
            $0.resource = change.resource.description
            $0.reason = change.reason
            $0.owner = .init(evidence.owner)
            $0.guests = .init(evidence.guests)
            $0.threshold = .init(evidence.threshold)
            $0.pressure = .init(evidence.pressure)
            $0.beforeCpuMillicores = evidence.before.rawValue
            $0.afterCpuMillicores = evidence.after.rawValue
            $0.tolerance = .init(evidence.tolerance)
            if let rate = evidence.diskRate { $0.guestDiskBytesPerSecond = rate.rawValue }
            if let available = evidence.available { $0.availableBytes = available.rawValue }
            $0.dryRun = move.isDryRun
        }
    }
}
