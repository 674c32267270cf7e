package import Frames
internal import Volumes

/// Answers in the place of ``LentStorage`` where the disk cannot be used: nobody is to believe that nothing of theirs is there.
package struct UnusableStorage: FrameService {
    package init() {}

    package var codes: ClosedRange<UInt16> { BlockRequest.codes }

    package func answer(_ request: FrameMessage, from caller: FrameCaller) throws(FrameRefusal) -> FrameMessage {
        throw Self.refusal
    }

    /// What is wrong with it is the owner's business.
    package static let refusal = FrameRefusal(.failed, "the disk of this node cannot be used now")
}
