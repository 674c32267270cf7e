import Mounts
import Volumes

/// Locks on one file, and who waits for them, in turn.
struct LockTable {
    private(set) var held: [FileLock] = []
    private(set) var waits: [(lock: FileLock, wait: LockWait)] = []

    func conflict(with lock: FileLock) -> FileLock? {
        held.first { other in
            other.owner != lock.owner && (other.isExclusive || lock.isExclusive) && other.span.overlaps(lock.span)
        }
    }

    mutating func take(_ lock: FileLock) {
        remove(lock.span, of: lock.owner)
        held.append(lock)
        // What was exclusive may be shared now.
        grant()
    }

    mutating func wait(_ lock: FileLock, _ wait: LockWait) { waits.append((lock, wait)) }

    /// - Returns: Whether it was still waiting.
    mutating func giveUp(_ wait: LockWait) -> Bool {
        let count = waits.count
        waits.removeAll { $0.wait === wait }
        return waits.count < count
    }

    mutating func unlock(_ span: LockSpan, of owner: LockOwner) {
        remove(span, of: owner)
        grant()
    }

    mutating func release(_ isReleased: (FileLock) -> Bool) {
        held.removeAll(where: isReleased)
        grant()
    }

    private mutating func remove(_ span: LockSpan, of owner: LockOwner) {
        held = held.flatMap { lock -> [FileLock] in
            guard lock.owner == owner, lock.span.overlaps(span) else { return [lock] }
            guard case .bytes(let old) = lock.span, case .bytes(let gone) = span else { return [] }
            var rest: [FileLock] = []
            if old.lowerBound < gone.lowerBound { rest.append(lock.on(old.lowerBound...gone.lowerBound - 1)) }
            if old.upperBound > gone.upperBound { rest.append(lock.on(gone.upperBound + 1...old.upperBound)) }
            return rest
        }
    }

    private mutating func grant() {
        while let index = waits.firstIndex(where: { conflict(with: $0.lock) == nil }) {
            let (lock, wait) = waits.remove(at: index)
            remove(lock.span, of: lock.owner)
            held.append(lock)
            wait.grant()
        }
    }
}

extension FileLock {
    fileprivate func on(_ range: ClosedRange<UInt64>) -> FileLock {
        FileLock(.bytes(range), isExclusive: isExclusive, owner: owner, process: process)
    }
}

extension LockSpan {
    fileprivate func overlaps(_ other: LockSpan) -> Bool {
        switch (self, other) {
        case (.bytes(let a), .bytes(let b)): a.overlaps(b)
        case (.wholeFile, .wholeFile): true
        default: false
        }
    }
}

extension MemoryFiles {
    func conflict(with lock: FileLock, on number: InodeNumber) throws(PosixError) -> FileLock? {
        try call { state throws(PosixError) in try state.node(number).locks.conflict(with: lock) }
    }

    func lock(
        _ lock: FileLock, on number: InodeNumber, _ handle: OpenHandle, wait: LockWait?
    ) throws(PosixError) -> LockOutcome {
        let outcome = try call { state throws(PosixError) -> LockOutcome in
            let node = try state.node(number)
            guard node.locks.conflict(with: lock) != nil else {
                node.locks.take(lock)
                return .taken
            }
            guard let wait else { throw .tryAgain }
            node.locks.wait(lock, wait)
            return .waits
        }
        if case .waits = outcome, let wait {
            wait.whenInterrupted { [weak self] in
                let isGivenUp = self?.change { state in state.nodes[number]?.locks.giveUp(wait) ?? false } ?? true
                if isGivenUp { wait.refuse(.interrupted) }
            }
            waiting.signal()
        }
        return outcome
    }

    func unlock(_ span: LockSpan, on number: InodeNumber, _ handle: OpenHandle, owner: LockOwner) throws(PosixError) {
        try call { state throws(PosixError) in try state.node(number).locks.unlock(span, of: owner) }
    }
}
