import Foundation
import Sandbox
import Testing

/// Answers as a warden of a version to come does: whatever it is asked, it says which versions it speaks.
final class OtherWarden: Sendable {
    static let fault = WardenFault(.version, "this warden speaks protocol versions 7 to 8, the agent 1 to 1: upgrade the agent")

    private let socket: String
    private let listener: Int32

    init(socket path: String) throws {
        socket = path
        listener = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        try #require(listener >= 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        try #require(path.utf8.count < MemoryLayout.size(ofValue: address.sun_path))
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        try #require(bound == 0 && listen(listener, 8) == 0)
        Thread.detachNewThread { [listener] in
            while case let connection = accept(listener, nil, nil), connection >= 0 { Self.answer(connection) }
        }
    }

    private static func answer(_ connection: Int32) {
        defer { close(connection) }
        var length: UInt32 = 0
        guard recv(connection, &length, 4, Int32(MSG_WAITALL)) == 4 else { return }
        var call = [UInt8](repeating: 0, count: min(Int(UInt32(bigEndian: length)), WardenProtocol.largestFrame))
        guard recv(connection, &call, call.count, Int32(MSG_WAITALL)) == call.count,
            let number = try? WardenCall(bytes: call).number
        else { return }
        let reply = WardenMessage.reply(number, .failed(fault)).bytes(form: 1)
        let frame = withUnsafeBytes(of: UInt32(reply.count).bigEndian, Array.init) + reply
        _ = send(connection, frame, frame.count, Int32(MSG_NOSIGNAL))
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}
