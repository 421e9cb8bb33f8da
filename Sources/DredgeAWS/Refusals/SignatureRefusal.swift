/// Why a service says that a signature does not fit, for all who tell of it. Keys that a service made for this process,
/// or that it took before, are right: then what was signed came otherwise than it was sent.
package enum SignatureRefusal {
    /// Of keys that no service has taken yet.
    package static func secretAdvice(signer: String, isTemporary: Bool) -> String {
        "Most likely the secret access key doesn't belong to \(signer): copy it again, without blanks or quotes"
            + (isTemporary ? ", together with its access key ID and session token" : "")
            + ". Else a proxy changes requests on the way (path, query, headers)."
    }

    /// Of keys that are known to be right.
    package static let changedAdvice =
        "The keys that signed are right: a service made them for this run, or took a request that they signed. Most "
        + "likely a proxy changes requests on the way (path, query, headers), or the service is in trouble. Try "
        + "without the proxy or at another endpoint, and run again later; if it goes on, give the request ID to who "
        + "runs the service."
}
