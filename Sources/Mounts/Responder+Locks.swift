import CFUSE
import Glibc
import Volumes

extension Responder {
    static func addLocks(_ operations: inout fuse_lowlevel_ops) {
        operations.getlk = { raw, number, info, wanted in
            let request = Request(raw)
            request.answer { () throws(PosixError) in
                guard let info, let wanted = wanted?.pointee else { throw .invalid }
                let lock = FileLock(
                    LockSpan(wanted), isExclusive: Int32(wanted.l_type) == F_WRLCK, owner: info.owner, process: wanted.l_pid)
                var answer = wanted
                if let other = try request.files.conflict(with: lock, on: InodeNumber(rawValue: number)) {
                    answer = Glibc.flock(other)
                } else {
                    answer.l_type = Int16(F_UNLCK)
                }
                fuse_reply_lock(raw, &answer)
            }
        }
        operations.setlk = { raw, number, info, wanted, mayWait in
            let request = Request(raw)
            guard let info, let wanted = wanted?.pointee else { return request.fail(.invalid) }
            let number = InodeNumber(rawValue: number)
            guard Int32(wanted.l_type) != F_UNLCK else {
                return Responder.unlock(request, LockSpan(wanted), number, info)
            }
            let lock = FileLock(
                LockSpan(wanted), isExclusive: Int32(wanted.l_type) == F_WRLCK, owner: info.owner, process: wanted.l_pid)
            Responder.take(request, lock, number, info.handle, mayWait: mayWait != 0)
        }
        operations.flock = { raw, number, info, operation in
            let request = Request(raw)
            guard let info else { return request.fail(.invalid) }
            let number = InodeNumber(rawValue: number)
            guard operation & LOCK_UN == 0 else { return Responder.unlock(request, .wholeFile, number, info) }
            let lock = FileLock(
                .wholeFile, isExclusive: operation & LOCK_EX != 0, owner: info.owner, process: request.caller.process)
            Responder.take(request, lock, number, info.handle, mayWait: operation & LOCK_NB == 0)
        }
    }

    private static func unlock(
        _ request: Request, _ span: LockSpan, _ number: InodeNumber, _ info: UnsafeMutablePointer<fuse_file_info>
    ) {
        request.confirm { () throws(PosixError) in
            try request.files.unlock(span, on: number, info.handle, owner: info.owner)
        }
    }

    private static func take(_ request: Request, _ lock: FileLock, _ number: InodeNumber, _ handle: OpenHandle, mayWait: Bool) {
        guard mayWait else {
            return request.confirm { () throws(PosixError) in
                guard case .taken = try request.files.lock(lock, on: number, handle, wait: nil) else { throw .tryAgain }
            }
        }
        let wait = request.responder.waits.begin(request.raw)
        // By number and not by reference: libfuse may call this while another thread answers.
        fuse_req_interrupt_func(
            request.raw, { raw, id in Request(raw).responder.waits.interrupt(UInt64(UInt(bitPattern: id))) },
            UnsafeMutableRawPointer(bitPattern: UInt(wait.id)))
        do {
            if case .taken = try request.files.lock(lock, on: number, handle, wait: wait) { wait.grant() }
        } catch {
            wait.refuse(error)
        }
    }
}
