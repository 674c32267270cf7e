internal import Glibc
internal import NIOCore
internal import NIOPosix

/// What all channels of frames have in common.
enum FrameChannel {
    /// How much may wait to be taken by the socket, encrypted already, in bytes.
    static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 256 << 10, high: 1 << 20)
    /// How much is read at once: little for small requests, much for blocks.
    static let receiving = AdaptiveRecvByteBufferAllocator(minimum: 2 << 10, initial: 16 << 10, maximum: 128 << 10)

    /// What people are told of an error.
    static func text(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { text($0.error) } ?? "the host name is not known"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case ChannelError.connectTimeout: "no answer in time"
        default: "\(error)"
        }
    }
}
