/// The pool this node is in now, or was in before it left.
package struct PoolReport: Report {
    let pool: String
    let poolName: String
    let node: String
    let name: String

    package init(pool: String, poolName: String, node: String, name: String) {
        self.pool = pool
        self.poolName = poolName
        self.node = node
        self.name = name
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("pool", "\(poolName) (\(pool))")
        sheet.add("node", "\(name) (\(node))")
        return sheet.text(on: page)
    }
}

/// A token that was made, without its secret.
package struct TokenReport: Report {
    let token: String
    let file: String
    let address: String
    let expiresAt: CivilTime?

    /// - Parameters:
    ///   - token: its id.
    ///   - file: where the secret text was written.
    package init(token: String, file: String, address: String, expiresAt: CivilTime?) {
        self.token = token
        self.file = file
        self.address = address
        self.expiresAt = expiresAt
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("token", token)
        sheet.add("file", file)
        sheet.add("expires", expiresAt?.relative(on: page))
        sheet.add("use it with", "surplus pool join \(address) --token-file \(file.quoted)")
        return sheet.text(on: page)
    }
}

/// A node whose certificate is no longer accepted.
package struct RevocationReport: Report {
    let node: NodesReport.Node
    let told: Int
    let unreachable: Int

    /// - Parameters:
    ///   - told: peers that know it already.
    ///   - unreachable: peers that will be told when they are back.
    package init(node: NodesReport.Node, told: Int, unreachable: Int) {
        self.node = node
        self.told = told
        self.unreachable = unreachable
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("revoked", "\(node.name) (\(node.node))")
        sheet.add("told", counted(told, "peer"))
        if unreachable > 0 { sheet.add("to be told", "\(counted(unreachable, "peer")), unreachable now", .warning) }
        return sheet.text(on: page)
    }
}

/// Which surplus this is.
package struct VersionReport: Report {
    let version: String
    package init(version: String) { self.version = version }
    package func text(on page: Page) -> String { "surplus \(version)\n" }
}
