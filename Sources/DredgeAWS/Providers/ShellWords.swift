/// Splits a command line as a POSIX shell and Python's `shlex.split` do: blanks part words, single quotes keep
/// everything, double quotes everything but `\"` and `\\`, a backslash keeps the next character. Nothing is expanded.
enum ShellWords {
    /// Why a line can't be split.
    enum Problem: Error {
        case openQuote
        case nothingBehindBackslash
    }

    static func split(_ line: String) throws(Problem) -> [String] {
        var words: [String] = []
        var word: String.UnicodeScalarView?
        var quote: Unicode.Scalar?
        var scalars = line.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            switch (scalar, quote) {
            case ("'", "'"), ("\"", "\""): quote = nil
            case ("'", nil), ("\"", nil):
                quote = scalar
                word = word ?? .init()
            case ("\\", nil), ("\\", "\""):
                guard let next = scalars.next() else { throw quote == nil ? .nothingBehindBackslash : .openQuote }
                word = word ?? .init()
                if quote != nil, next != "\"", next != "\\" { word?.append("\\") }
                word?.append(next)
            case (" ", nil), ("\t", nil), ("\r", nil), ("\n", nil):
                if let word { words.append(String(word)) }
                word = nil
            default:
                word = word ?? .init()
                word?.append(scalar)
            }
        }
        guard quote == nil else { throw .openQuote }
        if let word { words.append(String(word)) }
        return words
    }
}
