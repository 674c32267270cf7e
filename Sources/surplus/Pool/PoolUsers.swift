import ArgumentParser

struct PoolUsers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Say who may use the pool from elsewhere, with a certificate.",
        discussion: """
            Examples:
              surplus pool user add anna --role borrower --out anna.pem
              surplus --agent blade1 --identity anna.pem run -- make     what anna does with it
              surplus pool user list
              surplus pool user role anna operator                       in force at once, on every node
              surplus pool user renew anna --out anna-2.pem              the file before is no longer good
              surplus pool user revoke anna                              at once, for good
            """,
        subcommands: [
            PoolUserAdd.self, PoolUserList.self, PoolUserChangeRole.self, PoolUserRenew.self, PoolUserRevoke.self,
        ])
}
