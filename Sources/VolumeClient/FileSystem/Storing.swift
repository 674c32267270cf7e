internal import Dispatch
internal import Glibc
internal import Mounts
internal import Resources
internal import Synchronization
internal import Volumes

// How what was written gets out.

extension VolumeFileSystem {
    /// Sends content on its way: full runs, with the rest to follow, or all.
    func launch(_ file: ClientFile, onlyFull: Bool) {
        let (launched, isRestLeft) = file.state.withLock { state -> ([ClientFile.Flight], Bool) in
            let (session, modified) = (home.session, state.inode?.modified ?? clock.now)
            let runs = state.dirty.take(onlyFull: onlyFull)
            let flights = Self.packed(runs).map { ClientFile.Flight($0, modified: modified, of: session) }
            state.flying += flights
            let isRestLeft = !state.dirty.isEmpty && !state.isAgeing
            if isRestLeft { state.isAgeing = true }
            return (flights, isRestLeft)
        }
        if isRestLeft { launchLater(file) }
        for flight in launched {
            flights.async { [self] in
                room.wait()
                let stored = storeAtLast(flight, of: file)
                room.signal()
                flight.block.withLock { $0 = stored }
                tell(file)
            }
        }
    }

    /// So long stores that cannot be reached are left alone.
    private static let pause: useconds_t = 500_000

    /// Goes on as long as somebody wants it, for stores come back, and win room back.
    private func storeAtLast(
        _ flight: ClientFile.Flight, of file: ClientFile
    ) -> Result<(NewBlock, [Extent]), PosixError> {
        while true {
            let stored = store(flight)
            guard case .failure(let error) = stored, error == .inputOutput || error == .noSpace, !home.isOver,
                isWanted(flight, file)
            else { return stored }
            flight.hindrance.withLock { $0 = error }
            usleep(Self.pause)
            blocks.tryAgain()
        }
    }

    private func isWanted(_ flight: ClientFile.Flight, _ file: ClientFile) -> Bool {
        file.state.withLock { $0.flying.contains { $0 === flight } }
    }

    /// Runs that go into one block, in the order in which they lie in the file.
    private static func packed(_ runs: [DirtyContent.Run]) -> [[DirtyContent.Run]] {
        var (groups, size) = ([[DirtyContent.Run]](), 0)
        for run in runs {
            if groups.isEmpty || size + run.bytes.count > DirtyContent.longestRun {
                groups.append([])
                size = 0
            }
            groups[groups.count - 1].append(run)
            size += run.bytes.count
        }
        return groups
    }

    private func store(_ flight: ClientFile.Flight) -> Result<(NewBlock, [Extent]), PosixError> {
        let content = flight.runs.count == 1 ? flight.runs[0].bytes : flight.runs.flatMap(\.bytes)
        do throws(PosixError) { if !blocks.knowsGeneration { try learnGeneration() } } catch { return .failure(error) }
        return content.withUnsafeBytes { bytes in
            do throws(PosixError) {
                let block = try blocks.store(bytes)
                return .success((block, flight.extents(in: block.id)))
            } catch { return .failure(error) }
        }
    }

    private func learnGeneration() throws(PosixError) {
        guard case .space(let header) = try home.ask(.space) else { throw .protocolFault }
        blocks.learn(generation: header.generation)
    }

    /// Goes on as long as somebody wants it.
    private func learnGeneration(for flight: ClientFile.Flight, of file: ClientFile) throws(PosixError) {
        while true {
            do throws(PosixError) { return try learnGeneration() } catch {
                guard error == .inputOutput, !home.isOver, isWanted(flight, file) else { throw error }
            }
        }
    }

    /// Tells the home what has landed, as far as nothing before it is still on its way.
    private func tell(_ file: ClientFile) {
        file.telling.pass {
            while let flight = file.state.withLock({ $0.flying.first }), let landed = flight.block.withLock({ $0 }) {
                let result = tell(file, flight, landed)
                // When its session is over it is stranded meanwhile.
                guard file.state.withLock({ land(flight, result, &$0) }) else { continue }
                flight.end.open()
                if case .failure(let error) = result { onLoss(file.number, error) }
            }
        }
    }

    /// - Returns: whether it was on its way.
    private func land(
        _ flight: ClientFile.Flight, _ result: Result<Inode?, PosixError>, _ state: inout ClientFile.State
    ) -> Bool {
        guard state.flying.first === flight else { return false }
        state.flying.removeFirst()
        switch result {
        case .success(let inode):
            promises.settle(flight.count, of: flight.session)
            state.extents = ExtentMap()
            if let inode { state.note(inode) }
        case .failure(let error):
            promises.release(flight.count, of: flight.session)
            state.error = state.error ?? error
        }
        return true
    }

