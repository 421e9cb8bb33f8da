import DredgeBase

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads the answer of an AssumeRole that went well (STS API reference, `AssumeRoleResult`).
enum AssumedSession {
    /// The session in `answer`. `now` is in the service's time, as far as it is known.
    ///
    /// Its secrets never become strings; the reader's memory is wiped.
    static func credentials(in answer: CredentialAnswer, call: STSCall, now: Date) throws(AWSError) -> Credentials {
        func malformed(_ message: String) -> AWSError {
            AWSError(
                code: .malformedAnswer, step: call.step, status: answer.status, requestID: answer.requestID,
                message: message,
                advice:
                    "Is \(RequestURL(call.endpoint.url).host) an STS endpoint, or a proxy or a portal in front of one?")
        }
        let fields = Fields()
        var limits = XMLReader.Limits()
        limits.byteCountMax = AWSLimits.stsAnswerByteCountMax
        limits.wipesMemory = true
        do {
            // A typed error can't leave this closure on every supported compiler, so the result carries it.
            try answer.body.withUnsafeBytes { body in
                Result { () throws(XMLError) in try XMLReader.read(body, limits: limits, handler: fields) }
            }.get()
        } catch {
            throw malformed("the answer is not the XML that STS gives: \(error)")
        }
        guard let id = fields.accessKeyID, let secret = fields.secretAccessKey, let token = fields.sessionToken else {
            throw malformed("the answer has no complete credentials")
        }
        guard let text = fields.expiration, let expiration = Timestamp.iso8601(text) else {
            throw malformed("the answer has no valid expiration")
        }
        guard expiration > now else {
            // With a date beside it, `now` is the service's own time.
            if answer.date != nil { throw malformed("the new session had ended before it began (\(text.printable))") }
            throw AWSError(
                code: .clockSkewed, step: call.step, status: answer.status, requestID: answer.requestID,
                message: "the new session ended before it began, by this machine's clock",
                advice: STSProblem.clockAdvice)
        }
        return Credentials(
            accessKeyID: id, secretAccessKey: secret, sessionToken: token, expiration: expiration, isProven: true)
    }

    private final class Fields: XMLHandler {
        var accessKeyID: String?
        var secretAccessKey: SecretBytes?
        var sessionToken: SecretBytes?
        var expiration: String?
        private var isInCredentials = false

        func begin(_ name: String, depth: Int) {
            if name == "Credentials" { isInCredentials = true }
        }

        func end(_ name: String, depth: Int, text: UnsafeRawBufferPointer) {
            guard isInCredentials else { return }
            switch name {
            case "Credentials": isInCredentials = false
            case "AccessKeyId" where !text.isEmpty: accessKeyID = String(decoding: text, as: UTF8.self)
            case "SecretAccessKey" where !text.isEmpty: secretAccessKey = SecretBytes(copying: text)
            case "SessionToken" where !text.isEmpty: sessionToken = SecretBytes(copying: text)
            case "Expiration": expiration = String(decoding: text, as: UTF8.self)
            default: break
            }
        }
    }
}
