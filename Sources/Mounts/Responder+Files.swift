import CFUSE
import Glibc
import Volumes

extension Responder {
    static func addFiles(_ operations: inout fuse_lowlevel_ops) {
        addOpening(&operations)
        addContent(&operations)
        addClosing(&operations)
        operations.fallocate = { raw, number, mode, offset, count, info in
            let request = Request(raw)
            request.confirm { () throws(PosixError) in
                guard let info, offset >= 0, count > 0 else { throw .invalid }
                try request.files.allocate(
                    AllocationManner(mode: mode), InodeNumber(rawValue: number), info.handle, at: UInt64(offset),
                    count: UInt64(count), for: request.caller)
            }
        }
        operations.lseek = { raw, number, offset, whence, info in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                // unistd.h: SEEK_DATA is 3, SEEK_HOLE is 4
                guard let info, whence == 3 || whence == 4 else { throw .invalid }
                guard offset >= 0 else { throw .noSuchAddress }
                let found = try request.files.seek(
                    whence == 3 ? .data : .hole, InodeNumber(rawValue: number), info.handle, from: UInt64(offset))
                fuse_reply_lseek(raw, off_t(clamping: found))
            }
        }
    }

    private static func addOpening(_ operations: inout fuse_lowlevel_ops) {
        operations.open = { raw, number, info in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                guard let info else { throw .invalid }
                let number = InodeNumber(rawValue: number)
                let flags = OpenFlags(rawValue: info.pointee.flags, clearsSetID: Worker.request.clearsSetID)
                let answer = try request.files.open(number, flags, for: request.caller)
                info.pointee.take(answer, isDirectory: false)
                Worker.request.writesInParallel = answer.writesInParallel
                if fuse_reply_open(raw, info) != 0 { request.files.release(number, answer.handle, owner: nil) }
            }
        }
        operations.create = { raw, parent, name, mode, info in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                guard let info else { throw .invalid }
                let flags = OpenFlags(rawValue: info.pointee.flags, clearsSetID: Worker.request.clearsSetID)
                let (entry, answer) = try request.files.create(
                    FileName(name), in: InodeNumber(rawValue: parent), permissions: UInt16(mode & 0o7777), flags,
                    for: request.caller)
                info.pointee.take(answer, isDirectory: false)
                Worker.request.writesInParallel = answer.writesInParallel
                var parameters = fuse_entry_param(entry)
                if fuse_reply_create(raw, &parameters, info) != 0 {
                    request.files.release(entry.attributes.inode.number, answer.handle, owner: nil)
                    request.files.forget(entry.attributes.inode.number, lookups: 1)
                }
            }
        }
    }

    private static func addContent(_ operations: inout fuse_lowlevel_ops) {
        operations.read = { raw, number, size, offset, info in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                guard let info, offset >= 0 else { throw .invalid }
                let buffer = Worker.current.buffer(size)
                let count = try request.files.read(InodeNumber(rawValue: number), info.handle, at: UInt64(offset), into: buffer)
                fuse_reply_buf(raw, buffer.baseAddress, count)
            }
        }
        operations.write = { raw, number, bytes, count, offset, info in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                guard let info, offset >= 0 else { throw .invalid }
                let written = try request.files.write(
                    InodeNumber(rawValue: number), info.handle, at: UInt64(offset),
                    from: UnsafeRawBufferPointer(start: bytes, count: count),
                    WriteManner(
                        isFromCache: info.pointee.writepage != 0, flags: info.pointee.flags,
                        clearsSetID: Worker.request.clearsSetID))
                fuse_reply_write(raw, written)
            }
        }
        operations.fsync = { raw, number, dataOnly, info in
            let request = Request(raw)
            request.confirm { () throws(PosixError) in
                guard let info else { throw .invalid }
                try request.files.synchronize(InodeNumber(rawValue: number), info.handle, dataOnly: dataOnly != 0)
            }
        }
    }

    private static func addClosing(_ operations: inout fuse_lowlevel_ops) {
        operations.flush = { raw, number, info in
            let request = Request(raw)
            request.confirm { () throws(PosixError) in
                guard let info else { throw .invalid }
                try request.files.flush(InodeNumber(rawValue: number), info.handle, owner: info.owner)
            }
        }
        operations.release = { raw, number, info in
            let request = Request(raw)
            request.confirm { () throws(PosixError) in
                guard let info else { throw .invalid }
                let owner = info.pointee.flock_release != 0 ? info.owner : nil
                request.files.release(InodeNumber(rawValue: number), info.handle, owner: owner)
            }
        }
    }
}
