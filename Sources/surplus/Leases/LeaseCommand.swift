import ArgumentParser

struct Lease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lease",
        abstract: "Borrow without running anything yet, and see what is lent and borrowed.",
        discussion: """
            Examples:
              surplus lease request --cpu 2 --for 30m       then: surplus run --lease ID -- PROGRAM
              surplus lease list
              surplus lease renew ID --for 15m
              surplus lease release ID                      give it back

            The owner takes lent leases back with 'surplus reclaim'.
            """,
        subcommands: [LeaseRequest.self, LeaseList.self, LeaseShow.self, LeaseRenew.self, LeaseRelease.self])
}
