/// Why a call came to nothing.
package enum FrameError: Error, Hashable, Sendable {
    /// No connection could be made.
    case unreachable(String)
    /// A server could not listen.
    case notListening(String)
    /// The connection went down. Whether the call was carried out is not known if it was sent.
    case lost(String, wasSent: Bool)
    /// No answer in time. Whether the call was carried out is not known.
    case timedOut
    /// Too many calls wait already.
    case overloaded
    /// The other side does not do it.
    case refused(FrameRefusal)
    /// The call is larger than the other side takes.
    case tooLarge(String)
    /// Whoever called does not want it any more.
    case cancelled
    /// The pool was shut down.
    case closed
}

extension FrameError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreachable(let reason): "failed to connect: \(reason)"
        case .notListening(let reason): "failed to listen on \(reason)"
        case .lost(let reason, _): "the connection was lost: \(reason)"
        case .timedOut: "no answer in time"
        case .overloaded: "too many calls wait for an answer"
        case .refused(let refusal): refusal.text
        case .tooLarge(let fault): fault
        case .cancelled: "cancelled"
        case .closed: "this side shut the connection down"
        }
    }
}

/// Says that a request is not carried out, and why.
package struct FrameRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: UInt16, Sendable {
        /// There is no such request.
        case unknown = 1
        /// Whoever asks may not.
        case notPermitted = 2
        /// The request makes no sense.
        case malformed = 3
        /// What answers has no room for it now.
        case busy = 4
        /// Something went wrong that is not the request's fault.
        case failed = 5
    }

    package let kind: Kind
    package let text: String

    package init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    package var description: String { text }
}
