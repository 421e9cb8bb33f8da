/// A file with nothing but a token in it.
struct TokenFile {
    let path: String
    /// The variable or setting that names it.
    let name: String

    func read(_ files: FileAccess) throws(AWSError) -> String {
        func failure(_ what: String) -> AWSError {
            .provider(
                "the file \(path.printable), which \(name) names, \(what)",
                advice: "Whoever sets \(name) has to write the file.")
        }
        var bytes: [UInt8]?
        do throws(FileAccess.Problem) {
            bytes = try files.contents(path, AWSLimits.tokenFileByteCountMax)
        } catch {
            guard case .unreadable(let reason) = error else { throw failure("is too large for a token") }
            throw failure("can't be read: \(reason)")
        }
        guard var bytes else { throw failure("doesn't exist") }
        defer { bytes.withUnsafeMutableBytes { SecretBytes.wipe($0) } }
        guard let token = String(validating: bytes, as: UTF8.self), !token.isEmpty else {
            throw failure("is empty, or not text")
        }
        return token
    }
}
