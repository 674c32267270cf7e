import Configuration
import Foundation
import Identity
import Kernel
import LedgerStore
import Resources

/// Looks for what keeps an agent from working as it should, and says the remedy for each: on behalf of a running agent, or
/// in place of one that does not run.
package struct Diagnosis: Sendable {
    let house: Household
    /// `nil` outside any pool.
    let pool: PoolMembership?

    /// Everything that a running agent can tell.
    func findings() async -> [Finding] {
        async let peers = greetPeers()
        async let volumes = lookAtVolumes()
        async let privileges = PrivilegeChecks.ask(pool?.guests.warden, house.configuration)
        async let files = lookAtFiles()
        let (store, configuration) = (house.store, house.configuration)
        let disk = await onThread {
            DiskChecks(directory: configuration.dataDirectory, ledgerFault: { try store.quickCheck() }).findings
        }
        let certificates = Self.certificates(house.identities, at: house.clock().utc) { _ in pool?.gate.current }
        let answered = await peers
        let clock = ClockChecks(isSynchronised: SystemClock.isSynchronised(), peers: answered?.skews ?? [])
        var findings = [agent, watchdog] + (await files)
        findings += await privileges.findings(isAgent: true)
        findings += KernelChecks().findings + clock.findings + disk
        return findings + certificates + (answered?.findings ?? []) + (await volumes) + (pool?.ledgerFindings ?? [])
    }

    private func lookAtVolumes() async -> [Finding] {
        guard let pool else { return [] }
        return await VolumeChecks.ask(pool).findings
    }

    private func greetPeers() async -> PeerChecks? {
        guard let pool else { return nil }
        return await PeerChecks.ask(pool)
    }

    private var agent: Finding {
        guard let pool else {
            return .note(.agent, "pool", "in none: make one with 'surplus pool init', or join one with 'surplus pool join'")
        }
        if pool.engine.isFailed {
            return .fault(
                .agent, "ledger", "it cannot be written, nothing is decided", remedy: "see 'surplus logs' for the reason")
        }
        let now = house.clock()
        guard let obstacle = pool.engine.read({ $0.obstacle(at: now) }) else { return .fine(.agent, "lending", "possible") }
        return .note(.agent, "lending", "nothing is offered: \(obstacle.reason)")
    }

    private var watchdog: Finding {
        house.manager.interval == nil
            ? .note(.agent, "watchdog", "none: an agent that hangs stays so")
            : .fine(.agent, "watchdog", "an agent that hangs is started anew")
    }

    private func lookAtFiles() async -> [Finding] {
        let running = house.policy.current
        guard let file = house.configurationFile else { return ConfigurationChecks.judge(running) }
        return await onThread { ConfigurationChecks(file: file, running: running).look().findings }
    }
}

// MARK: - In place of an agent

extension Diagnosis {
    /// What can be seen while no agent runs, by the user who looks.
    ///
    /// - Parameter file: the configuration of the agent that does not run.
    static func findings(ofConfiguration file: String) async -> [Finding] {
        let files = ConfigurationChecks(file: file, running: nil).look()
        var findings = files.findings
        // Without a good file the places that it would leave as they are; they fail only with a machine that has no name.
        guard let configuration = files.configuration ?? (try? AgentConfiguration()) else { return findings }
        let data = configuration.dataDirectory
        let disk = DiskChecks(
            directory: data, isAgent: false, ledgerFault: { try LedgerStore.quickCheck(directory: data + "/ledger") })
        findings += await PrivilegeChecks.ask(nil, configuration).findings(isAgent: false)
        findings += KernelChecks().findings
        findings += ClockChecks(isSynchronised: SystemClock.isSynchronised()).findings
        return findings + disk.findings + certificates(in: data)
    }

    private static func certificates(in dataDirectory: String) -> [Finding] {
        guard !DiskChecks.isClosed(dataDirectory) else {
            return [
                .warning(
                    .certificates, "files", "this user may not look at them",
                    remedy: "look as root or as the user that runs the agent")
            ]
        }
        return certificates(IdentityStore(dataDirectory: dataDirectory), at: SystemClock.utc()) { try $0.identity() }
    }

    private static func certificates(
        _ store: IdentityStore, at now: Timestamp, of identity: (IdentityStore) throws -> NodeIdentity?
    ) -> [Finding] {
        do {
            return CertificateChecks(
                identity: try identity(store), issuingUntil: try store.issuing()?.expiresAt, now: now
            ).findings
        } catch {
            return [
                .fault(
                    .certificates, "files", "\(error)", remedy: "look as root or as the user that runs the agent")
            ]
        }
    }

    /// The same as JSON, for a program that asks.
    package static func json(ofConfiguration file: String) async throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(await findings(ofConfiguration: file)), as: UTF8.self)
    }
}
