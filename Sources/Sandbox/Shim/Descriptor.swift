import CLinux
import Glibc
import Kernel

/// Reading and writing through descriptors, interrupted calls repeated.
package enum Descriptor {
    /// What can be read now: empty at the end, `nil` when the descriptor does not block and has nothing yet.
    ///
    /// - Parameter name: What the descriptor is of, for the error's text.
    package static func read(_ descriptor: Int32, atMost limit: Int, of name: String) throws(KernelError) -> [UInt8]? {
        while true {
            var fault: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
                let result = Glibc.read(descriptor, buffer.baseAddress, limit)
                if result < 0 { fault = errno }
                count = max(result, 0)
            }
            switch fault {
            case 0: return bytes
            case EINTR: continue
            case EAGAIN: return nil
            default: throw KernelError("read \(name)", fault)
            }
        }
    }

    /// Writes as much as is taken now and tells how much that was; 0 when the descriptor does not block and is full.
    package static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32, of name: String) throws(KernelError) -> Int {
        while true {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written >= 0 { return written }
            switch errno {
            case EINTR: continue
            case EAGAIN: return 0
            case let fault: throw KernelError("write \(name)", fault)
            }
        }
    }

    /// Writes all of `bytes` to a descriptor that blocks.
    package static func writeAll(_ bytes: [UInt8], to descriptor: Int32, of name: String) throws(KernelError) {
        var rest = bytes[...]
        while !rest.isEmpty { rest = rest.dropFirst(try write(rest, to: descriptor, of: name)) }
    }

    package static func makeNonBlocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    /// Whether the descriptor is closed when this process executes another program.
    package static func setCloseOnExec(_ descriptor: Int32, _ closes: Bool) {
        _ = fcntl(descriptor, F_SETFD, closes ? FD_CLOEXEC : 0)
    }

    /// A file in memory, without a name, to be read from its start; no other program inherits it.
    package static func memory(holding bytes: [UInt8], called name: String) throws(KernelError) -> Int32 {
        let descriptor = surplus_memory_file("guest")
        guard descriptor >= 0 else { throw KernelError("make \(name) in memory", errno) }
        try writeAll(bytes, to: descriptor, of: name)
        lseek(descriptor, 0, SEEK_SET)
        return descriptor
    }

    /// A pipe that no other program inherits.
    package static func pipe() throws(KernelError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { throw KernelError("make a pipe", errno) }
        for end in ends { setCloseOnExec(end, true) }
        return (ends[0], ends[1])
    }
}
