import ArgumentParser

struct Lease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Borrow without running anything yet, and see what is lent and borrowed.",
        discussion: """
            Examples:
              surplus lease request --cpu 2 --for 30m       then: surplus run --lease ID -- PROGRAM
              surplus lease list
              surplus lease renew ID --for 15m
              surplus lease release ID                      give it back
              surplus lease reclaim --all                   as the owner: take everything back
            """,
        subcommands: [
            LeaseRequest.self, LeaseList.self, LeaseShow.self, LeaseRenew.self, LeaseRelease.self, LeaseReclaim.self,
        ])
}
