import Foundation
import Kernel
import Resources
import Sandbox
import TestKit
import Testing

@testable import Warden

@Suite("Images that the owner offers")
struct ImageTests {
    /// An unpacked bundle with one program, which says what it sees and can do.
    private final class Bundle {
        let directory: String
        var root: String { directory + "/rootfs" }

        init() throws {
            var template = Array("/tmp/surplus-image-XXXXXX".utf8CString)
            directory = try #require(mkdtemp(&template).map { String(cString: $0) })
            chmod(directory, 0o711)
            for name in ["", "/usr", "/usr/bin", "/etc", "/srv", "/tmp", "/var"] { try #require(mkdir(root + name, 0o755) == 0) }
            try "{}".write(toFile: directory + "/config.json", atomically: false, encoding: .utf8)
            try "here\n".write(toFile: root + "/etc/marker", atomically: false, encoding: .utf8)
            try "other:x:1:1::/:\n".write(toFile: root + "/etc/passwd", atomically: false, encoding: .utf8)
            for (link, target) in [
                ("bin", "usr/bin"), ("sbin", "/usr/bin"), ("srv/up", "../../../../../etc/hostname"),
                ("srv/host", "/etc/hostname"),
            ] { try #require(symlink(target, "\(root)/\(link)") == 0) }
            try compile()
        }

        deinit { try? FileManager.default.removeItem(atPath: directory) }

        private func compile() throws {
            let source = directory + "/see.c"
            try """
            #include <fcntl.h>
            #include <stdio.h>
            #include <string.h>
            #include <unistd.h>
            int main(int count, char **paths) {
                for (int i = 1; i < count; i++) {
                    char text[4096] = "";
                    int writes = paths[i][0] == '+';
                    int file = writes ? open(paths[i] + 1, O_WRONLY | O_CREAT, 0600) : open(paths[i], O_RDONLY);
                    if (!writes && file >= 0) (void)!read(file, text, sizeof text - 1);
                    char *line = strstr(text, "Seccomp:");
                    printf("%s %s\\n", paths[i], file < 0 ? "no" : writes ? "written" : strtok(line ? line : text, "\\n"));
                }
                printf("%d\\n", getuid());
            }
            """.write(toFile: source, atomically: false, encoding: .utf8)
            let compiler = try ChildProcess.start(
                ["/usr/bin/cc", "-static", "-o", root + "/usr/bin/see", source], errors: STDERR_FILENO)
            var status: Int32 = 0
            waitpid(compiler, &status, 0)
            try #require(status == 0, "is gcc installed, with libc6-dev?")
        }
    }

    private func warden(_ images: String...) async throws -> (RunningWarden, LeaseID) {
        let warden = try await RunningWarden(options: images.flatMap { ["--image", $0] })
        try await warden.allowAll()
        return (warden, try await warden.openLease())
    }

    private func start(
        _ program: String, _ arguments: [String] = [], in image: String, under lease: LeaseID, of warden: RunningWarden
    ) async throws -> JobFiles {
        let job: JobID = warden.newID()
        let files = try await warden.client.prepareJob(job, under: lease)
        try await warden.client.startJob(
            GuestSpec(job: job, lease: lease, program: program, arguments: arguments, image: image))
        return files
    }

    /// Why a job in an image is not started.
    private func refusal(_ directory: String) async throws -> String {
        let (warden, lease) = try await warden("tried=\(directory)")
        let fault = await #expect(throws: WardenFault.self) {
            try await start("see", in: "tried", under: lease, of: warden)
        }
        return fault?.description ?? ""
    }

    @Test("A job sees the image in place of the machine's programs, and is held as all are; no link leads out")
    func seen() async throws {
        let bundle = try Bundle()
        let (warden, lease) = try await warden("own=\(bundle.directory)")
        let asked = [
            "/etc/marker", "/sbin/../../etc/marker", "/etc/passwd", "/usr/bin/python3", "/srv/up", "/srv/host",
            "/proc/self/status",
            "+/etc/new", "+/new", "+/usr/bin/new", "+/work/new", "+/tmp/new", "+/var/tmp/new",
        ]
        let files = try await start("see", asked, in: "own", under: lease, of: warden)
        #expect(try await ShimClient(attachingTo: files.directory).end().reason == .exited(0))
        #expect(
            String(decoding: try files.read(.stdout, at: 0, atMost: 4096), as: UTF8.self) == """
                /etc/marker here
                /sbin/../../etc/marker here
                /etc/passwd root:x:0:0:root:/:/usr/sbin/nologin
                /usr/bin/python3 no
                /srv/up no
                /srv/host no
                /proc/self/status Seccomp:\t2
                +/etc/new no
                +/new no
                +/usr/bin/new no
                +/work/new written
                +/tmp/new written
                +/var/tmp/new written
                1000

                """)
        #expect(!FileManager.default.fileExists(atPath: bundle.root + "/tmp/new"))
    }

    @Test("An image that is not offered is refused, with those that are")
    func unknown() async throws {
        let bundle = try Bundle()
        let (warden, lease) = try await warden("one=\(bundle.directory)", "two=\(bundle.root)")
        let fault = await #expect(throws: WardenFault.self) {
            try await start("see", in: "three", under: lease, of: warden)
        }
        #expect(fault?.description == "there is no image 'three' here; there are: one, two")
        let files = try await start("see", in: "two", under: lease, of: warden)
        #expect(try await ShimClient(attachingTo: files.directory).end().reason == .exited(0))
    }

    @Test(
        "A link at the top that leads out of the image is one clear error",
        arguments: ["/home/nobody-here", "../../../../x", "/lib"])
    func leadsOut(target: String) async throws {
        let bundle = try Bundle()
        try #require(symlink(target, bundle.root + "/lib") == 0)
        #expect(
            try await refusal(bundle.directory)
                == "the image 'tried' cannot be used: \(bundle.root)/lib is a link to \(target), which is not within \(bundle.root)"
        )
    }

    @Test("A root that is itself a link is refused")
    func linkedRoot() async throws {
        let bundle = try Bundle()
        let real = bundle.directory + "/real"
        try #require(rename(bundle.root, real) == 0 && symlink("/", bundle.root) == 0)
        #expect(try await refusal(bundle.directory).contains("\(bundle.root) is no directory; a link there could lead anywhere"))
    }

    @Test("One that others could change, or guests cannot reach, or that is not unpacked, is refused with what to do")
    func unusable() async throws {
        let bundle = try Bundle()
        chmod(bundle.root, 0o777)
        #expect(try await refusal(bundle.directory).contains("could be changed by others than root: chown root \(bundle.root)"))
        chmod(bundle.root, 0o750)
        #expect(try await refusal(bundle.directory).contains("is closed to guests: chmod o+x \(bundle.root)"))
        chmod(bundle.root, 0o755)
        try "{}".write(toFile: bundle.directory + "/oci-layout", atomically: false, encoding: .utf8)
        #expect(
            try await refusal(bundle.directory).contains("is not unpacked: run 'umoci unpack --image \(bundle.directory):TAG"))
        #expect(try await refusal("/nowhere/at/all").contains("/nowhere/at/all is not there: "))
    }

    @Test("The warden says of an image that cannot be used why, before anybody asks for it")
    func saidAtTheStart() async throws {
        let (warden, _) = try await warden("gone=/nowhere/at/all")
        #expect(
            warden.log.split(separator: "\n").contains {
                $0.contains("event=image.unusable") && $0.contains("image=gone") && $0.contains("/nowhere/at/all is not there")
            })
    }
}
