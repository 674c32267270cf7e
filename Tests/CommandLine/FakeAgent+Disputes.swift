import GRPCCore
import Wire

extension FakeAgent {
    func listDisputes(request: Surplus_V1_ListDisputesRequest, context: ServerContext) async throws
        -> Surplus_V1_ListDisputesReply
    {
        .with { $0.disputes = [Self.dispute(Sample.dispute)] }
    }

    func openDispute(request: Surplus_V1_OpenDisputeRequest, context: ServerContext) async throws -> Surplus_V1_DisputeInfo {
        Self.dispute(Sample.dispute)
    }

    /// A dispute of which everything is accepted or withdrawn but what is left of a part.
    func resolveDispute(request: Surplus_V1_ResolveDisputeRequest, context: ServerContext) async throws
        -> Surplus_V1_DisputeInfo
    {
        var info = Self.dispute(request.dispute)
        let part = request.amountMicrocredits == 0 ? info.leftMicrocredits : request.amountMicrocredits
        info.leftMicrocredits -= part
        if request.withdraw { info.withdrawnMicrocredits = part } else { info.acceptedMicrocredits = part }
        if info.leftMicrocredits == 0 { (info.state, info.resolvedAt, info.next) = ("resolved", 1_767_312_000_000_000, "") }
        return info
    }

    private static func dispute(_ id: String) -> Surplus_V1_DisputeInfo {
        .with {
            ($0.dispute, $0.peer, $0.peerName, $0.cause) = (id, "nde_2", "node2", "receipt")
            ($0.receipt, $0.lease, $0.reason) = (Sample.receipt, Sample.lease, "2 credits billed, 1 credit plausible")
            ($0.amountMicrocredits, $0.leftMicrocredits, $0.worthMicrocredits) = (1_000_000, 1_000_000, 1_000_000)
            ($0.state, $0.openedAt, $0.next) = ("open", 1_767_225_600_000_000, "accept")
            ($0.openedByUs, $0.billedByUs) = (true, false)
            $0.lender = .with {
                $0.usage = .with { $0.cpuCoreMicroseconds = 7_200_000_000 }
                $0.elapsedMicroseconds = 3_600_000_000
            }
            $0.borrower = .with {
                $0.plausible = .with { $0.cpuCoreMicroseconds = 3_600_000_000 }
                ($0.counted, $0.countedCoreMicroseconds) = (true, 3_500_000_000)
            }
        }
    }
}
