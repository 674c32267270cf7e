package import Frames
package import Volumes

/// Why a block server did not do what it was asked to.
package enum BlockError: Error, Hashable, Sendable {
    /// It said so.
    case store(BlockFault)
    /// No answer came, or the server does not take the request. Unless it was refused, it may have been carried out.
    case call(FrameError)
    /// Its answer is not one to the request.
    case nonsense(String)
}

extension BlockError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .store(let fault): fault.description
        case .call(let error): error.description
        case .nonsense(let fault): "the answer makes no sense: \(fault)"
        }
    }
}
