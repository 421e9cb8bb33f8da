package import DredgeTransfer

/// What nobody is to see of a request, though the service was sent it, and may repeat it in what it says: the secrets
/// that signed, and the signature.
package struct RequestSecrets: Sendable {
    private let credentials: Credentials?
    private let signature: String?

    /// Of a request that is signed. Nil credentials: it isn't, and has none.
    package init(_ request: HTTPRequest, credentials: Credentials?) {
        self.credentials = credentials
        signature = SigV4Signer.signature(of: request)
    }

    /// Whether `text` has something of them. For short texts: takes time in proportion to the lengths of both.
    package func areRepeated(in text: String) -> Bool {
        credentials?.isRepeated(in: text) == true || signature.map { text.contains($0) } == true
    }

    /// `text`, or `replacement` if it has something of them.
    package func without(_ text: String?, replacement: String? = nil) -> String? {
        text.flatMap { areRepeated(in: $0) ? replacement : $0 }
    }

    /// What is told instead of what a service said.
    package static let concealedMessage = "the service's message holds a secret, and isn't repeated here"
}
