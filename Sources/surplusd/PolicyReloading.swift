import Agent
import Configuration
import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the policy anew on SIGHUP. A bad file is refused and the running policy kept.
struct PolicyReloading: Service {
    let agent: Agent
    let log: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) { await reload() }
        }
    }

    private func reload() async {
        do {
            try await agent.reloadPolicy()
        } catch let error as ConfigurationError {
            log.error("kept the running policy: the new one is faulty: \(error)")
        } catch {
            log.error("kept the running policy: \(error)")
        }
    }
}
