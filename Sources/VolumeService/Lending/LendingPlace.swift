package import BlockStore
internal import Glibc
package import Resources

/// Where a node keeps what it lends: a directory of a file system, or a test's.
package protocol LendingPlace: Sendable {
    /// With the book of what is lent to whom.
    var book: any BlockDisk { get }

    /// With the blocks of a volume; made when it is not there.
    func blocks(of volume: VolumeID) throws(BlockStoreError) -> any BlockDisk

    /// Nothing of a volume is there any more.
    func forget(_ volume: VolumeID)

    /// What the file system has left; `nil` when it does not say.
    var free: Bytes? { get }
}

/// A directory with a directory for each volume.
package struct LendingDirectory: LendingPlace {
    private let disk: PosixDisk

    package var book: any BlockDisk { disk }

    /// Makes the directory for its owner alone, if it is not there.
    package init(_ path: String) throws(BlockStoreError) { disk = try PosixDisk(path) }

    private func path(of volume: VolumeID) -> String { disk.path + "/\(volume)" }

    package func blocks(of volume: VolumeID) throws(BlockStoreError) -> any BlockDisk { try PosixDisk(path(of: volume)) }

    package func forget(_ volume: VolumeID) { rmdir(path(of: volume)) }

    package var free: Bytes? {
        var status = statvfs()
        guard statvfs(disk.path, &status) == 0 else { return nil }
        return Bytes(Int64(clamping: UInt64(status.f_bavail) * UInt64(status.f_frsize)))
    }
}
