package import Mounts
internal import Resources
package import Volumes

/// A listing of a directory as far as it was read: cookies are places in it.
struct Listing: Sendable {
    struct Item: Sendable {
        let entry: ListedEntry
        /// Of the directory when it was read (``ClientFile/State/listingNumber``).
        let number: Int
    }

    var items: [Item] = []
    var isComplete = false
}

extension VolumeFileSystem {
    package func openDirectory(_ number: InodeNumber, for caller: Caller) throws(PosixError) -> OpenAnswer {
        let handle = listings.withLock { listings in
            defer { listings.next += 1 }
            listings.open[listings.next] = Listing()
            return listings.next
        }
        file(number).state.withLock { $0.handles += 1 }
        return OpenAnswer(OpenHandle(rawValue: handle))
    }

    package func releaseDirectory(_ number: InodeNumber, _ handle: OpenHandle) {
        listings.withLock { $0.open[handle.rawValue] = nil }
        release(number, handle, owner: nil)
    }

    package func list(
        _ number: InodeNumber, _ handle: OpenHandle, after cookie: DirectoryCookie, into page: inout DirectoryPage
    ) throws(PosixError) {
        if cookie == .start { listings.withLock { $0.open[handle.rawValue] = Listing() } }
        var place = Int(cookie.rawValue)
        while true {
            guard let listing = listings.withLock({ $0.open[handle.rawValue] }) else { throw .badDescriptor }
            guard place < listing.items.count else {
                if listing.isComplete { return }
                try readOn(number, handle, after: listing.items.last?.entry.name)
                continue
            }
            guard add(listing.items[place], of: number, to: &page, next: DirectoryCookie(rawValue: UInt64(place + 1))) else {
                return
            }
            place += 1
        }
    }

    /// - Returns: whether it fitted.
    private func add(
        _ item: Listing.Item, of directory: InodeNumber, to page: inout DirectoryPage, next cookie: DirectoryCookie
    ) -> Bool {
        let (name, inode) = (item.entry.name, item.entry.inode)
        // What was listed before may lead elsewhere by now, or nowhere: the kernel must not take it for granted.
        guard item.number == file(directory).state.withLock({ $0.listingNumber }) else {
            return page.add(name, inode.number, inode.kind, next: cookie)
        }
        let isAdded = page.add(name, entry(inode, as: name, in: directory), next: cookie)
        if !isAdded || !page.wantsAttributes { uncountLookup(of: inode.number) }
        return isAdded
    }

    private func readOn(_ number: InodeNumber, _ handle: OpenHandle, after name: FileName?) throws(PosixError) {
        let reading = file(number).state.withLock { $0.listingNumber }
        guard case .entries(let entries, let isEnd, let grants) = try ask(.list(number, after: name, limit: 500)) else {
            throw .protocolFault
        }
        for entry in entries { take(grants.filter { $0.inode == entry.inode.number }, entry.inode) }
        take(grants.filter { $0.inode == number })
        listings.withLock { listings in
            listings.open[handle.rawValue]?.items += entries.map { Listing.Item(entry: $0, number: reading) }
            listings.open[handle.rawValue]?.isComplete = isEnd
        }
    }

    package func synchronizeDirectory(_ number: InodeNumber, _ handle: OpenHandle, dataOnly: Bool) throws(PosixError) {
        try home.synchronize()
    }
}
