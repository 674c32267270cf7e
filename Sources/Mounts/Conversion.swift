import CFUSE
import Glibc
import Resources
import Volumes

extension timespec {
    init(_ time: FileTime) {
        let (seconds, rest) = time.rawValue.quotientAndRemainder(dividingBy: 1_000_000_000)
        self.init(tv_sec: time_t(rest < 0 ? seconds - 1 : seconds), tv_nsec: Int(rest < 0 ? rest + 1_000_000_000 : rest))
    }
}

extension FileTime {
    /// A time that has no representation becomes the nearest that has.
    init(_ time: timespec) {
        let (scaled, overflows) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowsToo) = scaled.addingReportingOverflow(Int64(time.tv_nsec))
        self.init(rawValue: overflows || overflowsToo ? (time.tv_sec < 0 ? .min : .max) : sum)
    }
}

extension stat {
    init(_ inode: Inode) {
        self.init()
        st_ino = ino_t(inode.number.rawValue)
        st_mode = mode_t(inode.kind.rawValue) << 12 | mode_t(inode.permissions & 0o7777)
        st_nlink = nlink_t(inode.links)
        st_uid = inode.owner
        st_gid = inode.group
        st_rdev = dev_t(inode.device)
        st_size = off_t(clamping: inode.size)
        st_blocks = blkcnt_t(clamping: (inode.allocated + 511) / 512)
        st_atim = timespec(inode.accessed)
        st_mtim = timespec(inode.modified)
        st_ctim = timespec(inode.changed)
    }
}

extension fuse_entry_param {
    init(_ entry: Entry) {
        self.init()
        ino = entry.attributes.inode.number.rawValue
        attr = stat(entry.attributes.inode)
        attr_timeout = entry.attributes.validity.seconds
        entry_timeout = entry.validity.seconds
    }
}

extension fuse_file_info {
    mutating func take(_ answer: OpenAnswer, isDirectory: Bool) {
        fh = answer.handle.rawValue
        direct_io = answer.isDirect ? 1 : 0
        keep_cache = answer.keepsCache ? 1 : 0
        cache_readdir = isDirectory && answer.keepsCache ? 1 : 0
    }
}

extension Microseconds {
    /// As libfuse wants timeouts.
    var seconds: Double { Double(rawValue) / 1e6 }
}

extension AttributeChange {
    /// - Parameter fields: Which of the attributes are to change: `FUSE_SET_ATTR_...`.
    init(_ attributes: stat, fields: Int32) {
        self.init()
        func has(_ field: Int32) -> Bool { fields & field != 0 }
        if has(FUSE_SET_ATTR_MODE) { permissions = UInt16(attributes.st_mode & 0o7777) }
        if has(FUSE_SET_ATTR_UID) { owner = attributes.st_uid }
        if has(FUSE_SET_ATTR_GID) { group = attributes.st_gid }
        if has(FUSE_SET_ATTR_SIZE) { size = UInt64(max(0, attributes.st_size)) }
        if has(FUSE_SET_ATTR_ATIME) { accessed = has(FUSE_SET_ATTR_ATIME_NOW) ? .now : .at(FileTime(attributes.st_atim)) }
        if has(FUSE_SET_ATTR_MTIME) { modified = has(FUSE_SET_ATTR_MTIME_NOW) ? .now : .at(FileTime(attributes.st_mtim)) }
        // The same bit as the kernel's FATTR_KILL_SUIDGID, which is what it means once FUSE_HANDLE_KILLPRIV_V2 is agreed on.
        clearsSetID = has(FUSE_SET_ATTR_KILL_SUID)
    }
}
