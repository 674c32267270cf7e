import CFUSE
import Glibc
import Volumes

extension Responder {
    static func addNames(_ operations: inout fuse_lowlevel_ops) {
        operations.lookup = { raw, parent, name in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                let directory = InodeNumber(rawValue: parent)
                switch try request.files.lookup(FileName(name), in: directory, for: request.caller) {
                case .found(let entry): request.reply(entry)
                case .absent(let validity):
                    var nothing = fuse_entry_param()
                    nothing.entry_timeout = validity.seconds
                    fuse_reply_entry(raw, &nothing)
                }
            }
        }
        operations.forget = { raw, number, count in
            Request(raw).files.forget(InodeNumber(rawValue: number), lookups: count)
            fuse_reply_none(raw)
        }
        operations.forget_multi = { raw, count, items in
            let request = Request(raw)
            for item in UnsafeBufferPointer(start: items, count: count) {
                request.files.forget(InodeNumber(rawValue: item.ino), lookups: item.nlookup)
            }
            fuse_reply_none(raw)
        }
        addMaking(&operations)
        addChangingNames(&operations)
    }

    private static func addMaking(_ operations: inout fuse_lowlevel_ops) {
        operations.mknod = { raw, parent, name, mode, device in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                guard let kind = FileKind(rawValue: UInt8(mode >> 12 & 0xF)), kind != .directory else { throw .invalid }
                request.reply(
                    try request.files.makeNode(
                        FileName(name), in: InodeNumber(rawValue: parent), kind: kind, permissions: UInt16(mode & 0o7777),
                        device: UInt32(truncatingIfNeeded: device), for: request.caller))
            }
        }
        operations.mkdir = { raw, parent, name, mode in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                request.reply(
                    try request.files.makeDirectory(
                        FileName(name), in: InodeNumber(rawValue: parent), permissions: UInt16(mode & 0o7777),
                        for: request.caller))
            }
        }
        operations.symlink = { raw, target, parent, name in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                request.reply(
                    try request.files.makeSymbolicLink(
                        FileName(name), in: InodeNumber(rawValue: parent), to: [UInt8](cString: target), for: request.caller))
            }
        }
        operations.link = { raw, number, parent, name in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                request.reply(
                    try request.files.link(
                        InodeNumber(rawValue: number), as: FileName(name), in: InodeNumber(rawValue: parent),
                        for: request.caller))
            }
        }
    }

    private static func addChangingNames(_ operations: inout fuse_lowlevel_ops) {
        operations.unlink = { raw, parent, name in
            let request = Request(raw)
            request.confirm { () throws(PosixError) in
                try request.files.unlink(FileName(name), in: InodeNumber(rawValue: parent), for: request.caller)
            }
        }
        operations.rmdir = { raw, parent, name in
            let request = Request(raw)
            request.confirm { () throws(PosixError) in
                try request.files.removeDirectory(FileName(name), in: InodeNumber(rawValue: parent), for: request.caller)
            }
        }
        operations.rename = { raw, parent, name, newParent, newName, flags in
            let request = Request(raw)
            request.confirm { () throws(PosixError) in
                try request.files.rename(
                    FileName(name), in: InodeNumber(rawValue: parent), to: FileName(newName),
                    in: InodeNumber(rawValue: newParent),
                    RenameManner(flags: flags), for: request.caller)
            }
        }
    }
}

extension RenameManner {
    /// - Parameter flags: Of renameat2(2); RENAME_WHITEOUT, which only overlays use, is not supported.
    init(flags: UInt32) throws(PosixError) {
        switch flags {
        case 0: self = .replacing
        case 1: self = .keeping
        case 2: self = .exchanging
        default: throw .invalid
        }
    }
}
