import Foundation

/// Programs for tests to run, each put in its place by a process of its own.
///
/// A file that this process writes may at that moment be inherited by whatever another test starts, and until that child has closed
/// it, nobody can execute the file (`ETXTBSY`).
package enum Executable {
    package struct Failure: Error {
        package let program: String
        package let status: Int32
    }

    package static func copy(_ source: String, to target: String) throws {
        try run("/usr/bin/install", "-m", "755", source, target)
    }

    /// - Parameter script: begins with the line that names its interpreter.
    package static func write(_ script: String, to target: String) throws {
        try run("/bin/sh", "-c", #"printf %s "$1" >"$2" && chmod 755 "$2""#, "sh", script, target)
    }

    private static func run(_ words: String...) throws {
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for pointer in argv { free(pointer) } }
        var (pid, status) = (pid_t(), Int32())
        let code = posix_spawn(&pid, words[0], nil, nil, &argv, environ)
        guard code == 0 else { throw Failure(program: words[0], status: code) }
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw Failure(program: words[0], status: status) }
    }
}
