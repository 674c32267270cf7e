import GRPCCore
import Mounts
import Wire

/// Why a volume is not mounted: the object, the fault and the remedy. Nothing has changed then.
struct MountFailure: Error, Hashable, CustomStringConvertible {
    /// As mount(8) lists them.
    enum Status: Int32 {
        /// The command line, or a right that is missing.
        case usage = 1
        /// The system lacks something.
        case system = 2
        case failed = 32
    }

    let status: Status
    let description: String

    init(_ status: Status, _ description: String) {
        self.status = status
        self.description = description
    }

    init(_ error: MountError) {
        switch error {
        case .usage, .option: self.init(.usage, error.description)
        default: self.init(.failed, error.description)
        }
    }

    /// What went wrong when the agent was asked.
    ///
    /// - Parameter socket: where.
    init(asking socket: String, _ error: any Error) {
        switch error {
        case let error as WireError: self.init(error.isDenied ? .usage : .failed, error.description)
        case let error as RPCError where error.code == .permissionDenied: self.init(.usage, error.message)
        case let error as RPCError where error.code == .deadlineExceeded:
            self.init(.failed, "\(socket): the agent did not answer in time; see its log")
        case let error as RPCError where error.code == .unimplemented:
            self.init(.failed, "\(socket): the agent knows no volumes; upgrade it")
        case let error as RPCError: self.init(.failed, error.message.isEmpty ? "the agent refused: \(error.code)" : error.message)
        default: self.init(.failed, "\(socket): \(error)")
        }
    }
}
