import Dispatch
import Glibc

/// Reads this program's standard input on a thread of its own, because reading blocks.
enum StandardInput {
    /// Feeds `queue` until the end of standard input. A read error ends it like an end of file, after saying so.
    static func forward(to queue: JobInputQueue) {
        DispatchQueue(label: "surplus.stdin").async {
            var buffer = [UInt8](repeating: 0, count: JobInputQueue.chunk)
            while true {
                let count = read(STDIN_FILENO, &buffer, buffer.count)
                if count > 0 {
                    queue.add(Array(buffer[..<count]))
                } else if count < 0, errno == EAGAIN {
                    var ready = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
                    poll(&ready, 1, -1)
                } else if count == 0 || errno != EINTR {
                    if count < 0 { Terminal.note(Failure("standard input", errno: errno).description) }
                    return queue.end()
                }
            }
        }
    }
}
