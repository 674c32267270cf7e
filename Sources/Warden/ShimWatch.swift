import Glibc
import Kernel
import Resources
import Sandbox

/// The warden's connection to the shim of a running job: through it the warden learns of the end and passes orders on.
struct ShimWatch {
    let descriptor: Int32
    /// The shim's process.
    let process: pid_t
    private var stream: FrameStream

    /// - Throws: ``KernelError`` while no shim listens there.
    init(_ files: JobFiles) throws(KernelError) {
        descriptor = try UnixSocket.connect(to: files.socket)
        do throws(KernelError) {
            process = try UnixSocket.peer(of: descriptor).process
        } catch {
            close(descriptor)
            throw error
        }
        stream = FrameStream(descriptor: descriptor, limit: ShimProtocol.largestFrame)
    }

    var interest: Int16 { Int16(POLLIN) | (stream.backlog > 0 ? Int16(POLLOUT) : 0) }

    mutating func send(_ request: ShimRequest) {
        stream.enqueue(request.bytes)
        // a broken connection is seen when it is read
        _ = stream.flush()
    }

    /// Reads what the shim tells.
    ///
    /// - Returns: whether the job has ended or the shim is gone.
    mutating func hasEnded() -> Bool {
        _ = stream.flush()
        let progress = stream.receive()
        do {
            while let frame = try stream.next() {
                if case .exited = try ShimEvent(bytes: frame) { return true }
            }
        } catch { return true }
        if case .closed = progress { return true }
        return false
    }
}
