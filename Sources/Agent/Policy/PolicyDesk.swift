import Bookkeeping
import Configuration
import LedgerStore
import Policy
import Resources
import Synchronization

/// The policy in force: the one that the agent's configuration names, until somebody applies another.
///
/// The newest act wins: applying replaces what was configured, reloading the configuration replaces what was applied. A
/// restart keeps what was in force.
final class PolicyDesk: Sendable {
    /// Where the policy in force came from.
    enum Origin: Hashable, Sendable {
        case configured
        case applied(by: String, at: Timestamp)
    }

    private struct State {
        var configured: PolicyFile
        var current: PolicyFile
        var origin = Origin.configured
    }

    private let store: LedgerStore
    private let state: Mutex<State>

    /// Takes up what was in force before, as far as it can still be read.
    ///
    /// - Returns: also why it cannot, for the log; then the configured policy is in force.
    static func open(_ configured: PolicyFile, in store: LedgerStore) throws -> (desk: PolicyDesk, fault: String?) {
        var state = State(configured: configured, current: configured)
        var fault: String?
        if let applied = try store.state(.setting, id: AppliedPolicy.id, as: AppliedPolicy.self) {
            do throws(ConfigurationError) {
                state.current = try PolicyFile(source: applied.source)
                state.origin = .applied(by: applied.by, at: applied.at)
            } catch {
                fault = "the policy that \(applied.by) applied cannot be read any more, the configured one is in force: \(error)"
            }
        }
        return (PolicyDesk(store, state), fault)
    }

    private init(_ store: LedgerStore, _ state: sending State) {
        self.store = store
        self.state = Mutex(state)
    }

    var current: PolicyFile { state.withLock { $0.current } }
    var origin: Origin { state.withLock { $0.origin } }
    var configured: PolicyFile { state.withLock { $0.configured } }

    /// Puts `file` in force; it stays so over restarts.
    func apply(_ file: PolicyFile, by user: String, at now: Timestamp) async throws {
        let applied = AppliedPolicy(file.source, by: user, at: now)
        try await commit(applied, "\(user) applied the policy '\(file.policy.name)'", by: user, at: now)
        state.withLock { state in
            state.current = file
            state.origin = .applied(by: user, at: now)
        }
    }

    /// Puts the configured policy in force again, or a new version of it.
    func configure(_ file: PolicyFile, by user: String, at now: Timestamp) async throws {
        try await commit(nil, "\(user) put the configured policy '\(file.policy.name)' in force", by: user, at: now)
        state.withLock { $0 = State(configured: file, current: file) }
    }

    private func commit(_ applied: AppliedPolicy?, _ text: String, by user: String, at now: Timestamp) async throws {
        try await store.commit([
            .state(.setting, id: AppliedPolicy.id, applied),
            .event(Event(at: now, kind: "policy.changed", subjects: [], text: text, details: [Event.Detail("user", user)])),
        ])
    }
}

/// A policy that somebody applied, as it is kept.
private struct AppliedPolicy: Codable, Sendable {
    static let id = "policy"

    /// In the order of ``PolicySource/files``.
    private let names: [String]
    private let texts: [String]
    let by: String
    let at: Timestamp

    init(_ source: PolicySource, by user: String, at time: Timestamp) {
        names = source.files.map(\.name)
        texts = source.files.map { String(decoding: $0.bytes, as: UTF8.self) }
        by = user
        at = time
    }

    var source: PolicySource {
        PolicySource(files: zip(names, texts).map { PolicySource.File(name: $0, bytes: Array($1.utf8)) })
    }
}
