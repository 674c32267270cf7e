/// The nodes of a pool on this machine that is there to be tried out.
package struct DevReport: Report {
    package struct Node: Encodable, Sendable {
        let name: String
        /// `nil` when it is not running.
        let pid: Int?
        let address: String
        let dataDirectory: String
        let wardenPid: Int?
        let socket: String

        package init(name: String, pid: Int?, wardenPid: Int?, address: String, dataDirectory: String, socket: String) {
            self.name = name
            self.pid = pid
            self.wardenPid = wardenPid
            self.address = address
            self.dataDirectory = dataDirectory
            self.socket = socket
        }
    }

    let nodes: [Node]
    package init(nodes: [Node]) { self.nodes = nodes }

    package func text(on page: Page) -> String {
        var table = Table([
            .init("NODE"), .init("AGENT"), .init("WARDEN"), .init("ADDRESS", .left, .omitted), .init("DATA", .left, .omitted),
        ])
        for node in nodes {
            table.add([
                .init(node.name), Self.cell(node.pid), Self.cell(node.wardenPid), .init(node.address), .init(node.dataDirectory),
            ])
        }
        return table.text(on: page)
    }

    private static func cell(_ pid: Int?) -> Table.Cell { pid.map { .init("\($0)", .good) } ?? .init("stopped", .bad) }
}
