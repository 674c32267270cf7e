import CFUSE
import Glibc
import Volumes

/// A request of the kernel that is to be answered, once. It is gone when it was, also if the answer did not arrive.
struct Request {
    let raw: fuse_req_t
    let responder: Responder

    init(_ raw: fuse_req_t?) {
        guard let raw, let context = fuse_req_userdata(raw) else { preconditionFailure("libfuse made a request of nothing") }
        self.raw = raw
        responder = Unmanaged<Responder>.fromOpaque(context).takeUnretainedValue()
    }

    var files: any FileSystem { responder.fileSystem }
    var caller: Caller { Caller(raw) }

    /// Runs a body that answers unless it throws. It may find out meanwhile whether the caller still waits
    /// (``Mount/isCallInterrupted``).
    func answer(_ body: () throws(PosixError) -> Void) {
        Worker.current.question = raw
        do { try body() } catch { fail(error) }
    }

    /// Runs a body whose success is all there is to say.
    func confirm(_ body: () throws(PosixError) -> Void) {
        answer { () throws(PosixError) in
            try body()
            fuse_reply_err(raw, 0)
        }
    }

    func fail(_ error: PosixError) { fuse_reply_err(raw, error.rawValue) }

    /// The kernel knows nothing of an inode in an answer that it does not take.
    func reply(_ entry: Entry) {
        var answer = fuse_entry_param(entry)
        if fuse_reply_entry(raw, &answer) != 0 { files.forget(entry.attributes.inode.number, lookups: 1) }
    }

    func reply(_ attributes: AttributeAnswer) {
        var status = stat(attributes.inode)
        fuse_reply_attr(raw, &status, attributes.validity.seconds)
    }

    /// Of what was asked with no room for it only the size is told.
    func reply(_ bytes: [UInt8], room: Int) {
        if room == 0 {
            fuse_reply_xattr(raw, bytes.count)
        } else if bytes.count > room {
            fail(.outOfRange)
        } else {
            _ = bytes.withUnsafeBytes { fuse_reply_buf(raw, $0.baseAddress, $0.count) }
        }
    }
}

extension FileName {
    init(_ name: UnsafePointer<CChar>?) throws(PosixError) { try self.init([UInt8](cString: name)) }
}

extension [UInt8] {
    init(cString text: UnsafePointer<CChar>?) {
        self.init(UnsafeRawBufferPointer(start: text, count: text.map { strlen($0) } ?? 0))
    }
}

extension UnsafeMutablePointer<fuse_file_info> {
    var handle: OpenHandle { OpenHandle(rawValue: pointee.fh) }
    var owner: LockOwner { LockOwner(rawValue: pointee.lock_owner) }
}
