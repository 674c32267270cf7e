internal import Foundation
internal import Glibc
internal import Synchronization

/// Passes connections on to a port on loopback, until it is cut, and again once it is mended.
package final class Cable: Sendable {
    private struct State {
        var isCut = false
        var isOver = false
        var sockets: Set<Int32> = []
        var refused = 0
    }

    package let port: Int
    private let listening: Int32
    private let target: Int
    private let state = Mutex(State())

    package init(to target: Int) throws {
        self.target = target
        let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address(0)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listening, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, listen(listening, 64) == 0 else { throw POSIXError(.EADDRINUSE) }
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listening, $0, &length) }
        }
        self.listening = listening
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [self] in accept() }
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        (address.sin_family, address.sin_port) = (sa_family_t(AF_INET), UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        return address
    }

    package func cut() {
        state.withLock { state in
            state.isCut = true
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    package func mend() { state.withLock { $0.isCut = false } }

    /// How many connections came to nothing.
    package var refused: Int { state.withLock(\.refused) }

    package func end() {
        cut()
        state.withLock { $0.isOver = true }
        shutdown(listening, Int32(SHUT_RDWR))
    }

    private func accept() {
        while true {
            let one = Glibc.accept(listening, nil, nil)
            guard one >= 0, !state.withLock({ $0.isOver }) else { break }
            let other = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = Self.address(target)
            let isOpen = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(other, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            let isWanted = state.withLock { state in
                guard isOpen, !state.isCut else {
                    state.refused += 1
                    return false
                }
                state.sockets.formUnion([one, other])
                return true
            }
            guard isWanted else {
                close(one)
                close(other)
                continue
            }
            let left = Countdown(2)
            for (source, sink) in [(one, other), (other, one)] {
                Thread.detachNewThread { [self] in
                    Self.pass(from: source, to: sink)
                    if left.isLast() { forget(one, other) }
                }
            }
        }
        close(listening)
    }

    private final class Countdown: Sendable {
        private let count: Atomic<Int>
        init(_ count: Int) { self.count = Atomic(count) }
        func isLast() -> Bool { count.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
    }

    private static func pass(from source: Int32, to sink: Int32) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(source, &buffer, buffer.count)
            guard count > 0 else { break }
            var sent = 0
            while sent < count {
                let written = buffer.withUnsafeBytes { send(sink, $0.baseAddress! + sent, count - sent, Int32(MSG_NOSIGNAL)) }
                guard written > 0 else { break }
                sent += written
            }
            if sent < count { break }
        }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(sink, Int32(SHUT_RDWR))
    }

    private func forget(_ one: Int32, _ other: Int32) {
        state.withLock { $0.sockets.subtract([one, other]) }
        close(one)
        close(other)
    }
}
