import GRPCCore
import Glibc

/// Why a command could not do what it was asked: the object, the fault, and the remedy where there is one.
struct Failure: Error, Equatable, CustomStringConvertible {
    var object: String
    var fault: String
    var remedy: String?
    var status: Int32 = Invocation.failureStatus
    /// What stands below the first line, such as a piece of a file.
    var excerpt: [String] = []
    /// The agent was not there, or went away. Asking again may help.
    var isLostConnection = false
    /// This user may not ask that, or not ask the agent at all.
    var isDenied = false

    /// `token.txt: no such file; make one with 'surplus pool token create'`.
    var description: String {
        [object.isEmpty ? fault : "\(object): \(fault)", remedy].compactMap { $0 }.joined(separator: "; ")
    }

    /// The same with another exit status.
    func exiting(with status: Int32) -> Failure {
        var failure = self
        failure.status = status
        return failure
    }
}

extension Failure {
    static func lostConnection(to agent: String, _ fault: String) -> Failure {
        Failure(
            object: agent, fault: fault, remedy: "see whether surplusd is running, and its log", isLostConnection: true)
    }

    /// What the agent answered instead of doing it. Its messages name object, fault and remedy themselves.
    init(_ error: RPCError, agent name: String) {
        let message = error.message.hasSuffix(".") ? String(error.message.dropLast()) : error.message
        switch error.code {
        case .unavailable, .cancelled, .aborted, .unknown, .internalError, .dataLoss:
            self = .lostConnection(to: name, message.isEmpty ? "the connection broke" : message)
        case .deadlineExceeded:
            self.init(object: name, fault: "the agent did not answer in time", remedy: "see its log")
            isLostConnection = true
        case .unimplemented:
            self.init(
                object: name, fault: "the agent does not know this command", remedy: "see 'surplus status' for its version")
        case .invalidArgument:
            self.init(object: "", fault: message, status: Invocation.usageStatus)
        case .permissionDenied:
            self.init(object: "", fault: message, isDenied: true)
        default:
            self.init(object: "", fault: message.isEmpty ? "the agent refused: \(error.code)" : message)
        }
    }

    /// For calls into the C library.
    ///
    /// - Parameter code: the value of `errno`.
    init(_ object: String, errno code: Int32, remedy: String? = nil) {
        self.init(object: object, fault: String(cString: strerror(code)).lowercasedFirst, remedy: remedy)
    }
}

extension String {
    /// `No such file` as it stands within a sentence.
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
