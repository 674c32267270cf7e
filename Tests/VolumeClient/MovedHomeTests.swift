import Foundation
import FrameKit
import Resources
import Synchronization
import Testing
import VolumeClient
import VolumeKit
import Volumes

@Suite("A home that moves", .timeLimit(.minutes(2)))
struct MovedHomeTests {
    @Test("A mount follows its home to where it is found, with what it has open")
    func moved() async throws {
        try await ServedVolume.serving { served in
            // The old place is a cable that is cut; the new one leads to the same home.
            let (old, new) = (try Cable(to: served.home.port), try Cable(to: served.home.port))
            let port = Mutex(old.port)
            let asked = Atomic(0)
            let node = served.home.node
            let client = try served.peers.node("client")
            let mounted = try MountedVolume(
                served.plan(for: client, over: old), as: client,
                find: {
                    asked.add(1, ordering: .relaxed)
                    return HomeAddress(node, host: "127.0.0.1", port: port.withLock { $0 })
                })
            let path = mounted.path
            try await onThread {
                let file = try OpenFile(path + "/f", O_CREAT | O_RDWR)
                try file.write("before")
                try file.synchronize()
                port.withLock { $0 = new.port }
                old.cut()
                try file.write("after!")
                try file.synchronize()
                let text = try file.text()
                #expect(text == "after!")
            }
            #expect(asked.load(ordering: .relaxed) >= 2)
            mounted.end()
            new.end()
            old.end()
        }
    }
}
