import CFUSE
import Glibc
import Volumes

/// A change of attributes; what is nil stays.
package struct AttributeChange: Sendable, Hashable {
    package enum Time: Sendable, Hashable {
        case now
        case at(FileTime)
    }

    /// The lower 12 bits of a mode.
    package var permissions: UInt16?
    package var owner: UInt32?
    package var group: UInt32?
    package var size: UInt64?
    package var accessed: Time?
    package var modified: Time?
    /// Whoever truncates the file may not keep its set-id bits.
    package var clearsSetID = false

    package init() {}
}

/// How a file is opened: flags of open(2). Those that the kernel handles alone are not among them.
package struct OpenFlags: Sendable, Hashable {
    package let rawValue: Int32
    /// The file is truncated, and whoever does it may not keep its set-id bits.
    package let clearsSetID: Bool

    package init(rawValue: Int32, clearsSetID: Bool = false) {
        self.rawValue = rawValue
        self.clearsSetID = clearsSetID
    }

    package var reads: Bool { rawValue & O_ACCMODE != O_WRONLY }
    package var writes: Bool { rawValue & O_ACCMODE != O_RDONLY }
    package var truncates: Bool { rawValue & O_TRUNC != 0 }
    package var appends: Bool { rawValue & O_APPEND != 0 }
    package var isExclusive: Bool { rawValue & O_EXCL != 0 }
    /// Each write is durable before it is acknowledged (O_SYNC and O_DSYNC).
    package var isSynchronous: Bool { rawValue & O_DSYNC != 0 }
}

package struct WriteManner: Sendable, Hashable {
    /// It comes from the kernel's cache, for a change through mmap(2): it may be anybody's.
    package var isFromCache: Bool
    /// It goes to the end of the file, wherever that is; never when it comes from the kernel's cache.
    package var appends: Bool
    /// It is durable before it is acknowledged (O_SYNC, O_DSYNC, RWF_DSYNC).
    package var isSynchronous: Bool
    /// Whoever writes may not keep set-id bits.
    package var clearsSetID: Bool

    /// - Parameter flags: of the open file, as they are now (open(2)).
    package init(isFromCache: Bool = false, flags: Int32 = 0, clearsSetID: Bool = false) {
        self.isFromCache = isFromCache
        appends = !isFromCache && flags & O_APPEND != 0
        isSynchronous = flags & O_DSYNC != 0
        self.clearsSetID = clearsSetID
    }
}

package enum RenameManner: Sendable {
    /// What has the new name is replaced.
    case replacing
    /// ``PosixError/exists`` if something has the new name.
    case keeping
    /// What has the new name gets the old one.
    case exchanging
}

package enum ExtendedAttributeManner: Sendable {
    case any
    /// It must not be there yet.
    case new
    /// It must be there.
    case existing
}

package enum AllocationManner: Sendable {
    /// Room is kept in advance, and the file grows to the end of the range if it is shorter.
    case reserve(keepingSize: Bool)
    /// The range becomes a hole; the size stays.
    case punchHole
    /// The range reads as zeros, with room kept.
    case zero(keepingSize: Bool)

    /// - Parameter mode: Of fallocate(2).
    init(mode: Int32) throws(PosixError) {
        // linux/falloc.h: FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_ZERO_RANGE
        switch mode {
        case 0, 0x01: self = .reserve(keepingSize: mode & 0x01 != 0)
        case 0x03: self = .punchHole
        case 0x10, 0x11: self = .zero(keepingSize: mode & 0x01 != 0)
        default: throw .notSupported
        }
    }
}

package enum SeekTarget: Sendable {
    case data
    case hole
}

/// A place in a listing, as the file system chooses: at least 1, less than 2^62.
package struct DirectoryCookie: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Before the first entry.
    package static let start = DirectoryCookie(rawValue: 0)
}
