import Foundation
import Testing

extension LiveTests {
    /// `surplus run --image`, from the borrower to the lender's sandbox.
    @Suite(.enabled(if: getuid() == 0, "root is missing, whose images guests may be shown"))
    struct ImageRunTests {
        /// Has one program, which says what is on the machine.
        private static func image(in directory: String) throws -> String {
            let root = directory + "/image"
            try FileManager.default.createDirectory(atPath: root + "/usr/bin", withIntermediateDirectories: true)
            let source = directory + "/see.c"
            try #"""
            #include <stdio.h>
            #include <unistd.h>
            int main(void) { printf("sh is %s\n", access("/bin/sh", F_OK) == 0 ? "here" : "not here"); }
            """#.write(toFile: source, atomically: false, encoding: .utf8)
            let compiled = try LivePool.run(["-static", "-o", root + "/usr/bin/see", source], path: "/usr/bin/cc")
            try #require(compiled.status == 0, "is gcc installed, with libc6-dev? \(compiled.errors)")
            return root
        }

        @Test("a job runs in the image that it names, and one that nobody offers is refused with those that are")
        func image() throws {
            let directory = NSTemporaryDirectory() + "/surplus-image-\(UUID().uuidString.prefix(8))"
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let pool = try LivePool(nodes: 2, options: ["--image", "own=\(try Self.image(in: directory))"])
            let ran = try pool.surplus("node1", ["run", "--image", "own", "--", "see"])
            #expect(ran.status == 0 && ran.text == "sh is not here\n", "\(ran.errors)")
            let refused = try pool.surplus("node1", ["run", "--image", "other", "--", "see"])
            #expect(refused.status == 125)
            #expect(refused.errors.contains("there is no image 'other' here; there are: own"), "\(refused.errors)")
        }
    }
}
