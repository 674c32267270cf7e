/// The members of the pool as this node knows them.
package struct NodesReport: Report {
    package struct Node: Encodable, Sendable {
        let node: String
        let name: String
        let address: String
        let roles: [String]
        let status: String
        let reachable: Bool
        let lastSeenAt: CivilTime?
        let isSelf: Bool
        let version: String?

        package init(
            node: String, name: String, address: String, roles: [String], status: String, reachable: Bool,
            lastSeenAt: CivilTime?, isSelf: Bool, version: String?
        ) {
            self.node = node
            self.name = name
            self.address = address
            self.roles = roles
            self.status = status
            self.reachable = reachable
            self.lastSeenAt = lastSeenAt
            self.isSelf = isSelf
            self.version = version
        }
    }

    let nodes: [Node]
    package init(nodes: [Node]) { self.nodes = nodes }

    package func text(on page: Page) -> String {
        guard !nodes.isEmpty else {
            return page.hint("not in a pool: make one with 'surplus pool init', or join one with 'surplus pool join'")
        }
        var table = Table([
            .init("NODE", .left, .shortened), .init("STATUS"), .init("SEEN", .left, .omitted), .init("ADDRESS", .left, .omitted),
            .init("ROLES", .left, .omitted), .init("ID", .left, .omitted),
        ])
        for node in nodes {
            table.add([
                .init(node.name + (node.isSelf && !page.isPlain ? " (this)" : ""), node.isSelf ? .strong : .plain),
                state(of: node),
                .init(node.isSelf ? "now" : node.lastSeenAt?.relative(on: page) ?? "never"), .init(node.address),
                .init(node.roles.joined(separator: " ")), .init(node.node, .dim),
            ])
        }
        return table.text(on: page)
    }

    private func state(of node: Node) -> Table.Cell {
        guard node.status == "active" else { return .init(node.status, .dim) }
        return node.isSelf || node.reachable ? .init("reachable", .good) : .init("unreachable", .warning)
    }
}
