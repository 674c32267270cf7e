import CFUSE
import Glibc

/// What the kernel says in a request, and wants in its answer, that libfuse 3.14 does not pass on: it is read from the request
/// before libfuse sees it, and put into the answer after libfuse made it. The layouts are those of linux/fuse.h.
struct Amendment {
    /// The caller may not keep set-id bits: it writes, or truncates by opening.
    private(set) var clearsSetID = false
    /// Of a file that is being opened: direct writes may come at once.
    var writesInParallel = false
    /// What the kernel offers, if this is the first request.
    private var offer: fuse_init_in?

    init() {}

    init(_ request: UnsafeRawBufferPointer) {
        let start = MemoryLayout<fuse_in_header>.size
        func body<T>(_: T.Type) -> T? {
            guard request.count >= start + MemoryLayout<T>.size else { return nil }
            return request.loadUnaligned(fromByteOffset: start, as: T.self)
        }
        guard request.count >= start else { return }
        switch fuse_opcode(request.loadUnaligned(as: fuse_in_header.self).opcode) {
        case FUSE_WRITE: clearsSetID = body(fuse_write_in.self).map { $0.write_flags & Self.writeClears != 0 } ?? false
        case FUSE_OPEN: clearsSetID = body(fuse_open_in.self).map { $0.open_flags & Self.openClears != 0 } ?? false
        case FUSE_CREATE: clearsSetID = body(fuse_create_in.self).map { $0.open_flags & Self.openClears != 0 } ?? false
        case FUSE_INIT: offer = body(fuse_init_in.self)
        default: break
        }
    }

    /// - Parameter parts: An answer as libfuse sends it: the header, and what follows.
    func apply(to parts: UnsafeBufferPointer<iovec>) {
        guard parts.count == 2, let content = parts[1].iov_base, offer != nil || writesInParallel else { return }
        guard parts[0].iov_base.loadUnaligned(as: fuse_out_header.self).error == 0 else { return }
        let body = UnsafeMutableRawBufferPointer(start: content, count: parts[1].iov_len)
        if let offer {
            Self.agree(to: offer, in: body)
        } else if body.count >= MemoryLayout<fuse_open_out>.size {
            // It ends both the answer to an opening and the answer to a creation.
            let place = body.count - MemoryLayout<fuse_open_out>.size
            var answer = body.loadUnaligned(fromByteOffset: place, as: fuse_open_out.self)
            answer.open_flags |= UInt32(FOPEN_PARALLEL_DIRECT_WRITES)
            body.storeBytes(of: answer, toByteOffset: place, as: fuse_open_out.self)
        }
    }

    /// The kernel tells when set-id bits have to fall, and need not ask for `security.capability` before each write; and what is
    /// opened past the cache can be mapped shared.
    private static func agree(to offer: fuse_init_in, in body: UnsafeMutableRawBufferPointer) {
        guard body.count >= MemoryLayout<fuse_init_out>.size else { return }
        var answer = body.loadUnaligned(as: fuse_init_out.self)
        answer.flags |= offer.flags & clearingIsTold
        if offer.flags & answer.flags & isExtended != 0 { answer.flags2 |= offer.flags2 & directFilesAreMapped }
        body.storeBytes(of: answer, as: fuse_init_out.self)
    }

    private static let writeClears = UInt32(FUSE_WRITE_KILL_SUIDGID)
    private static let openClears = UInt32(FUSE_OPEN_KILL_SUIDGID)
    private static let clearingIsTold = UInt32(FUSE_HANDLE_KILLPRIV_V2)
    private static let isExtended = UInt32(FUSE_INIT_EXT)
    /// FUSE_DIRECT_IO_ALLOW_MMAP, since Linux 6.6: bit 36.
    private static let directFilesAreMapped: UInt32 = 1 << 4
}

extension Amendment {
    /// The ways on which libfuse reads requests and writes answers.
    static func channel() -> fuse_custom_io {
        var channel = fuse_custom_io()
        channel.read = { descriptor, buffer, count, _ in Glibc.read(descriptor, buffer, count) }
        channel.writev = { descriptor, parts, count, _ in
            if let worker = Worker.ofThisThread {
                worker.question = nil
                worker.amendment.apply(to: UnsafeBufferPointer(start: parts, count: Int(count)))
            }
            return Glibc.writev(descriptor, parts, count)
        }
        return channel
    }
}
