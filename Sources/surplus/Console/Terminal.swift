import Glibc
import Reports
import Resources

/// The standard streams, and what they are connected to.
enum Terminal {
    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    /// Columns of the terminal on `descriptor`; `nil` when there is none, or it does not say.
    static func width(of descriptor: Int32) -> Int? {
        guard isTerminal(descriptor) else { return nil }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// The page that reports are written on: standard output as it is.
    ///
    /// - Parameters:
    ///   - plain: for programs that read it line by line.
    ///   - colour: what was asked for; what the environment says counts where that is ``OutputOptions/Colour/auto``.
    static func page(plain: Bool, colour: OutputOptions.Colour) -> Page {
        let interactive = isTerminal(STDOUT_FILENO) && !plain
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(variable).first?.uppercased() ?? ""
        return Page(
            width: interactive ? width(of: STDOUT_FILENO) : nil,
            colour: !plain && (colour == .always || colour == .auto && wantsColour(interactive)),
            blocks: interactive && (locale.contains("UTF-8") || locale.contains("UTF8")), isPlain: plain, now: now(),
            utcOffset: utcOffset())
    }

    /// What the environment says, see https://no-color.org and https://bixense.com/clicolors: NO_COLOR before CLICOLOR_FORCE
    /// before all else.
    private static func wantsColour(_ interactive: Bool) -> Bool {
        if variable("NO_COLOR") != nil { return false }
        if let forced = variable("CLICOLOR_FORCE"), forced != "0" { return true }
        return interactive && variable("CLICOLOR") != "0" && variable("TERM") != "dumb"
    }

    /// An environment variable that is set and not empty.
    static func variable(_ name: String) -> String? {
        guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { return nil }
        return value
    }

    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    /// This machine's time zone, now.
    static func utcOffset() -> Microseconds {
        var seconds = time(nil)
        var civil = tm()
        localtime_r(&seconds, &civil)
        return .seconds(Int64(civil.tm_gmtoff))
    }

    /// Writes to standard output. A reader that has gone ends the program, as it would any other: by SIGPIPE.
    ///
    /// - Throws: ``Failure`` when it cannot be written otherwise, as to a full disk.
    static func print(_ text: String) throws(Failure) {
        let code = write(text, to: STDOUT_FILENO)
        if code == EPIPE {
            signal(SIGPIPE, SIG_DFL)
            raise(SIGPIPE)
        }
        guard code == 0 else { throw Failure("standard output", errno: code) }
    }

    /// One line to people, on standard error.
    static func note(_ text: String) { write("surplus: \(text.printable)\n", to: STDERR_FILENO) }

    @discardableResult
    static func write(_ text: String, to descriptor: Int32) -> Int32 { write(Array(text.utf8), to: descriptor) }

    /// Writes all of `bytes`, also to a descriptor that somebody made non-blocking.
    ///
    /// - Returns: zero, or the error that ended it.
    @discardableResult
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&ready, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
