import ArgumentParser

struct Pool: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a pool, join one, and say who belongs to it.",
        discussion: """
            Examples:
              surplus pool init lab                                  on the first node
              surplus pool token create --out token                  there, for each newcomer
              surplus pool join blade1:7800 --token-file token       on the newcomer
              surplus pool grant blade2                              let it admit newcomers, too
              surplus pool revoke blade3                             at once, for good
            """,
        subcommands: [PoolInit.self, PoolToken.self, PoolJoin.self, PoolGrant.self, PoolRevoke.self, PoolLeave.self])
}
