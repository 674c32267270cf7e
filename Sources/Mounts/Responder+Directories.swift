import CFUSE
import Glibc
import Volumes

extension Responder {
    static func addDirectories(_ operations: inout fuse_lowlevel_ops) {
        operations.opendir = { raw, number, info in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                guard let info else { throw .invalid }
                let number = InodeNumber(rawValue: number)
                let answer = try request.files.openDirectory(number, for: request.caller)
                info.pointee.take(answer, isDirectory: true)
                if fuse_reply_open(raw, info) != 0 { request.files.releaseDirectory(number, answer.handle) }
            }
        }
        operations.readdir = { raw, number, size, offset, info in
            Responder.list(Request(raw), InodeNumber(rawValue: number), size, offset, info, wantsAttributes: false)
        }
        operations.readdirplus = { raw, number, size, offset, info in
            Responder.list(Request(raw), InodeNumber(rawValue: number), size, offset, info, wantsAttributes: true)
        }
        operations.releasedir = { raw, number, info in
            let request = Request(raw)
            request.confirm { () throws(PosixError) in
                guard let info else { throw .invalid }
                request.files.releaseDirectory(InodeNumber(rawValue: number), info.handle)
            }
        }
        operations.fsyncdir = { raw, number, dataOnly, info in
            let request = Request(raw)
            request.confirm { () throws(PosixError) in
                guard let info else { throw .invalid }
                try request.files.synchronizeDirectory(InodeNumber(rawValue: number), info.handle, dataOnly: dataOnly != 0)
            }
        }
    }

    private static func list(
        _ request: Request, _ number: InodeNumber, _ size: Int, _ offset: off_t, _ info: UnsafeMutablePointer<fuse_file_info>?,
        wantsAttributes: Bool
    ) {
        request.answer { () throws(PosixError) in
            guard let info, offset >= 0 else { throw .invalid }
            var page = DirectoryPage(request.raw, Worker.current.buffer(size), wantsAttributes: wantsAttributes)
            var hasRoom = true
            if offset < DirectoryPage.afterParent {
                let parent = try request.files.attributes(of: number, handle: nil).inode.parent
                if offset < DirectoryPage.afterSelf {
                    hasRoom = page.add([0x2E], number, .directory, next: DirectoryPage.afterSelf)
                }
                hasRoom = hasRoom && page.add([0x2E, 0x2E], parent, .directory, next: DirectoryPage.afterParent)
            }
            do throws(PosixError) {
                if hasRoom {
                    try request.files.list(number, info.handle, after: DirectoryPage.cookie(offset), into: &page)
                }
            } catch {
                // What was looked up has to reach the kernel; the fault comes again when the listing goes on.
                if page.used == 0 { throw error }
            }
            let files = request.files
            if fuse_reply_buf(request.raw, Worker.current.buffer(size).baseAddress, page.used) != 0 {
                for lookup in page.lookups { files.forget(lookup, lookups: 1) }
            }
        }
    }
}
