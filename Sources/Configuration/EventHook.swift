import Glibc
import Resources

/// What the owner wants done when something happens on the node.
package struct EventHook: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        /// A program with its arguments, as an unprivileged user, the event on its standard input.
        case run([String])
        /// The event is posted there, signed when there is a secret.
        case post(Webhook)
    }

    package struct Webhook: Hashable, Sendable {
        package var address: WebAddress
        /// Absolute path of the file with the secret that signatures are made with.
        package var secretFile: String?
        /// Absolute path of a PEM file with the authorities to trust instead of the system's.
        package var authorities: String?
    }

    /// Any of these kinds; never empty.
    package var on: [EventPattern]
    package var action: Action
    /// After so long one try is given up.
    package var timeout: Microseconds

    /// What it goes by, over restarts: hooks that do the same on the same events are one.
    package var name: String {
        let kinds = on.map(\.description).joined(separator: " ")
        switch action {
        case .run(let command): return "run \(command.joined(separator: " ")) on \(kinds)"
        case .post(let webhook): return "post \(webhook.address) on \(kinds)"
        }
    }

    package func matches(_ kind: String) -> Bool { on.contains { $0.matches(kind) } }
}

/// Reads the `events` of an agent's configuration.
struct EventHooksReader {
    private static let most = 32
    private static let defaultTimeout = Microseconds.seconds(10)

    private enum Key: String, CaseIterable {
        case on, run, post, timeout
        case secretFile = "secret_file"
        case authorities = "ca_file"
    }

    /// Where relative paths start.
    let directory: String

    func hooks(_ value: YAMLValue) throws(ConfigurationError) -> [EventHook] {
        let list = try value.list()
        guard list.count <= Self.most else { throw value.fault("has \(list.count) entries; at most \(Self.most) are allowed") }
        var hooks: [EventHook] = []
        for entry in list {
            let hook = try hook(entry)
            guard !hooks.contains(where: { $0.name == hook.name }) else {
                throw entry.fault("does the same as one before it; keep one")
            }
            hooks.append(hook)
        }
        return hooks
    }

    private func hook(_ value: YAMLValue) throws(ConfigurationError) -> EventHook {
        let keys = try value.mapping(of: Key.self)
        let on = try patterns(try keys.required(.on))
        let action: EventHook.Action
        switch (keys[.run], keys[.post]) {
        case (let run?, nil):
            if let stray = keys[.secretFile] ?? keys[.authorities] { throw stray.fault("belongs to 'post', not to 'run'") }
            action = .run(try command(run))
        case (nil, let post?): action = .post(try webhook(post, keys))
        case (nil, nil): throw value.fault("does nothing; write 'run: [/path/to/program]' or 'post: https://host/path'")
        case (_, let post?): throw post.fault("stands beside 'run'; write two entries")
        }
        let timeout = try keys[.timeout]?.quantity(.milliseconds(100) ... .minutes(5)) ?? Self.defaultTimeout
        return EventHook(on: on, action: action, timeout: timeout)
    }

    private func patterns(_ value: YAMLValue) throws(ConfigurationError) -> [EventPattern] {
        var patterns: [EventPattern] = []
        for entry in value.isScalar ? [value] : try value.list() {
            let text = try entry.string(longest: 64)
            guard let pattern = EventPattern(text) else {
                throw entry.fault("is '\(text)'; write a kind of event such as lease.granted, or lease.*, or '*'")
            }
            if let fault = EventKinds.fault(of: pattern) { throw entry.fault("is '\(text)', which \(fault)") }
            patterns.append(pattern)
        }
        guard !patterns.isEmpty else { throw value.fault("names no kind of event; write at least one, such as lease.*") }
        return patterns
    }

    private func command(_ value: YAMLValue) throws(ConfigurationError) -> [String] {
        let list = try value.list()
        var words: [String] = []
        for word in list { words.append(try word.string()) }
        guard words.first?.hasPrefix("/") == true else {
            throw (list.first ?? value).fault("should be the absolute path of a program")
        }
        return words
    }

    private func webhook(_ value: YAMLValue, _ keys: YAMLMapping<Key>) throws(ConfigurationError) -> EventHook.Webhook {
        let text = try value.string(longest: 2048)
        guard let address = WebAddress(text) else {
            throw value.fault("is '\(text.prefix(64))'; write an address such as https://example.org/path")
        }
        guard address.isSecure || address.isThisMachine else {
            throw value.fault(
                "would send events and their signatures in the clear; write https://, http:// is for this machine only")
        }
        return EventHook.Webhook(
            address: address, secretFile: try path(keys[.secretFile]), authorities: try path(keys[.authorities]))
    }

    private func path(_ value: YAMLValue?) throws(ConfigurationError) -> String? {
        guard let value else { return nil }
        let path = SourceFile.resolve(try value.string(), in: directory)
        guard access(path, R_OK) == 0 else {
            throw value.fault("is '\(path)', which cannot be read: \(String(cString: strerror(errno)))")
        }
        return path
    }
}
