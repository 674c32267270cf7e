/// Text in the making for roff with the mdoc(7) macros; what it is given is shown as it is.
struct Roff {
    /// Part of a line of macros.
    enum Word {
        /// An option with its dashes.
        case flag(String)
        case argument(String)
        case command(String)
        case text(String)
    }

    private(set) var text = ""

    /// A macro with arguments that need no escaping.
    mutating func macro(_ name: String, raw: String) { text += ".\(name) \(raw)\n" }

    mutating func macro(_ name: String, _ arguments: String...) {
        text += ([".\(name)"] + arguments.map(Self.quoted)).joined(separator: " ") + "\n"
    }

    /// A line of words, each with its macro.
    ///
    /// - Parameter macro: around them; `nil` for none.
    mutating func words(_ macro: String?, _ words: [Word]) {
        let parts = words.map { word in
            switch word {
            case .flag(let name): "Fl \(Self.quoted(String(name.dropFirst())))"
            case .argument(let name): "Ar \(Self.quoted(name))"
            case .command(let name): "Cm \(Self.quoted(name))"
            case .text(","): ","
            case .text(let text): Self.quoted(text)
            }
        }
        guard let first = parts.first else { return }
        guard macro != nil || first.hasPrefix("Ar") || first.hasPrefix("Fl") else { return }
        text += "." + ([macro].compactMap(\.self) + parts).joined(separator: " ") + "\n"
    }

    /// Running text, a sentence a line as mdoc wants it.
    mutating func prose(_ prose: String) {
        var sentence: [Substring] = []
        for word in prose.split(separator: " ") {
            sentence.append(word)
            guard word.hasSuffix(".") else { continue }
            line(sentence)
            sentence = []
        }
        line(sentence)
    }

    /// Lines to be shown as they are.
    mutating func literal(_ lines: [String]) {
        macro("Bd", raw: "-literal")
        for line in lines { text += Self.guarded(Self.escaped(line)) + "\n" }
        macro("Ed")
    }

    private mutating func line(_ words: [Substring]) {
        guard !words.isEmpty else { return }
        text += Self.guarded(Self.escaped(words.joined(separator: " "))) + "\n"
    }

    /// What roff would understand as something else, by its escape: see groff_char(7) and mandoc_char(7).
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "'": result += "\\(aq"
            case "`": result += "\\(ga"
            case "^": result += "\\(ha"
            case "~": result += "\\(ti"
            case "\"": result += "\\(dq"
            default: result.append(character)
            }
        }
        return result
    }

    /// A line that begins like a request is none.
    private static func guarded(_ line: String) -> String { line.hasPrefix(".") ? "\\&" + line : line }

    /// One argument of a macro, which is no macro itself.
    private static func quoted(_ text: String) -> String {
        let escaped = "\\&" + escaped(text)
        return text.contains(" ") ? "\"\(escaped)\"" : escaped
    }
}
