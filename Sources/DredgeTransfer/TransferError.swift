import CCurl

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// Why a transfer came to no answer. An answer of any status is not an error here.
public struct TransferError: LocalizedError, Sendable, CustomStringConvertible {
    /// The closed list of reasons.
    public enum Code: String, Sendable {
        /// The host's name has no address, or the resolver did not answer.
        case couldNotResolve
        /// The host refused the connection or cannot be reached.
        case couldNotConnect
        /// The TLS handshake failed: the other side, or what stands before it, refused with an alert, or spoke
        /// something else.
        case tls
        /// The other side's certificate is not signed by the authorities in use, or not for its host, or the
        /// authorities can't be read.
        case certificate
        /// This process may open no more files, connections included.
        case noDescriptors
        /// The host's addresses are none of the public internet, and the request is for no others.
        case privateAddress
        /// No usable connection within `TransferLimits.connectTimeout`.
        case connectTimeout
        /// No byte moved within `TransferLimits.progressTimeout`.
        case stalled
        /// The connection broke, or was closed before the announced length. The buffer holds what arrived.
        case connectionLost
        /// The body of a 2xx answer does not fit into the buffer.
        case bodyTooLarge
        /// The answer is not HTTP/1.1, or its head is larger than `TransferLimits.headByteCountMax`.
        case malformedAnswer
        /// The task was cancelled.
        case cancelled
        /// The loop was shut down.
        case shutDown
        /// The request cannot be sent as it is, or curl lacks memory or a feature.
        case other
    }

    /// The reason.
    public var code: Code
    /// curl's own words, or ours, without the URL's query or a header's value.
    public var message: String
    /// host:port
    public var authority: String
    /// Whether it is the proxy that can't be reached, and not the host.
    public var isOfProxy = false
    /// The head of the answer that broke, nil when none came. It tells whether the bytes that arrived are those that
    /// were asked for.
    public var head: HTTPResponse?

    /// Whether the same request may succeed when it is sent again.
    public var isTransient: Bool {
        switch code {
        case .couldNotResolve, .couldNotConnect, .tls, .noDescriptors, .connectTimeout, .stalled, .connectionLost: true
        case .certificate, .privateAddress, .bodyTooLarge, .malformedAnswer, .cancelled, .shutDown, .other: false
        }
    }

    /// The same as `description`.
    public var errorDescription: String? { description }

    /// What happened, where, and what to look at.
    public var description: String {
        if isOfProxy { return "\(authority): \(message). \(Self.proxyAdvice)" }
        let hint =
            switch code {
            case .couldNotResolve: "Check the host's name, and the machine's resolver."
            case .couldNotConnect: "Check the port, and that no firewall or proxy is in between."
            case .tls: "Check that the host speaks TLS, and any proxy in between."
            case .noDescriptors:
                "Raise the limit on open files (ulimit -n), or lower the number of requests in flight."
            case .certificate: "Check the certificate authorities in use; a private one is named with AWS_CA_BUNDLE."
            case .privateAddress: "Give the name of a host that the internet reaches."
            case .connectTimeout: "Check the network path, or allow a longer connect timeout."
            case .stalled: "Check the network path, or allow a longer progress timeout."
            case .connectionLost: "Send it again."
            case .bodyTooLarge: "Ask for a smaller range, or give a larger buffer."
            case .malformedAnswer: "Check that an HTTP/1.1 server listens there."
            case .cancelled, .shutDown, .other: ""
            }
        return "\(authority): \(message)" + (hint.isEmpty ? "" : ". \(hint)")
    }

    /// What to do about a proxy that can't be reached.
    public static let proxyAdvice =
        "Check the proxy that http_proxy, https_proxy or all_proxy names, or name the host in no_proxy."

    /// An error as it is; nothing is taken out of `message`.
    public init(code: Code, message: String, authority: String) {
        self.code = code
        self.message = message
        self.authority = authority
    }
}

extension TransferError {
    /// The error for a transfer that curl ended with `result` (libcurl-errors(3)).
    ///
    /// `wasConnected` tells which of the two timeouts it was. A TLS handshake that the other side or the network broke
    /// off has the same code in curl as one that failed on its content; only curl's words tell them apart, and the
    /// first is worth another try.
    init(
        _ result: CURLcode, message: String, wasConnected: Bool, request: HTTPRequest, proxies: ProxySettings
    ) {
        let code: Code =
            switch result {
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .couldNotResolve
            case CURLE_COULDNT_CONNECT: .couldNotConnect
            case CURLE_OPERATION_TIMEDOUT: wasConnected ? .stalled : .connectTimeout
            case CURLE_SSL_CONNECT_ERROR where message.isAboutBrokenConnection: .connectionLost
            case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER: .tls
            case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
                CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_ENGINE_INITFAILED:
                .certificate
            case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING: .connectionLost
            case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING,
                CURLE_FILESIZE_EXCEEDED,
                CURLE_CHUNK_FAILED:
                .malformedAnswer
            default: .other
            }
        self.init(code: code, message: message, request: request)
        if let proxy = proxies.unreached(message, by: request) {
            isOfProxy = true
            self.message = "the proxy \(proxy) can't be reached: \(self.message)"
        }
    }

    /// An error about `request`, with its query taken out of `message` in case that curl quoted the URL. Nor is what
    /// curl says of a proxy's address repeated: it quotes it whole, with its password (I8).
    init(code: Code, message: String, request: HTTPRequest) {
        var message = message
        if message.quotesProxyAddress {
            message =
                "the proxy that http_proxy, https_proxy or all_proxy names can't be used: write "
                + "scheme://user:password@host:port, with "
                + "special characters of user and password percent-encoded"
        }
        if let query = request.query, !query.isEmpty { message = message.replacing(query, with: "…") }
        self.init(
            code: code, message: String(message.prefix(TransferLimits.messageByteCountMax)),
            authority: request.authority)
    }

    /// Whether a want of descriptors looks like this.
    var mayLackDescriptors: Bool {
        switch code {
        case .couldNotResolve, .couldNotConnect, .tls, .certificate, .other: true
        default: false
        }
    }

    static func cancelled(_ request: HTTPRequest) -> TransferError {
        TransferError(code: .cancelled, message: "the task was cancelled", request: request)
    }

    static func shutDown(_ request: HTTPRequest) -> TransferError {
        TransferError(code: .shutDown, message: "the transfer loop was shut down", request: request)
    }
}

extension String {
    /// curl's words for a handshake that ended without an answer, from its OpenSSL backend (lib/vtls/openssl.c,
    /// `ossl_connect_step2`).
    fileprivate var isAboutBrokenConnection: Bool {
        contains("SSL_ERROR_SYSCALL") || contains("Connection reset") || contains("unexpected eof")
    }
}

extension String {
    /// "Unsupported proxy syntax in '…'", "Unsupported proxy scheme for '…'" and the like (curl's lib/url.c).
    fileprivate var quotesProxyAddress: Bool {
        let text = lowercased()
        return text.contains("proxy") && (text.contains("'") || text.contains("://"))
    }
}
