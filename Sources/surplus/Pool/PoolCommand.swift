import ArgumentParser

struct Pool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool",
        abstract: "Make a pool, join one, and say who belongs to it.",
        discussion: """
            Examples:
              surplus pool init lab                                  on the first node
              surplus pool token create --out token                  there, for each newcomer
              surplus pool join blade1:7800 --token-file token       on the newcomer
              surplus pool grant blade2                              let it admit newcomers, too
              surplus pool role blade4 viewer                        it may look, and lend, but not borrow
              surplus pool revoke blade3                             at once, for good
              surplus pool user add anna --role borrower --out anna.pem
            """,
        subcommands: [
            PoolInit.self, PoolToken.self, PoolJoin.self, PoolGrant.self, PoolRole.self, PoolRevoke.self, PoolLeave.self,
            PoolUsers.self,
        ])
}
