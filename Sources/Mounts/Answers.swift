import Resources
import Volumes

/// Attributes of an inode, and for how long the kernel may use them without asking again.
package struct AttributeAnswer: Sendable {
    package var inode: Inode
    package var validity: Microseconds

    package init(_ inode: Inode, validity: Microseconds) {
        self.inode = inode
        self.validity = validity
    }
}

/// An inode that a name leads to. Answering it counts as a lookup.
package struct Entry: Sendable {
    package var attributes: AttributeAnswer
    /// For how long the kernel may take it for granted that the name leads there.
    package var validity: Microseconds

    package init(_ inode: Inode, validity: Microseconds, attributesValidity: Microseconds) {
        attributes = AttributeAnswer(inode, validity: attributesValidity)
        self.validity = validity
    }
}

package enum LookupAnswer: Sendable {
    case found(Entry)
    /// There is no such entry, and for so long the kernel need not ask again. Does not count as a lookup.
    case absent(validity: Microseconds)
}

/// Names what was opened, as the file system chooses.
package struct OpenHandle: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// How the kernel shall treat what was opened.
package struct OpenAnswer: Sendable {
    package var handle: OpenHandle
    /// What is cached of the content, from before, is still right. For a directory: its listing may be cached, and what is cached
    /// of it is still right.
    package var keepsCache = false
    /// Reads and writes go past the kernel's cache.
    package var isDirect = false
    /// Of direct writes through this handle, those that do not grow the file may come at once. Otherwise the kernel sends one
    /// after the other for each file.
    package var writesInParallel = false

    package init(_ handle: OpenHandle) { self.handle = handle }
}

package struct SpaceAnswer: Sendable {
    package var capacity: Bytes
    package var free: Bytes
    /// Inodes that can be made, and that are there or can be made.
    package var freeInodes: UInt64
    package var inodes: UInt64

    package init(capacity: Bytes, free: Bytes, freeInodes: UInt64, inodes: UInt64) {
        self.capacity = capacity
        self.free = free
        self.freeInodes = freeInodes
        self.inodes = inodes
    }
}
