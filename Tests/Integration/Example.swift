import Foundation

/// A command as a page shows it, with what it prints.
///
/// Console examples stand in fenced blocks of the language `console`. A line that begins with `$ ` is a command, lines behind it
/// that begin with `> ` continue it, the others are its output. `...` stands for any lines; a comment `# status N` behind the
/// command says that it ends so. On pages about several machines the prompt says where a command is typed, and by whom:
/// `blade1# ` root on blade1, `all# ` root on each, `ana@blade1$ ` the user ana.
struct Example {
    struct Place: Hashable {
        var machine: String
        var user: String
    }

    var line: Int
    /// Where the page is not about one machine.
    var place: Place?
    var command: String
    var output: [String] = []
    var status: Int32 = 0

    static func all(in text: String) -> [Example] {
        var examples: [Example] = []
        var isInside = false
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") {
                isInside = line == "```console"
            } else if isInside, let prompt = line.prefixMatch(of: #/(?:(?:(?<user>[a-z]+)@)?(?<machine>all|blade\d)[#$]|\$) /#) {
                let place = prompt.machine.map { Place(machine: String($0), user: prompt.user.map(String.init) ?? "root") }
                examples.append(Example(line: number + 1, place: place, command: String(line[prompt.range.upperBound...])))
            } else if isInside, line.hasPrefix("> "), let last = examples.indices.last, examples[last].output.isEmpty {
                examples[last].command += "\n" + line.dropFirst(2)
            } else if isInside, let last = examples.indices.last {
                examples[last].output.append(String(line))
            }
        }
        return examples.map { example in
            var example = example
            if let comment = example.command.range(of: " # status ") {
                example.status = Int32(example.command[comment.upperBound...]) ?? 0
                example.command = String(example.command[..<comment.lowerBound])
            }
            return example
        }
    }

    /// Running it again changes nothing.
    var onlyShows: Bool {
        command.wholeMatch(
            of:
                #/surplus (?:status|nodes|offers|credits|usage|events|explain|audit|lease list|volume status|policy explain)\b[^|;&]*/#
        ) != nil
    }

    /// The first line of the output that was not printed, in order; `nil` when all were. Figures, ids and times may be others.
    func missing(from printed: String) -> String? {
        var rest = printed.split(separator: "\n").map { Self.shape(String($0)) }[...]
        for line in output where line != "..." && !line.allSatisfy(\.isWhitespace) {
            guard let found = rest.firstIndex(of: Self.shape(line)) else { return line }
            rest = rest[(found + 1)...]
        }
        return nil
    }

    /// A line without what differs from run to run.
    private static func shape(_ line: String) -> String {
        var line = line
        for (pattern, replacement) in [
            (#"\b[a-z]{3}_[0-9a-z]{26}\b"#, "ID"), (#"\b[0-9a-f]{64}\b"#, "HASH"), (#"/tmp/[A-Za-z0-9._/-]+"#, "PATH"),
            (#"[0-9]+([.,:][0-9]+)*"#, "N"), (#"\b(N (d|h|min|s|ms|us) ?)+"#, "SPAN "), (#"\b(now|SPAN ago)\b"#, "MOMENT"),
            (#"N (B|KiB|MiB|GiB|TiB)\b"#, "SIZE"),
            (#"\b(not )?enforced\b"#, "ENFORCED"), (#"N credits?\b"#, "CREDITS"), (#"N cores?\b"#, "CORES"), (#"\s+"#, " "),
        ] {
            line = line.replacingOccurrences(of: pattern, with: replacement, options: .regularExpression)
        }
        return line.trimmingCharacters(in: .whitespaces)
    }
}
