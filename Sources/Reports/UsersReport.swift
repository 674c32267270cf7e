/// The users of the pool as this node knows them.
package struct UsersReport: Report {
    package struct User: Encodable, Sendable {
        let user: String
        let name: String
        let role: String?
        let status: String
        /// When the certificate ends.
        let expiresAt: CivilTime?
        let changedAt: CivilTime?

        /// - Parameter role: `nil`: none that the agent knows.
        package init(
            user: String, name: String, role: String?, status: String, expiresAt: CivilTime?, changedAt: CivilTime?
        ) {
            self.user = user
            self.name = name
            self.role = role
            self.status = status
            self.expiresAt = expiresAt
            self.changedAt = changedAt
        }
    }

    let users: [User]
    package init(users: [User]) { self.users = users }

    package func text(on page: Page) -> String {
        guard !users.isEmpty else { return "no users: make one with 'surplus pool user add'\n" }
        var table = Table([
            .init("USER", .left, .shortened), .init("ROLE"), .init("STATUS"), .init("CERTIFICATE ENDS", .left, .omitted),
            .init("ID", .left, .omitted),
        ])
        for user in users {
            let isActive = user.status == "active"
            let hasExpired = user.expiresAt.map { $0.timestamp < page.now } ?? false
            table.add([
                .init(user.name), user.role.map { .init($0) } ?? .init("none", .warning),
                .init(user.status, isActive ? .good : .dim),
                .init(isActive ? user.expiresAt?.relative(on: page) ?? "" : "", hasExpired ? .bad : .plain),
                .init(user.user, .dim),
            ])
        }
        return table.text(on: page)
    }
}

/// A user's new certificate, without the key.
package struct UserCertificateReport: Report {
    let user: UsersReport.User
    let file: String
    let address: String
    let told: Int
    let unreachable: Int

    /// - Parameters:
    ///   - file: where key and certificate were written.
    ///   - told: peers that know of it already.
    ///   - unreachable: peers that will be told when they are back.
    package init(user: UsersReport.User, file: String, address: String, told: Int, unreachable: Int) {
        self.user = user
        self.file = file
        self.address = address
        self.told = told
        self.unreachable = unreachable
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("user", "\(user.name) (\(user.user))")
        sheet.add("role", user.role)
        sheet.add("file", file)
        sheet.add("expires", user.expiresAt?.relative(on: page))
        sheet.add("told", counted(told, "peer"))
        if unreachable > 0 { sheet.add("to be told", "\(counted(unreachable, "peer")), unreachable now", .warning) }
        sheet.add("use it with", "surplus --agent \(address) --identity \(file.quoted) status")
        return sheet.text(on: page)
    }
}

/// A user whose role or standing has changed.
package struct UserChangeReport: Report {
    let user: UsersReport.User
    let told: Int
    let unreachable: Int

    /// - Parameters:
    ///   - told: peers that know it already.
    ///   - unreachable: peers that will be told when they are back.
    package init(user: UsersReport.User, told: Int, unreachable: Int) {
        self.user = user
        self.told = told
        self.unreachable = unreachable
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("user", "\(user.name) (\(user.user))")
        sheet.add("role", user.role ?? "none")
        sheet.add("status", user.status, user.status == "active" ? .good : .bad)
        sheet.add("told", counted(told, "peer"))
        if unreachable > 0 { sheet.add("to be told", "\(counted(unreachable, "peer")), unreachable now", .warning) }
        return sheet.text(on: page)
    }
}
