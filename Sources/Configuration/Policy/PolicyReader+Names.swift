import Policy
import Resources

extension PolicyReader {
    private static let mostNames = 1000

    /// Takes in what the file gives names to: schedules first, since conditions may speak of them.
    mutating func define(schedules: YAMLValue?, conditions: YAMLValue?) throws(ConfigurationError) {
        let schedules = try schedules?.entries() ?? []
        let conditions = try conditions?.entries() ?? []
        names.expect(Set((schedules + conditions).map(\.name)).subtracting(definitions.keys))
        for entry in schedules {
            try claim(entry.name, entry.key)
            let schedule = try condition(entry.value)
            guard schedule.isSchedule else {
                throw entry.value.fault("is a schedule, which may only speak of times and days; make it a condition")
            }
            names.define(entry.name, as: schedule, isSchedule: true)
        }
        for entry in conditions {
            try claim(entry.name, entry.key)
            names.define(entry.name, as: try condition(entry.value), isSchedule: false)
        }
    }

    /// Checks a name that is about to be defined.
    private mutating func claim(_ name: String, _ key: YAMLValue) throws(ConfigurationError) {
        if let objection = ConditionNames.objection(to: name) { throw key.fault(objection) }
        if let earlier = definitions[name] {
            throw key.fault("'\(name)' is defined already, in \(earlier.place); choose another name")
        }
        guard definitions.count < Self.mostNames else {
            throw key.fault("is one of more than \(Self.mostNames) names; use fewer")
        }
        definitions[name] = key
    }

    func condition(_ value: YAMLValue) throws(ConfigurationError) -> Condition {
        let text = try value.string()
        do throws(ConditionError) { return try ConditionParser.parse(text, names: names) } catch {
            throw value.fault(in: error.range, "is wrong: \(error.description)")
        }
    }

    // MARK: Groups

    mutating func groups(_ value: YAMLValue) throws(ConfigurationError) {
        for entry in try value.entries() {
            _ = try Label.read(entry.key)
            try claim(entry.name, entry.key)
            var group = Group(name: entry.name)
            let members = try entry.value.list()
            guard (1...10_000).contains(members.count) else { throw entry.value.fault("should have 1 to 10000 members") }
            for member in members {
                if try member.string().contains("@") {
                    group.users.append(try user(member))
                } else {
                    group.peers.append(try Label.read(member))
                }
            }
            draft.groups.append(group)
            groupNames.insert(group.name)
        }
    }

    /// `anna@node1`, or `anna@*` for the users of that name on all nodes.
    func user(_ value: YAMLValue) throws(ConfigurationError) -> Group.User {
        let text = try value.string(longest: 320)
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let (name, node) = (parts.dropLast().joined(separator: "@"), parts.last.map(String.init) ?? "")
        guard parts.count > 1, !name.isEmpty, node == "*" || Label.isValid(node) else {
            throw value.fault("is '\(text.prefix(64))'; write user@node, or user@* for any node")
        }
        return Group.User(name: name, node: node == "*" ? nil : node)
    }
}

extension YAMLValue {
    /// `file:line:column`.
    var place: String {
        node.mark.map { "\(source.file):\($0.line):\($0.column)" } ?? source.file
    }
}
