import Configuration
import Kernel
import Resources

/// Whether the configuration is good as it now stands on disk, which is what the next start or reload will read.
struct ConfigurationChecks {
    /// The agent's configuration.
    let file: String
    /// What is lent by; `nil` where no agent runs.
    let running: PolicyFile?

    /// Reads the files anew.
    ///
    /// - Returns: also what they say, where they are good.
    func look() -> (findings: [Finding], configuration: AgentConfiguration?) {
        do throws(ConfigurationError) {
            let configuration = try AgentConfiguration.load(path: file)
            // a machine that cannot be measured lends nothing, which other findings tell
            let excess = Self.excess(of: configuration.capacity, over: try? Machine().capacity())
            return (Self.judge(running ?? configuration.policy) + excess, configuration)
        } catch {
            let kept = running.map { "; the running policy '\($0.policy.name)' is kept" } ?? ""
            return ([.fault(.configuration, "file", "\(error)\(kept)", remedy: remedy(for: error))], nil)
        }
    }

    /// What can be said of a policy that was understood.
    static func judge(_ policy: PolicyFile) -> [Finding] {
        let notes = policy.notes.map { note in
            Finding.warning(.configuration, "policy", note, remedy: "change the policy, or leave it if that is meant")
        }
        return [.fine(.configuration, "file", "good; lends by policy '\(policy.policy.name)'")] + notes
    }

    /// More than the machine has is never lent, whatever a configuration says, so that one that says so is likely not meant.
    ///
    /// - Parameter machine: `nil` where it cannot be told.
    static func excess(of stated: AgentConfiguration.Capacity, over machine: Amounts?) -> [Finding] {
        guard let machine else { return [] }
        func excess<Q: Quantity>(_ name: String, _ stated: Q?, _ there: Q, _ text: (Q) -> String) -> Finding? {
            guard let stated, stated > there else { return nil }
            return .warning(
                .configuration, "capacity",
                "capacity.\(name) is \(text(stated)), this machine has \(text(there)): no more is shared out",
                remedy: "correct capacity.\(name), or leave it out to share out all that there is")
        }
        return [
            excess("cpu", stated.cpu, machine.cpu) { $0.text },
            excess("memory", stated.memory, machine.memory) { $0.text },
        ].compactMap(\.self)
    }

    private func remedy(for error: ConfigurationError) -> String {
        error.file == file
            ? "correct it, and see with 'surplusd --config \(file) --check-config'; Docs/agent.yaml has every key"
            : "correct it, and see with 'surplus policy check \(error.file)'"
    }
}