    private func tell(
        _ file: ClientFile, _ flight: ClientFile.Flight, _ landed: Result<(NewBlock, [Extent]), PosixError>
    ) -> Result<Inode?, PosixError> {
        do throws(PosixError) {
            var (block, extents) = try landed.get()
            while true {
                let result = tell(file, flight, block, extents)
                guard case .failure(.canceled) = result else { return result }
                // It took so long that it may have been taken for waste: it is stored again.
                try learnGeneration(for: flight, of: file)
                (block, extents) = try storeAtLast(flight, of: file).get()
            }
        } catch { return .failure(error) }
    }

    private func tell(
        _ file: ClientFile, _ flight: ClientFile.Flight, _ block: NewBlock, _ extents: [Extent]
    ) -> Result<Inode?, PosixError> {
        let modified = file.state.withLock { $0.inode?.modified } ?? flight.modified
        let write = FileWrite(inode: file.number, extents: extents, modified: .at(modified))
        let bytes = extents.reduce(0) { $0 + $1.length }
        do throws(PosixError) {
            let operation = Operation.write([write], blocks: [block], promised: bytes)
            // The last one that somebody waits for: one call instead of two.
            let (reply, grants, _) = try home.change(
                operation, during: flight.session, within: HomeLink.forever,
                durably: { file.state.withLock { $0.synchronizing > 0 && $0.flying.count == 1 } },
                while: { isWanted(flight, file) })
            guard case .inodes(let inodes) = reply else { throw .protocolFault }
            take(grants)
            return .success(inodes.first)
        } catch {
            return .failure(error)
        }
    }

    /// So long what was written to a file that is closed waits to be stored: it may be removed, or written again.
    private static let rest = DispatchTimeInterval.seconds(2)

    /// Stores what was written to a file that nobody has open any more, in the background.
    func storeSoon(_ file: ClientFile) {
        guard file.state.withLock(\.isWriting) else { return }
        writeback.closed.add(1, ordering: .relaxed)
        lanes[Int(file.number.rawValue % UInt64(lanes.count))].asyncAfter(deadline: .now() + Self.rest) { [self] in
            storeAtLast(file)
            writeback.closed.subtract(1, ordering: .relaxed)
            drop(file)
        }
    }

    /// Stores all that was written to a file, and tells the home, however long that takes.
    func storeAtLast(_ file: ClientFile) {
        // What fails sticks to the file, for whoever makes it durable.
        do throws(PosixError) { try store(file, within: HomeLink.forever) } catch {
            file.state.withLock { $0.error = $0.error ?? error }
        }
    }

    /// Stores all that was written to a file, and tells the home.
    func store(_ file: ClientFile) throws(PosixError) { try store(file, within: home.options.patience.microseconds) }

    /// - Throws: what went wrong since somebody was told last; when it takes too long what stands in its way, where that is known, or
    ///   else ``PosixError/inputOutput``. Then it goes on.
    func store(_ file: ClientFile, within patience: Microseconds) throws(PosixError) {
        let deadline = Instant.now + patience
        while true {
            launch(file, onlyFull: false)
            for flight in file.state.withLock({ $0.flying }) {
                // Programs that are sent signals now and then are not to notice that as long as it goes on.
                try flight.wait(until: deadline) { !home.isPresent && Mount.isCallInterrupted }
            }
            guard file.state.withLock({ $0.stranded != nil }) else { break }
            try home.awaitHome(within: deadline - .now)
        }
        try throwError(of: file)
    }
}

extension ClientFile.Flight {
    /// Waits until it is known what has become of it.
    ///
    /// - Throws: as ``Gate/wait(until:unless:)``, or why it could not be stored in time.
    fileprivate func wait(until deadline: Instant, unless isGivenUp: () -> Bool) throws(PosixError) {
        do throws(PosixError) { try end.wait(until: deadline, unless: isGivenUp) } catch {
            throw error == .inputOutput ? hindrance.withLock(\.self) ?? error : error
        }
    }

    /// Where its runs are in a block.
    fileprivate func extents(in block: BlockID) -> [Extent] {
        var (extents, place) = ([Extent](), UInt32(0))
        for run in runs {
            extents.append(Extent(offset: run.offset, length: UInt64(run.bytes.count), source: .block(block, offset: place)))
            place += UInt32(run.bytes.count)
        }
        return extents
    }
}
