/// The files by which a server shows who it is.
public struct TLSFiles: Sendable, Hashable {
    /// PEM: the server's certificate, then those between it and the authority's.
    public var certificatePath: String
    /// PEM, without a password.
    public var keyPath: String

    /// Both files.
    public init(certificatePath: String, keyPath: String) {
        (self.certificatePath, self.keyPath) = (certificatePath, keyPath)
    }
}
