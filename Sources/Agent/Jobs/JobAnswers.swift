import GRPCCore
import LedgerStore
import Resources
import Sandbox
import Trading
import Wire

extension RPCError {
    /// There is no such job, or none that the caller may know of.
    static func noJob(_ job: JobID) -> RPCError {
        RPCError(code: .notFound, message: "there is no job \(job) on this node: see 'surplus job list --all'")
    }

    /// The job is not in a state where that can be done.
    static func notNow(_ message: String) -> RPCError { RPCError(code: .failedPrecondition, message: message) }

    /// Whether the same call may succeed later, without anybody changing anything.
    var isPassing: Bool {
        switch code {
        case .unavailable, .deadlineExceeded, .cancelled, .aborted, .unknown: true
        default: false
        }
    }

    /// Tells a borrower why its job was not served: what can pass, so that it tries again, and what cannot.
    init(hosting error: any Error) {
        switch error {
        case let error as RPCError: self = error
        case let error as FieldError: self = RPCError(code: .invalidArgument, message: "\(error)")
        case let refusal as Refusal: self = RPCError(code: .failedPrecondition, message: refusal.reason)
        case let error as FileTransferError: self = RPCError(code: .failedPrecondition, message: "\(error)")
        // The warden may not have the lease yet, or not again after its restart.
        case let fault as WardenFault where fault.kind != .unknownLease && fault.kind != .version:
            self = RPCError(code: .failedPrecondition, message: "\(fault)")
        default: self = RPCError(code: .unavailable, message: "\(error)")
        }
    }
}

extension Lease {
    /// Why it is over.
    ///
    /// - Parameter whole: the term that it was to have, for the borrower whose lender would not renew it or was lost; `nil`: its own.
    func end(of whole: Microseconds? = nil, at now: Moment) -> LeaseEnd {
        let isShort = whole.map { wholeTerm(at: now) < $0 } ?? false
        switch likelyEnd {
        case .revoked, .failed: return LeaseEnd(reason: endStory, isLenders: true)
        case .expired: return LeaseEnd(reason: endStory, isLenders: isShort)
        case .released: return LeaseEnd(reason: endStory, isLenders: false)
        }
    }

    /// That it has ended, and why, for people.
    var endStory: String {
        if endReason == .expired, reason.isEmpty { return "the lease has ended: its term of \(terms.term.text) is over" }
        let why = [likelyEnd.rawValue, reason.isEmpty ? nil : reason].compactMap(\.self)
        return "the lease has ended: \(why.joined(separator: ": "))"
    }

    /// Why it ended, or will in a moment.
    private var likelyEnd: EndReason { endReason ?? (state == .reclaiming ? .revoked : .expired) }
}
