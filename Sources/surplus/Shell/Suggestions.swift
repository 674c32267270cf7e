import ArgumentParser
import GRPCCore
import Wire

/// What there is to be named on the command line, asked of the agent while a shell waits: little time, and nothing said when
/// it cannot be known.
private enum Suggestions {
    private static let patience = Duration.seconds(1)

    static func leases(_ words: [String]) async -> [String] {
        await ask(words) { try await $0.listLeases(.init(), options: $1).leases.map(\.lease) }
    }

    static func jobs(_ words: [String]) async -> [String] {
        await ask(words) { try await $0.listJobs(.with { $0.all = true }, options: $1).jobs.map(\.job) }
    }

    static func nodes(_ words: [String]) async -> [String] {
        await ask(words) { try await $0.listNodes(.init(), options: $1).nodes.filter { $0.status == "active" }.map(\.name) }
    }

    static func volumes(_ words: [String]) async -> [String] {
        await ask(words) { try await $0.listVolumes(.init(), options: $1).volumes.map(\.name) }
    }

    /// The nodes of the pool on this machine that the words name.
    static func devNodes(_ words: [String]) -> [String] {
        guard let directory = value(of: "--dir", in: words), let pool = try? DevPool.load(from: directory) else { return [] }
        return pool.nodes.map(\.name)
    }

    private static func ask(
        _ words: [String], _ question: @Sendable (ControlClient.Client, CallOptions) async throws -> [String]
    ) async -> [String] {
        let given = ["--socket", "--agent", "--identity"].flatMap { option in
            value(of: option, in: words).map { [option, $0] } ?? []
        }
        // Whoever completes a word wants no error: where nothing is known nothing is suggested.
        guard let connection = try? AgentOptions.parse(given) else { return [] }
        return (try? await connection.agent.ask(within: patience, question)) ?? []
    }

    private static func value(of option: String, in words: [String]) -> String? {
        guard let place = words.lastIndex(of: option), place + 1 < words.endIndex else {
            return words.last { $0.hasPrefix(option + "=") }.map { String($0.dropFirst(option.count + 1)) }
        }
        return words[place + 1]
    }
}

extension CompletionKind {
    /// Ids of open leases.
    static var leases: CompletionKind { .custom { words, _, _ in await Suggestions.leases(words) } }
    /// Ids of jobs.
    static var jobs: CompletionKind { .custom { words, _, _ in await Suggestions.jobs(words) } }
    /// Names of the pool's members.
    static var nodes: CompletionKind { .custom { words, _, _ in await Suggestions.nodes(words) } }
    /// Names of the pool's shared volumes.
    static var volumes: CompletionKind { .custom { words, _, _ in await Suggestions.volumes(words) } }
    /// Names of the nodes of a pool that 'surplus dev up' made.
    static var devNodes: CompletionKind { .custom { words, _, _ in Suggestions.devNodes(words) } }
}
