import CFUSE
import Glibc
import Volumes

extension Responder {
    static func addAttributes(_ operations: inout fuse_lowlevel_ops) {
        operations.getattr = { raw, number, info in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                request.reply(try request.files.attributes(of: InodeNumber(rawValue: number), handle: info?.handle))
            }
        }
        operations.setattr = { raw, number, attributes, fields, info in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                guard let attributes = attributes?.pointee else { throw .invalid }
                request.reply(
                    try request.files.change(
                        AttributeChange(attributes, fields: fields), of: InodeNumber(rawValue: number), handle: info?.handle,
                        for: request.caller))
            }
        }
        operations.readlink = { raw, number in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                let target = try request.files.target(of: InodeNumber(rawValue: number))
                guard target.count < PATH_MAX else { throw .nameTooLong }
                let text = target.map { CChar(bitPattern: $0) } + [0]
                fuse_reply_readlink(raw, text)
            }
        }
        operations.statfs = { raw, _ in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                var answer = statvfs(try request.files.space())
                fuse_reply_statfs(raw, &answer)
            }
        }
        addExtendedAttributes(&operations)
    }

    private static func addExtendedAttributes(_ operations: inout fuse_lowlevel_ops) {
        operations.getxattr = { raw, number, name, room in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                request.reply(
                    try request.files.extendedAttribute(Responder.permitted(name), of: InodeNumber(rawValue: number)), room: room)
            }
        }
        operations.listxattr = { raw, number, room in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                let names = try request.files.extendedAttributes(of: InodeNumber(rawValue: number))
                request.reply(names.flatMap { $0 + [0] }, room: room)
            }
        }
        operations.setxattr = { raw, number, name, value, count, flags in
            let request = Request(raw)
            request.confirm { () throws(PosixError) in
                try request.files.setExtendedAttribute(
                    Responder.permitted(name), of: InodeNumber(rawValue: number),
                    to: [UInt8](UnsafeRawBufferPointer(start: value, count: count)), ExtendedAttributeManner(flags: flags),
                    for: request.caller)
            }
        }
        operations.removexattr = { raw, number, name in
            let request = Request(raw)
            request.confirm { () throws(PosixError) in
                try request.files.removeExtendedAttribute(
                    Responder.permitted(name), of: InodeNumber(rawValue: number), for: request.caller)
            }
        }
    }

    /// Classes of attributes (xattr(7)). Access control lists are of none of them: the kernel would pass them on as if nobody heeded
    /// them.
    private static let classes = ["user.", "trusted.", "security."].map { Array($0.utf8) }

    private static func permitted(_ name: UnsafePointer<CChar>?) throws(PosixError) -> [UInt8] {
        let bytes = [UInt8](cString: name)
        guard let kind = classes.first(where: { bytes.starts(with: $0) }) else { throw .notSupported }
        guard bytes.count > kind.count else { throw .invalid }
        return bytes
    }
}

extension ExtendedAttributeManner {
    /// - Parameter flags: Of setxattr(2): 1 for XATTR_CREATE, 2 for XATTR_REPLACE.
    init(flags: Int32) throws(PosixError) {
        switch flags {
        case 0: self = .any
        case 1: self = .new
        case 2: self = .existing
        default: throw .invalid
        }
    }
}

extension statvfs {
    init(_ space: SpaceAnswer) {
        self.init()
        let block = 4096
        f_bsize = UInt(block)
        f_frsize = UInt(block)
        f_blocks = fsblkcnt_t(clamping: space.capacity.rawValue / Int64(block))
        f_bfree = fsblkcnt_t(clamping: space.free.rawValue / Int64(block))
        f_bavail = f_bfree
        f_files = fsfilcnt_t(clamping: space.inodes)
        f_ffree = fsfilcnt_t(clamping: space.freeInodes)
        f_favail = f_ffree
        f_namemax = UInt(FileName.longest)
    }
}
